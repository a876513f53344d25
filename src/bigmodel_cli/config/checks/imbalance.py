"""`data.class_weights` and `data.oversample` against the labels, and against each other."""

from __future__ import annotations

from typing import Any

from bigmodel_cli.config.checks.report import Report
from bigmodel_cli.config.fields import Named
from bigmodel_cli.config.schema import Experiment

# An example of such labels is of no one class.
_NO_CLASSES = ("numbers", "sets", "tokens", "texts", "tags", "masks", "answers", "transcripts", "items")
# But places of these are, which can be weighed.
_CLASSES_OF_PLACES = ("masks", "tags")


def check(experiment: Experiment, report: Report) -> None:
    """Both are for classes, and one of them is enough."""
    data = experiment.data
    asked = {key: getattr(data, key) for key in ("class_weights", "oversample")}
    given = {key: value for key, value in asked.items() if value is not None}
    refused = [_is_refused(key, value, experiment, report) for key, value in given.items()]
    _check_oversample(experiment, report)
    if len(given) == 2 and not any(refused):
        report.warning(
            ("data", "oversample"),
            "class_weights and oversample both make up for rare classes: together they do it twice",
            "remove one of the two",
        )


def _is_refused(key: str, value: Any, experiment: Experiment, report: Report) -> bool:
    """Whether there are no classes for what is asked, which is then reported."""
    if not isinstance(value, Named):
        labels = report.facts.labels
        if _has_no(key, labels):
            are = "targets" if len(experiment.targets) > 1 else f"labels of {experiment.data.source.name}"
            report.error(("data", key), f"{key} is for classes; the {are} are {labels}", "remove it")
        return _has_no(key, labels)
    others = {target: report.facts.of_target(target).labels for target in value}
    bad = {target: labels for target, labels in others.items() if _has_no(key, labels)}
    for target, labels in bad.items():
        message = f"{key} is for classes; the labels of {target} are {labels}"
        report.error(("data", key, target), message, "remove it")
    return bool(bad)


def _has_no(key: str, labels: str | None) -> bool:
    """Whether labels have no classes for what is asked."""
    return labels in _NO_CLASSES and not (key == "class_weights" and labels in _CLASSES_OF_PLACES)


def _check_oversample(experiment: Experiment, report: Report) -> None:
    """Examples are repeated for the classes of one target."""
    asked = experiment.data.oversample
    if asked is None or len(experiment.targets) < 2:
        return
    if not isinstance(asked, Named):
        of_classes = [
            name for name in experiment.targets if report.facts.of_target(name).labels not in _NO_CLASSES
        ] or experiment.targets
        message = "oversample repeats examples for the classes of one target, and there are several"
        report.error(("data", "oversample"), message, f"write oversample: {{{of_classes[0]}: {asked}}}")
    elif len(asked) > 1:
        message = f"oversample repeats examples for the classes of one target, found {', '.join(asked)}"
        report.error(("data", "oversample"), message, "leave one of them")
