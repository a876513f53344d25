"""What can be known to be wrong across sections: before any data is read, and once more when it is.

Errors where it cannot be meant, warnings where it may be. Each module has a function `check`.
"""

from __future__ import annotations

from bigmodel_cli.config.checks import (
    batches,
    callback_files,
    classes,
    columns,
    compression,
    dead_keys,
    decisions,
    folds,
    freezing,
    imbalance,
    metrics,
    monitors,
    outputs,
    pitfalls,
    schedules,
    sides,
    steps,
    targets,
    value_ranges,
    widths,
)
from bigmodel_cli.config.checks.report import Report
from bigmodel_cli.config.facts import DataFacts, facts_of
from bigmodel_cli.config.problems import Problems
from bigmodel_cli.config.schema import Experiment
from bigmodel_cli.config.tree import Mapping

_MODULES = (
    columns,
    folds,
    monitors,
    steps,
    sides,
    widths,
    outputs,
    metrics,
    schedules,
    batches,
    imbalance,
    decisions,
    freezing,
    value_ranges,
    callback_files,
    compression,
    classes,
    columns,
    dead_keys,
    pitfalls,
)
# What looks at one target: its loss and metrics, and the steps to its output.
_BY_TARGET = (outputs, metrics, classes)


def check_experiment(
    experiment: Experiment,
    tree: Mapping,
    problems: Problems,
    facts: DataFacts | None = None,
    *,
    gets_weights: bool = False,
) -> None:
    """Collect contradictions between sections.

    Args:
        experiment: What the config says.
        tree: The same with places.
        problems: Where contradictions are collected.
        facts: Of the data, once it is known; None: what the source knows of it unread.
        gets_weights: Whether the model is to start from another run's weights.
    """
    report = Report(
        tree, problems, facts_of(experiment) if facts is None else facts, gets_weights=gets_weights
    )
    targets.check(experiment, report)
    if report.has_errors:
        # What has no loss cannot be looked at further.
        return
    for module in _MODULES:
        if module not in _BY_TARGET:
            module.check(experiment, report)
            continue
        for target in experiment.targets or (None,):
            of_one = experiment if target is None else experiment.of_target(target)
            module.check(of_one, report if target is None else report.of_target(target))
