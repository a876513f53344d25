"""A data set with all that was found of it: what findings, the document and the pictures are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from bigmodel_cli.audit.groups import Group
from bigmodel_cli.audit.measured import Measured, Unreadable, short_name
from bigmodel_cli.audit.near import Search
from bigmodel_cli.config.schema import Experiment
from bigmodel_cli.kinds.audit import Features
from bigmodel_cli.parts import part_of
from bigmodel_cli.pipeline.splits import Splits
from bigmodel_cli.sources.base import SplitName
from bigmodel_cli.tasks.audit import Labels


@dataclass(frozen=True, eq=False)
class Audited:
    """A data set with all that was found of it.

    Attributes:
        experiment: The config.
        splits: Its data, without the files whose headers are broken.
        measured: The examples that were read.
        labels: Theirs, in their order.
        sampled: Whether only some of the examples were looked at.
        unreadable: Files that cannot be read.
        exact: Examples that are there more than once.
        search: Pairs of images that show the same.
        near: The groups that these pairs make.
        classes: Counts and shares of each class.
        targets: How labels that are numbers are spread; None where they are classes.
        outliers: Indices of examples with a target far outside, by split.
    """

    experiment: Experiment
    splits: Splits
    measured: Measured
    labels: np.ndarray
    sampled: bool
    unreadable: Sequence[Unreadable]
    exact: Sequence[Group]
    search: Search
    near: Sequence[Group]
    classes: list[dict[str, Any]]
    targets: dict[str, Any] | None
    outliers: Mapping[SplitName, np.ndarray]

    @property
    def features(self) -> Features:
        """What looks at the examples."""
        return part_of(self.splits.signature.kind, Features)

    @property
    def label_facts(self) -> Labels:
        """What looks at the labels."""
        return part_of(self.splits.signature.task, Labels)

    @property
    def described(self) -> str:
        """What labels and examples are, in words for the user."""
        signature = self.splits.signature
        return f"{signature.task.described}; each {signature.kind.described}"

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

    def label(self, number: int) -> Any:
        """A class's name, a number, or a list of numbers."""
        return self.label_facts.shown(self.labels[number])

    def example(self, number: int) -> dict[str, Any]:
        """An example as the document has it."""
        return {
            "split": self.measured.split_of(number),
            "name": self.names[number],
            "label": self.label(number),
        }
