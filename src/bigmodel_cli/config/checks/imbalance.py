"""`data.class_weights` and `data.oversample` against the labels, and against each other."""

from __future__ import annotations

from bigmodel_cli.config.checks.report import Report
from bigmodel_cli.config.schema import Experiment


def check(experiment: Experiment, report: Report) -> None:
    """Both are for classes, and one of them is enough."""
    data = experiment.data
    given = [key for key in ("class_weights", "oversample") if getattr(data, key) is not None]
    if report.facts.labels == "numbers":
        for key in given:
            message = f"{key} is for classes; the labels of {data.source.name} are numbers"
            report.error(("data", key), message, "remove it")
    elif len(given) == 2:
        report.warning(
            ("data", "oversample"),
            "class_weights and oversample both make up for rare classes: together they do it twice",
            "remove one of the two",
        )
