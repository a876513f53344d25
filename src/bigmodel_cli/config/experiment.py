"""The tree of a config to a checked `Experiment`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from bigmodel_cli.config.by_name import SOURCE_PATH, targets_in
from bigmodel_cli.config.checks import check_experiment
from bigmodel_cli.config.components import Language
from bigmodel_cli.config.fill import Filler
from bigmodel_cli.config.own_code.read import with_code
from bigmodel_cli.config.problems import Problems
from bigmodel_cli.config.schema import Experiment
from bigmodel_cli.config.tree import Mapping, node_at
from bigmodel_cli.config.unsupported import SEVERAL_OUTPUTS


@dataclass(frozen=True)
class Reading:
    """How trees are read.

    Attributes:
        language: The names that they may use.
        name: That of a config that gives none.
        gets_weights: Whether the model is to start from another run's weights.
        copies: A run's folder of what its config has under `code`; None: the files themselves are read.
    """

    language: Language
    name: str
    gets_weights: bool = False
    copies: Path | None = None

    def with_code(self, tree: Mapping, problems: Problems) -> Reading:
        """The same with the names of the files that a config lists under `code`."""
        if self.language.code is not None:
            return self
        return replace(self, language=with_code(self.language, tree, problems, self.copies))

    def experiment(self, tree: Mapping, problems: Problems) -> Experiment | None:
        """What a config says, looked through for contradictions; None, and errors, where it cannot be read.

        Args:
            tree: The config.
            problems: Where mistakes are collected.
        """
        if self.language.code is None:
            return self.with_code(tree, problems).experiment(tree, problems)
        source = None if (targets := targets_in(tree)) else self._source_options(tree)
        targets = targets or frozenset(getattr(source, "target_names", ()))
        experiment = Filler(self.language, problems, targets).fill(Experiment, tree, ())
        if reason := getattr(source, "unknown_targets", None):
            problems.found = [
                replace(one, suggestion=reason) if one.suggestion == SEVERAL_OUTPUTS else one
                for one in problems.found
            ]
        if not isinstance(experiment, Experiment) or problems.has_errors:
            return None
        if not experiment.name:
            experiment = experiment.model_copy(update={"name": self.name})
        check_experiment(experiment, tree, problems, gets_weights=self.gets_weights)
        return experiment

    def _source_options(self, tree: Mapping) -> object | None:
        """The options of a config's source; None where they cannot be read."""
        source = node_at(tree, SOURCE_PATH)
        found = source and Filler(self.language, Problems()).components.parse(
            source, ("sources",), SOURCE_PATH
        )
        return getattr(found, "options", None)
