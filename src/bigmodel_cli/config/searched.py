"""The configs of a search: each point of its space is a config like any other."""

from __future__ import annotations

from collections.abc import Mapping as Mapping_
from dataclasses import dataclass

from bigmodel_cli.config.experiment import Reading
from bigmodel_cli.config.load import LoadedConfig
from bigmodel_cli.config.problems import Problem, Problems, config_error
from bigmodel_cli.config.reader import Unreadable
from bigmodel_cli.config.space import SPACE_PATH, Space, Value
from bigmodel_cli.config.space_assignments import assignments, config_tree
from bigmodel_cli.config.space_reader import read_space
from bigmodel_cli.config.tree import node_at
from bigmodel_cli.config.tune import Tune


@dataclass(frozen=True)
class Searched:
    """A config with a `tune` section.

    Attributes:
        loaded: The config.
        tune: Its section.
        space: What is searched.
    """

    loaded: LoadedConfig
    tune: Tune
    space: Space

    @classmethod
    def of(cls, loaded: LoadedConfig) -> Searched:
        """Raises:
        ConfigError: If the config has no `tune`.
        """
        tune, tree = loaded.experiment.tune, loaded.stack[-1]
        if tune is None:
            message = "tune is missing: it says what to search"
            hint = "for instance tune: {space: {data.batch_size: {choice: [32, 64, 128]}}}"
            raise config_error([Problem(tree.place, (), message, suggestion=hint)])
        space, _ = read_space(node_at(tree, SPACE_PATH))
        return cls(loaded, tune, space)

    def words(self, point: Mapping_[str, Value]) -> tuple[str, ...]:
        """What `bigmodel train CONFIG` has to be told to train the trial of a point."""
        return tuple(one.word for one in assignments(self.space, point))

    def config_at(self, point: Mapping_[str, Value]) -> LoadedConfig:
        """The config of a trial, without `tune`.

        Raises:
            ConfigError: If what was drawn does not go together.
        """
        loaded, problems = self.loaded, Problems()
        try:
            tree = config_tree(self.space, loaded.stack[-1], point)
        except Unreadable as error:
            raise config_error(error.problems) from None
        experiment = Reading(loaded.language, loaded.path.stem).experiment(tree, problems)
        if experiment is None:
            raise config_error(problems.found)
        problems.raise_if_any()
        overrides = (*loaded.overrides, *self.words(point))
        stack, warnings = (*loaded.stack, tree), tuple(problems.found)
        return LoadedConfig(experiment, stack, loaded.path, overrides, warnings, language=loaded.language)
