"""A new run's config with its data: what only both together tell, found out before TensorFlow is imported."""

from __future__ import annotations

from collections.abc import Callable

from bigmodel_cli.config.checks.monitors import monitored_names
from bigmodel_cli.config.facts import DataFacts
from bigmodel_cli.config.load import LoadedConfig
from bigmodel_cli.config.measures import ambiguous_gates, split_of, why_unmeasured
from bigmodel_cli.config.schema import Experiment
from bigmodel_cli.config.value_ranges import with_value_ranges
from bigmodel_cli.inference.groups import gated_columns, groups_of
from bigmodel_cli.inference.run_data import held_out_split
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
    facts = known_facts(config.experiment, splits)
    # First what is told with its line.
    for problem in config.check_again(facts):
        warn(problem.render())
    for name, task in splits.signature.targets.items():
        part_of(task, Checks).check(config.experiment.of_target(name))
    warn_of_gates(config.experiment, splits, warn)
    check_values(config.experiment, splits)
    for column in gated_columns(config.experiment):
        # What cannot be grouped then is refused now.
        groups_of(splits.parts[held_out_split(splits.parts)], column)
    return with_value_ranges(config.experiment, facts)


def warn_of_gates(experiment: Experiment, splits: Splits, warn: Callable[[str], None]) -> None:
    """Say before training which gates the evaluation will not show, or may show otherwise than was meant."""
    if len(splits.signature.targets) > 1:
        return
    task, evaluated = splits.signature.task, held_out_split(splits.parts)
    for sentence in ambiguous_gates(experiment.expect, task.label_names or ()):
        warn(f"expect: {sentence}")
    in_epochs = monitored_names(experiment, DataFacts(labels=task.labels))
    for gate in (gate for gate in experiment.expect if gate not in in_epochs):
        why = why_unmeasured(gate, task.labels, task.numbers["num_classes"])
        if why is None and split_of(gate) not in (None, evaluated):
            why = f"the evaluation is of the {evaluated} split"
        if why is not None:
            warn(f"expect: {gate}: this gate will be missed: {why}")
