"""A config file and the words of the command line to a checked `Experiment`."""

from __future__ import annotations

from collections.abc import Sequence as SequenceType
from dataclasses import dataclass, replace
from pathlib import Path

from bigmodel_cli.config.by_name import SOURCE_PATH, targets_in
from bigmodel_cli.config.checks import check_experiment
from bigmodel_cli.config.components import Language
from bigmodel_cli.config.facts import DataFacts
from bigmodel_cli.config.fill import Filler
from bigmodel_cli.config.merge import read_stack
from bigmodel_cli.config.overrides import override_stack
from bigmodel_cli.config.problems import Problem, Problems, config_error
from bigmodel_cli.config.schema import Experiment
from bigmodel_cli.config.space import SPACE_PATH, read_space
from bigmodel_cli.config.tree import COMMAND_LINE, Mapping, node_at
from bigmodel_cli.config.unsupported import SEVERAL_OUTPUTS


@dataclass(frozen=True)
class LoadedConfig:
    """A config that has no mistake that can be found without its data and without Keras.

    Attributes:
        experiment: What it says.
        stack: The same with places, as each file and each word of the command line leaves it.
        path: The file.
        overrides: Words of the command line that changed it.
        warnings: What may not be meant.
        strict: Whether warnings are errors.
        gets_weights: Whether the model is to start from another run's weights.
    """

    experiment: Experiment
    stack: tuple[Mapping, ...]
    path: Path
    overrides: tuple[str, ...]
    warnings: tuple[Problem, ...] = ()
    strict: bool = False
    gets_weights: bool = False

    def check_again(self, facts: DataFacts) -> list[Problem]:
        """Look for contradictions once more, now that the data is known.

        Returns:
            What may not be meant, beyond `warnings`.

        Raises:
            ConfigError: With what cannot be meant; under `strict` with everything.
        """
        problems = Problems()
        check_experiment(self.experiment, self.stack[-1], problems, facts, gets_weights=self.gets_weights)
        problems.found = [problem for problem in problems.found if problem not in self.warnings]
        problems.raise_if_any(strict=self.strict)
        return problems.found


def load_config(
    path: Path,
    overrides: SequenceType[str],
    language: Language,
    *,
    strict: bool = False,
    was_trained: bool = False,
    gets_weights: bool = False,
) -> LoadedConfig:
    """Read, merge, override and check a config.

    Args:
        path: The file.
        overrides: Words of the command line.
        language: The names that it may use.
        strict: Whether warnings are errors.
        was_trained: Whether it is the config of a run: what was no contradiction when it was trained is
            none now, but for what the command line says.
        gets_weights: Whether the model is to start from another run's weights.

    Raises:
        UsageError: If there is no such file.
        ConfigError: With every mistake that was found.
    """
    stack = read_stack(path)
    stack += override_stack(stack[-1], overrides)
    problems = Problems()
    experiment = read_experiment(stack[-1], language, problems, path.stem, gets_weights=gets_weights)
    if experiment is None:
        raise config_error(problems.found)
    if was_trained:
        problems.found = [problem for problem in problems.found if problem.place.origin == COMMAND_LINE]
    problems.raise_if_any(strict=strict)
    warnings = tuple(problems.found)
    return LoadedConfig(experiment, tuple(stack), path, tuple(overrides), warnings, strict, gets_weights)


def _source_options(tree: Mapping, language: Language) -> object | None:
    """The options of a config's source; None where they cannot be read, which is told with all the rest."""
    source = node_at(tree, SOURCE_PATH)
    found = source and Filler(language, Problems()).components.parse(source, ("sources",), SOURCE_PATH)
    return getattr(found, "options", None)


def read_experiment(
    tree: Mapping, language: Language, problems: Problems, name: str, *, gets_weights: bool = False
) -> Experiment | None:
    """What a config says, looked through for contradictions; None, and errors, where it cannot be read.

    Args:
        tree: The config.
        language: The names that it may use.
        problems: Where mistakes are collected.
        name: Its name, where it gives none.
        gets_weights: Whether the model is to start from another run's weights.
    """
    source = None if (targets := targets_in(tree)) else _source_options(tree, language)
    targets = targets or frozenset(getattr(source, "target_names", ()))
    experiment = Filler(language, problems, targets).fill(Experiment, tree, ())
    if reason := getattr(source, "unknown_targets", None):
        problems.found = [
            replace(one, suggestion=reason) if one.suggestion == SEVERAL_OUTPUTS else one
            for one in problems.found
        ]
    for problem in read_space(node_at(tree, SPACE_PATH))[1]:
        problems.add(problem)
    if not isinstance(experiment, Experiment) or problems.has_errors:
        return None
    if not experiment.name:
        experiment = experiment.model_copy(update={"name": name})
    check_experiment(experiment, tree, problems, gets_weights=gets_weights)
    return experiment
