"""`calibrate` against the data and the splits."""

from __future__ import annotations

from bigmodel_cli.config.checks.report import Report
from bigmodel_cli.config.fields import Named
from bigmodel_cli.config.schema import Calibrate, Experiment
from bigmodel_cli.config.tree import ConfigPathKeys


def check(experiment: Experiment, report: Report) -> None:
    """A decision is chosen on held-out examples, and one threshold is for one class."""
    asked = experiment.calibrate
    if asked is None:
        return
    if experiment.data.validation == 0:
        message = "calibrate chooses on the validation split, and data.validation: 0 leaves none"
        report.error(("calibrate",), message, "give data.validation a share, for instance 0.1")
    if isinstance(asked, Named):
        for target, of_one in asked.items():
            if of_one is not None:
                labels = f"{target} is a number"
                _check_rule(of_one, ("calibrate", target), labels, report.of_target(target))
        return
    are = "targets are" if len(experiment.targets) > 1 else f"labels of {experiment.data.source.name} are"
    _check_rule(asked, ("calibrate",), f"the {are} {report.facts.labels}", report)


def _check_rule(calibrate: Calibrate, path: ConfigPathKeys, labels: str, report: Report) -> None:
    """What is asked of one target.

    Args:
        calibrate: What is asked.
        path: Where it stands.
        labels: What to say of the labels where they are numbers.
        report: With what is known of this target's labels.
    """
    facts = report.facts
    if facts.labels in ("numbers", "tokens", "texts", "tags", "masks", "answers", "transcripts", "items"):
        report.error(path, f"calibrate is for classes; {labels}")
        return
    if facts.labels == "sets":
        _check_rule_of_sets(calibrate, path, report)
        return
    if calibrate.threshold is None and calibrate.positive is not None:
        report.error(
            (*path, "positive"),
            "positive has no effect without a threshold",
            "add threshold: f1, or remove positive",
        )
    if calibrate.threshold is None and not calibrate.temperature:
        message = "temperature: false without a threshold leaves nothing to choose"
        report.error((*path, "temperature"), message, "remove calibrate, or add a threshold")
    if calibrate.threshold is not None and calibrate.positive is None and (facts.num_classes or 0) > 2:
        report.error(
            (*path, "threshold"),
            f"a threshold is for one class, and there are {facts.num_classes}",
            "add positive: CLASS, the one that is looked for",
        )


def _check_rule_of_sets(calibrate: Calibrate, path: ConfigPathKeys, report: Report) -> None:
    """A threshold is chosen for each label."""
    if calibrate.positive is not None:
        message = "positive is for one class of several; here a threshold is chosen for each label"
        report.error((*path, "positive"), message, "remove it")
    if calibrate.threshold is None:
        message = "a temperature changes no decision on labels; thresholds do, one for each"
        report.error(path, message, "add threshold: f1")
