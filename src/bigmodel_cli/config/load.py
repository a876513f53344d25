"""A config file and the words of the command line to a checked `Experiment`."""

from __future__ import annotations

from collections.abc import Sequence as SequenceType
from dataclasses import dataclass, field
from pathlib import Path

from bigmodel_cli.config.checks import check_experiment
from bigmodel_cli.config.components import Language
from bigmodel_cli.config.experiment import Reading
from bigmodel_cli.config.facts import DataFacts
from bigmodel_cli.config.merge import read_stack
from bigmodel_cli.config.overrides import override_stack
from bigmodel_cli.config.own_code.files import Code
from bigmodel_cli.config.problems import Problem, Problems, config_error
from bigmodel_cli.config.schema import Experiment
from bigmodel_cli.config.space_check import check_search, check_written
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
        language: The names that it may use, those of its own code too.
    """

    experiment: Experiment
    stack: tuple[Mapping, ...]
    path: Path
    overrides: tuple[str, ...]
    warnings: tuple[Problem, ...] = ()
    strict: bool = False
    gets_weights: bool = False
    language: Language = field(kw_only=True, repr=False)

    @property
    def code(self) -> Code:
        """The files of the user's own code."""
        return self.language.code or Code()

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
    gets_weights: bool = False,
    copies: Path | None = None,
) -> LoadedConfig:
    """Read, merge, override and check a config.

    Args:
        path: The file.
        overrides: Words of the command line.
        language: The names that it may use.
        strict: Whether warnings are errors.
        gets_weights: Whether the model is to start from another run's weights.
        copies: Where it is the config of a run: that run's folder of what is under `code`. What was no
            contradiction when it was trained is none now, but for what the command line says.

    Raises:
        UsageError: If there is no such file.
        ConfigError: With every mistake that was found.
    """
    problems = Problems()
    reading = Reading(language, path.stem, gets_weights, copies)
    stack, reading, experiment = _read(path, overrides, reading, problems)
    if experiment is None:
        raise config_error(problems.found)
    if copies is not None:
        problems.found = [problem for problem in problems.found if problem.place.origin == COMMAND_LINE]
    problems.raise_if_any(strict=strict)
    warnings = tuple(problems.found)
    return LoadedConfig(
        experiment,
        tuple(stack),
        path,
        tuple(overrides),
        warnings,
        strict,
        gets_weights,
        language=reading.language,
    )


def load_with_search(
    path: Path, overrides: SequenceType[str], language: Language, *, strict: bool = False
) -> LoadedConfig:
    """Likewise, with all that trials of its `tune` section would be, where it has one.

    Args:
        path: The file.
        overrides: Words of the command line.
        language: The names that it may use.
        strict: Whether warnings are errors.

    Raises:
        UsageError: If there is no such file.
        ConfigError: With every mistake that was found, in the config and in its space.
    """
    problems = Problems()
    stack, reading, experiment = _read(path, overrides, Reading(language, path.stem), problems)
    check_search(stack[-1], experiment, reading, problems)
    if experiment is None:
        raise config_error(problems.found)
    problems.raise_if_any(strict=strict)
    return LoadedConfig(
        experiment,
        tuple(stack),
        path,
        tuple(overrides),
        tuple(problems.found),
        strict,
        language=reading.language,
    )


def _read(
    path: Path, overrides: SequenceType[str], reading: Reading, problems: Problems
) -> tuple[list[Mapping], Reading, Experiment | None]:
    stack = read_stack(path)
    stack += override_stack(stack[-1], overrides)
    reading = reading.with_code(stack[-1], problems)
    experiment = reading.experiment(stack[-1], problems)
    check_written(stack[-1], problems)
    return stack, reading, experiment
