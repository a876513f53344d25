"""`calibrate` against the data and the splits."""

from __future__ import annotations

from bigmodel_cli.config.checks.report import Report
from bigmodel_cli.config.schema import Experiment


def check(experiment: Experiment, report: Report) -> None:
    """A decision is chosen on held-out examples, and one threshold is for one class."""
    calibrate = experiment.calibrate
    if calibrate is None:
        return
    facts = report.facts
    if experiment.data.validation == 0:
        message = "calibrate chooses on the validation split, and data.validation: 0 leaves none"
        report.error(("calibrate",), message, "give data.validation a share, for instance 0.1")
    if facts.labels == "numbers":
        source = experiment.data.source.name
        report.error(("calibrate",), f"calibrate is for classes; the labels of {source} are numbers")
        return
    if calibrate.threshold is None and calibrate.positive is not None:
        report.error(
            ("calibrate", "positive"),
            "positive has no effect without a threshold",
            "add threshold: f1, or remove positive",
        )
    if calibrate.threshold is None and not calibrate.temperature:
        message = "temperature: false without a threshold leaves nothing to choose"
        report.error(("calibrate", "temperature"), message, "remove calibrate, or add a threshold")
    if calibrate.threshold is not None and calibrate.positive is None and (facts.num_classes or 0) > 2:
        report.error(
            ("calibrate", "threshold"),
            f"a threshold is for one class, and there are {facts.num_classes}",
            "add positive: CLASS, the one that is looked for",
        )
