"""A fold is the test split."""

from __future__ import annotations

from bigmodel_cli.config.checks.report import Report
from bigmodel_cli.config.schema import Experiment


def check(experiment: Experiment, report: Report) -> None:
    """Nothing else is held out for the test."""
    data = experiment.data
    if data.fold is not None and data.test != "auto":
        message = f"the test split is {data.fold}, and data.test: {data.test:g} asks for another one"
        report.error(("data", "test"), message, "remove test, or fold")
