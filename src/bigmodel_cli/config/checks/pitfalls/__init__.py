"""Defaults of Keras that bite, and conventions that are taken for others: said before training.

The table is what `docs/defaults-that-bite.md` is made from; a test has a config for each row.
"""

from __future__ import annotations

from bigmodel_cli.config.checks.pitfalls.table import PITFALLS
from bigmodel_cli.config.checks.report import Report
from bigmodel_cli.config.schema import Experiment


def check(experiment: Experiment, report: Report) -> None:
    """Everything that the table finds is a warning, once there is no error any more."""
    if report.has_errors:
        return
    for pitfall in PITFALLS:
        if pitfall.find is not None and not (pitfall.of_start and report.gets_weights):
            for finding in pitfall.find(experiment, report.facts):
                report.warning(*finding)
