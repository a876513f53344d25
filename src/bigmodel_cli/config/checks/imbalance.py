"""`data.class_weights` and `data.oversample` against the labels, and against each other."""

from __future__ import annotations

from bigmodel_cli.config.checks.report import Report
from bigmodel_cli.config.fields import Named
from bigmodel_cli.config.schema import Experiment


def check(experiment: Experiment, report: Report) -> None:
    """Both are for classes, and one of them is enough."""
    data, several = experiment.data, len(experiment.targets) > 1
    asked = {key: getattr(data, key) for key in ("class_weights", "oversample")}
    given = {key: value for key, value in asked.items() if value is not None}
    for key, value in given.items():
        if isinstance(value, Named):
            for target in value:
                if report.facts.of_target(target).labels == "numbers":
                    message = f"{key} is for classes; {target} is a number"
                    report.error(("data", key, target), message, "remove it")
        elif report.facts.labels == "numbers":
            are = "targets" if several else f"labels of {data.source.name}"
            report.error(("data", key), f"{key} is for classes; the {are} are numbers", "remove it")
    _check_oversample(experiment, report)
    if len(given) == 2 and not report.has_errors:
        report.warning(
            ("data", "oversample"),
            "class_weights and oversample both make up for rare classes: together they do it twice",
            "remove one of the two",
        )


def _check_oversample(experiment: Experiment, report: Report) -> None:
    """Examples are repeated for the classes of one target."""
    asked = experiment.data.oversample
    if asked is None or len(experiment.targets) < 2:
        return
    if not isinstance(asked, Named):
        of_classes = [
            name for name in experiment.targets if report.facts.of_target(name).labels != "numbers"
        ] or experiment.targets
        message = "oversample repeats examples for the classes of one target, and there are several"
        report.error(("data", "oversample"), message, f"write oversample: {{{of_classes[0]}: {asked}}}")
    elif len(asked) > 1:
        message = f"oversample repeats examples for the classes of one target, found {', '.join(asked)}"
        report.error(("data", "oversample"), message, "leave one of them")
