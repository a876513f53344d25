"""A table as it was looked at: each column by itself, then rows as wholes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from bigmodel_cli.audit.rows.copies import Copies
from bigmodel_cli.audit.rows.drift import Drift
from bigmodel_cli.audit.rows.spread import Bars
from bigmodel_cli.audit.rows.texts.look import TextFacts
from bigmodel_cli.config.schema import Experiment
from bigmodel_cli.kinds.kind import Kind
from bigmodel_cli.kinds.profile import Profile
from bigmodel_cli.pipeline.splits import Splits
from bigmodel_cli.sources.tables.giveaways import Giveaway
from bigmodel_cli.tasks.audit import Labels


@dataclass(frozen=True, eq=False)
class Column:
    """What was found of a column.

    Attributes:
        kind: What its values are.
        profile: Shows its numbers.
        spreads: By split, as the document has them.
        drifts: How far each other split is from training; empty where values have no more than a sameness.
        bars: Its histogram.
        counts: Rows in each bar, by split.
        by_class: Rows of training in each bar, by class of the first target that has few; empty where none
            has.
        digest: The same for columns with the same values.
        mark: A number that looks as if it stood for something else, and how many rows have it.
        texts: What was found of texts; None where values are none.
    """

    kind: Kind
    profile: Profile
    spreads: Mapping[str, dict[str, Any]]
    drifts: Mapping[str, Drift]
    bars: Bars
    counts: Mapping[str, list[int]]
    by_class: Mapping[str, list[int]]
    digest: bytes
    mark: tuple[float, int] | None
    texts: TextFacts | None = None


@dataclass(frozen=True, eq=False)
class TargetFacts:
    """What was found of a target.

    Attributes:
        labels: Says what labels are.
        classes: Counts and shares of each class, as the document has them; none where there are no classes.
        spreads: How numbers are spread; None where there are none.
        outliers: Rows with a label far outside, by split.
        drifts: How far each other split is from training.
        codes: A whole number for each row, the same for the same target; -1 of a row that has none.
        alone: What each column tells of it.
        missing: How many rows of each split have none; empty where all have one.
    """

    labels: Labels
    classes: list[dict[str, Any]]
    spreads: dict[str, Any] | None
    outliers: Mapping[str, np.ndarray]
    drifts: Mapping[str, Drift]
    codes: np.ndarray
    alone: Mapping[str, Giveaway]
    missing: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class LookedTable:
    """A table with all that was found of it.

    Attributes:
        experiment: The config.
        splits: Its data; with `--max-examples`, a sample of them.
        of_all: How many examples each split has.
        num_spread: Rows by which columns were described, of all splits.
        columns: By name.
        targets: By name.
        copies: Rows that are there more than once.
        by_chance: The share of rows that would be in training too by chance, were columns independent.
        left_out: Columns that are no inputs, and why.
    """

    experiment: Experiment
    splits: Splits
    of_all: Mapping[str, int]
    num_spread: int
    columns: Mapping[str, Column]
    targets: Mapping[str, TargetFacts]
    copies: Copies
    by_chance: float
    left_out: Mapping[str, str] = field(default_factory=dict)

    @property
    def num_rows(self) -> int:
        """Rows that were looked at."""
        return sum(self.splits.sizes.values())

    @property
    def again(self) -> str | None:
        """What becomes of rows whose inputs were there before; None: they are copies."""
        return next((found for one in self.targets.values() if (found := one.labels.again) is not None), None)

    @property
    def described(self) -> str:
        return self.splits.signature.described

    def names(self, rows: Sequence[int]) -> Mapping[int, str]:
        """What rows are called, `people.csv:17 (train)`; may read their files, each of them once."""
        named: dict[int, str] = {}
        for split, all_rows in self.copies.splits.items():
            start = int(all_rows[0])
            of_split = sorted({row for row in rows if self.split_of(row) == split})
            places = self.splits.parts[split].places_of([row - start for row in of_split])  # type: ignore[index]
            named |= {row: f"{place} ({split})" for row, place in zip(of_split, places, strict=True)}
        return named

    def split_of(self, row: int) -> str:
        """The split that a row is of."""
        return next(name for name, rows in self.copies.splits.items() if rows[0] <= row <= rows[-1])

    @cached_property
    def contradicting(self) -> Mapping[str, np.ndarray]:
        """By target, the rows that have the same inputs as another one with another target."""
        return {name: self.copies.contradicting(facts.codes) for name, facts in self.targets.items()}

    def label(self, target: str, row: int) -> Any:
        """A row's target as people have it."""
        split = self.split_of(row)
        place = row - int(self.copies.splits[split][0])
        return self.targets[target].labels.shown(self.splits.parts[split].targets[target][place])  # type: ignore[index]
