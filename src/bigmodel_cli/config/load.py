"""A config file and the words of the command line to a checked `Experiment`."""

from __future__ import annotations

from collections.abc import Sequence as SequenceType
from dataclasses import dataclass
from pathlib import Path

from bigmodel_cli.config.by_name import targets_in
from bigmodel_cli.config.checks import check_experiment
from bigmodel_cli.config.components import Language
from bigmodel_cli.config.facts import DataFacts
from bigmodel_cli.config.fill import Filler
from bigmodel_cli.config.merge import read_stack
from bigmodel_cli.config.overrides import override_stack
from bigmodel_cli.config.problems import Problem, Problems
from bigmodel_cli.config.schema import Experiment
from bigmodel_cli.config.tree import COMMAND_LINE, Mapping


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
    tree = stack[-1]
    problems = Problems()
    experiment = Filler(language, problems, targets_in(tree)).fill(Experiment, tree, ())
    problems.raise_if_any()
    if not isinstance(experiment, Experiment):
        raise AssertionError("a config without problems fills an Experiment")
    if not experiment.name:
        experiment = experiment.model_copy(update={"name": path.stem})
    check_experiment(experiment, tree, problems, gets_weights=gets_weights)
    if was_trained:
        problems.found = [problem for problem in problems.found if problem.place.origin == COMMAND_LINE]
    problems.raise_if_any(strict=strict)
    warnings = tuple(problems.found)
    return LoadedConfig(experiment, tuple(stack), path, tuple(overrides), warnings, strict, gets_weights)
