"""A new run's config with its data: what only both together tell, found out before TensorFlow is imported."""

from __future__ import annotations

from collections.abc import Callable

from bigmodel_cli.config.checks.monitors import monitored_names
from bigmodel_cli.config.group_measures import columns_of_gates
from bigmodel_cli.config.load import LoadedConfig
from bigmodel_cli.config.measures import ambiguous_gates, gate_about, split_of, why_unmeasured
from bigmodel_cli.config.schema import Experiment
from bigmodel_cli.config.value_ranges import with_value_ranges
from bigmodel_cli.inference.groups import groups_of
from bigmodel_cli.inference.run_data import held_out_split
from bigmodel_cli.parts import part_of
from bigmodel_cli.pipeline.known_facts import known_facts
from bigmodel_cli.pipeline.splits import Splits
from bigmodel_cli.signature import Signature
from bigmodel_cli.tasks.checks import Checks
from bigmodel_cli.training.data_checks import check_values
from bigmodel_cli.training.giveaways import warn_of_giveaways


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
    check_targets(config.experiment, splits.signature)
    warn_of_gates(config.experiment, splits, warn)
    check_values(config.experiment, splits)
    warn_of_giveaways(config.experiment, splits, warn)
    for column in columns_of_gates(config.experiment.expect, config.experiment.targets):
        # What cannot be grouped then is refused now.
        groups_of(splits.parts[held_out_split(splits.parts)], column)
    return with_value_ranges(config.experiment, facts)


def check_targets(experiment: Experiment, signature: Signature) -> None:
    """Find out whether what a config asks for is there for its targets.

    Raises:
        UsageError: If the data lacks a class that the config names, or an option is not for such a target.
    """
    about = {gate: gate_about(gate, signature.targets) for gate in experiment.expect}
    for name, task in signature.targets.items():
        gates = {gate: of_one for gate, (target, of_one) in about.items() if target in ("", name)}
        part_of(task, Checks).check(experiment.of_target(name), gates)


def warn_of_gates(experiment: Experiment, splits: Splits, warn: Callable[[str], None]) -> None:
    """Say before training which gates the evaluation will not show, or may show otherwise than was meant."""
    targets, evaluated = splits.signature.targets, held_out_split(splits.parts)
    for sentence in ambiguous_gates(experiment.expect, splits.signature.label_names_by_target):
        warn(f"expect: {sentence}")
    in_epochs = monitored_names(experiment, known_facts(experiment, splits))
    for gate in (gate for gate in experiment.expect if gate not in in_epochs):
        target, name = gate_about(gate, targets)
        task = targets[target] if target else next(iter(targets.values()))
        # What names none of several targets is the loss of all.
        is_of_one = bool(target) or len(targets) == 1
        why = why_unmeasured(name, task.labels, task.numbers["num_classes"]) if is_of_one else None
        if why is None and split_of(gate) not in (None, evaluated):
            why = f"the evaluation is of the {evaluated} split"
        if why is not None:
            warn(f"expect: {gate}: this gate will be missed: {why}")
