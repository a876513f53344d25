"""A new run's config with its data: what only both together tell, found out before TensorFlow is imported."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bigmodel_cli.config.checks.monitors import monitored_names
from bigmodel_cli.config.facts import DataFacts
from bigmodel_cli.config.group_measures import columns_of_gates
from bigmodel_cli.config.load import LoadedConfig
from bigmodel_cli.config.measures import ambiguous_gates, gate_about, split_of, why_unmeasured
from bigmodel_cli.config.schema import Experiment
from bigmodel_cli.config.value_ranges import with_value_ranges
from bigmodel_cli.inference.groups import groups_of
from bigmodel_cli.inference.run_data import held_out_split
from bigmodel_cli.modeling.teachers import require_same_classes
from bigmodel_cli.parts import part_of
from bigmodel_cli.pipeline.known_facts import known_facts
from bigmodel_cli.pipeline.splits import Splits
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
    experiment, facts = config.experiment, known_facts(config.experiment, splits)
    # First what is told with its line.
    for problem in config.check_again(facts):
        warn(problem.render())
    require_same_classes(config, splits.signature)
    check_asked(experiment, facts, splits, warn)
    check_values(experiment, splits)
    warn_of_giveaways(experiment, splits, warn)
    for column in columns_of_gates(experiment.expect, experiment.targets):
        # What cannot be grouped then is refused now.
        groups_of(splits.parts[held_out_split(splits.parts)], column)
    return with_value_ranges(experiment, facts)


def check_asked(
    experiment: Experiment, facts: DataFacts, splits: Splits, warn: Callable[[str], None]
) -> None:
    """Find out whether what a config asks of its targets is there, and can be shown.

    Args:
        experiment: The config.
        facts: What is known of its data.
        splits: These.
        warn: Is told of gates that the evaluation will not show, or may show otherwise than was meant.

    Raises:
        UsageError: If the data lacks a class that the config names, or an option is not for such a target.
    """
    signature = splits.signature
    # The target that each gate is about, and what it is called there.
    about = {gate: gate_about(gate, signature.targets) for gate in experiment.expect}
    for name, task in signature.targets.items():
        gates = {gate: of_one for gate, (target, of_one) in about.items() if target in ("", name)}
        part_of(task, Checks).check(experiment.of_target(name), gates)
    for sentence in ambiguous_gates(experiment.expect, signature.label_names_by_target):
        warn(f"expect: {sentence}")
    in_epochs = monitored_names(experiment, facts)
    _warn_of_missed({gate: of for gate, of in about.items() if gate not in in_epochs}, splits, warn)


def _warn_of_missed(
    about: Mapping[str, tuple[str, str]], splits: Splits, warn: Callable[[str], None]
) -> None:
    targets, evaluated = splits.signature.targets, held_out_split(splits.parts)
    for gate, (target, name) in about.items():
        task = targets[target] if target else next(iter(targets.values()))
        # What names none of several targets is the loss of all.
        is_of_one = bool(target) or len(targets) == 1
        why = why_unmeasured(name, task.labels, task.numbers["num_classes"]) if is_of_one else None
        if why is None and split_of(gate) not in (None, evaluated):
            why = f"the evaluation is of the {evaluated} split"
        if why is not None:
            warn(f"expect: {gate}: this gate will be missed: {why}")
