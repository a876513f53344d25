"""A new run's config with its data: what only both together tell, found out before TensorFlow is imported."""

from __future__ import annotations

from collections.abc import Callable

from bigmodel_cli.config.load import LoadedConfig
from bigmodel_cli.config.measures import ambiguous_gates
from bigmodel_cli.config.schema import Experiment
from bigmodel_cli.config.value_ranges import with_value_ranges
from bigmodel_cli.parts import part_of
from bigmodel_cli.pipeline.known_facts import known_facts
from bigmodel_cli.pipeline.splits import Splits
from bigmodel_cli.tasks.checks import Checks
from bigmodel_cli.training.data_checks import check_values


def fit_to_data(config: LoadedConfig, splits: Splits, warn: Callable[[str], None]) -> Experiment:
    """The experiment with what follows from its data written out.

    A run that goes on is left as it began.

    Args:
        config: A checked config.
        splits: Its data.
        warn: Is told what may not be meant.

    Raises:
        ConfigError: If something cannot be meant with these data; under `--strict`, may not.
        DataError: If labels are not what the loss takes.
        UsageError: If the data lacks a class that the config names.
    """
    task = splits.signature.task
    part_of(task, Checks).check(config.experiment)
    for sentence in ambiguous_gates(config.experiment.expect, task.label_names or ()):
        warn(f"expect: {sentence}")
    facts = known_facts(config.experiment, splits)
    for problem in config.check_again(facts):
        warn(problem.render())
    check_values(config.experiment, splits)
    return with_value_ranges(config.experiment, facts)
