"""A data set with all that was found of it: what findings, the document and the pictures are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np

from bigmodel_cli.audit.groups import Group
from bigmodel_cli.audit.measured import Measured, Unreadable, short_name
from bigmodel_cli.audit.near import Search
from bigmodel_cli.config.schema import Experiment
from bigmodel_cli.kinds.audit import Features
from bigmodel_cli.kinds.show import Show
from bigmodel_cli.parts import part_of
from bigmodel_cli.pipeline.splits import Splits
from bigmodel_cli.sources.base import SplitName
from bigmodel_cli.sources.tables.names import shown
from bigmodel_cli.tasks.audit import BySplit, Labels
from bigmodel_cli.tasks.task import Task


@dataclass(frozen=True, eq=False)
class TargetLabels:
    """The labels of a target with what was found of them.

    Attributes:
        facts: Looks at them.
        of_measured: Those of the examples that were read, in their order.
        of_all: Those of all examples, by split.
        classes: Counts and shares of each class; none where there are no classes.
        spreads: How labels that are numbers are spread; None where they are classes.
        outliers: Indices of examples with a label far outside, by split.
    """

    facts: Labels
    of_measured: np.ndarray
    of_all: BySplit
    classes: list[dict[str, Any]]
    spreads: dict[str, Any] | None
    outliers: BySplit

    @classmethod
    def of(cls, task: Task, of_all: BySplit, measured: Measured) -> Self:
        facts = part_of(task, Labels)
        of_measured = np.concatenate(
            [
                of_all[name][measured.indices[measured.splits == number]]
                for number, name in enumerate(measured.split_names)
            ]
        )
        classes, spreads, outliers = facts.classes(of_all), facts.spreads(of_all), facts.outliers(of_all)
        return cls(facts, of_measured, of_all, classes, spreads, outliers)


@dataclass(frozen=True, eq=False)
class Audited:
    """A data set with all that was found of it.

    Attributes:
        experiment: The config.
        splits: Its data, without the files whose headers are broken.
        measured: The examples that were read.
        targets: Labels, by target.
        sampled: Whether only some of the examples were looked at.
        unreadable: Files that cannot be read.
        exact: Examples that are there more than once.
        search: Pairs of images that show the same.
        near: The groups that these pairs make.
    """

    experiment: Experiment
    splits: Splits
    measured: Measured
    targets: Mapping[str, TargetLabels]
    sampled: bool
    unreadable: Sequence[Unreadable]
    exact: Sequence[Group]
    search: Search
    near: Sequence[Group]

    @property
    def features(self) -> Features:
        """What looks at the examples."""
        return part_of(self.splits.signature.seen, Features)

    @property
    def described(self) -> str:
        """What labels and examples are, in words for the user."""
        signature = self.splits.signature
        tasks = signature.targets
        labels = [
            f"{shown(name)}: {task.described}" if len(tasks) > 1 else task.described
            for name, task in tasks.items()
        ]
        return f"{', '.join(labels)}; each {signature.seen.described}"

    def of_one(self, target: str) -> str:
        """Whose labels a sentence is about, to be put behind `labels`: nothing where there is one target."""
        return f" of {shown(target)}" if len(self.targets) > 1 else ""

    @cached_property
    def names(self) -> Sequence[str]:
        """What the examples that were read are called."""
        measured, parts = self.measured, self.splits.parts
        return [
            short_name(parts[measured.split_of(number)], int(measured.indices[number]))
            for number in range(len(measured))
        ]

    @property
    def root(self) -> Path | None:
        """The folder that names of files are relative to; None where examples are no files."""
        files = self.splits.train.store.files
        return None if files is None else files.root

    def numbers_in(self, split: SplitName) -> np.ndarray:
        """The numbers of the examples of a split that were read: int64 of shape (n,)."""
        return np.flatnonzero(self.measured.splits == list(self.measured.split_names).index(split))

    def pixels(self, number: int) -> np.ndarray:
        """The features of an example that was read."""
        examples = self.splits.parts[self.measured.split_of(number)]
        return examples.store.read(int(self.measured.indices[number]))

    def picture(self, number: int) -> np.ndarray:
        """The same as pixels, also of what is no picture itself."""
        value = self.pixels(number)
        return value if value.ndim > 1 else part_of(self.splits.signature.seen, Show).pixels(value)

    def label(self, number: int) -> Any:
        """A class's name, a number, or a list of numbers; of several targets by target."""
        labels = {name: of.facts.shown(of.of_measured[number]) for name, of in self.targets.items()}
        return labels if len(labels) > 1 else next(iter(labels.values()))

    def example(self, number: int) -> dict[str, Any]:
        """An example as the document has it."""
        return {
            "split": self.measured.split_of(number),
            "name": self.names[number],
            "label": self.label(number),
        }
