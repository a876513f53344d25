"""What can be known to be wrong across sections, before any data is read.

Errors where it cannot be meant, warnings where it may be. Each module has a function `check`.
"""

from __future__ import annotations

from bigmodel_cli.config.checks import (
    batches,
    dead_keys,
    decisions,
    imbalance,
    monitors,
    outputs,
    schedules,
    steps,
)
from bigmodel_cli.config.checks.report import Report
from bigmodel_cli.config.problems import Problems
from bigmodel_cli.config.schema import Experiment
from bigmodel_cli.config.tree import Mapping


def check_experiment(experiment: Experiment, tree: Mapping, problems: Problems) -> None:
    """Collect contradictions between sections."""
    report = Report(tree, problems)
    for module in (monitors, steps, outputs, schedules, batches, imbalance, decisions, dead_keys):
        module.check(experiment, report)
