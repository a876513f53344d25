"""A table as it was looked at: each column by itself, then rows as wholes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from bigmodel_cli.alone import alone
from bigmodel_cli.audit.rows.copies import Copies, RowHashes
from bigmodel_cli.audit.rows.drift import Drift, drift
from bigmodel_cli.audit.rows.spread import Bars, bars_of, by_split, mark_in, spread_of
from bigmodel_cli.config.schema import Experiment
from bigmodel_cli.kinds.audit import Features
from bigmodel_cli.kinds.kind import Kind
from bigmodel_cli.kinds.profile import Profile, Seen
from bigmodel_cli.parts import part_of
from bigmodel_cli.pipeline.splits import Splits
from bigmodel_cli.sources.base import Examples, SplitName
from bigmodel_cli.sources.tables.giveaways import Giveaway
from bigmodel_cli.tasks.audit import Labels
from bigmodel_cli.tasks.target import Target

# Cells whose spread is looked at, and training rows from which a tree learns what a column tells.
_MAX_CELLS = 20_000_000
_MIN_ROWS = 20_000
_ROWS_OF_TREES = 20_000
# A histogram has a colour for each class where there are no more.
MOST_CLASSES = 6


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
    def described(self) -> str:
        return self.splits.signature.described

    def name(self, row: int) -> str:
        """What a row is called, `people.csv[17]`, with its split."""
        split = self.split_of(row)
        start = int(self.copies.splits[split][0])
        return f"{self.splits.parts[split].name(row - start)} ({split})"  # type: ignore[index]

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


@dataclass(frozen=True, eq=False)
class _Learned:
    """Training rows from which it is learned what single columns tell.

    Attributes:
        rows: Which ones of all.
        columns: As they are there.
        seed: Which half of them is learned from.
    """

    rows: np.ndarray
    columns: dict[str, Seen]
    seed: int

    def having(self, known: np.ndarray) -> _Learned:
        """Those of them that are among the rows which have a target."""
        chosen = np.flatnonzero(known[self.rows])
        return _Learned(
            self.rows[chosen], {name: seen.take(chosen) for name, seen in self.columns.items()}, self.seed
        )


def look(
    experiment: Experiment,
    splits: Splits,
    whole: Mapping[SplitName, Examples],
    left_out: Mapping[str, str],
    progress: Callable[[str, int, int | None], None],
) -> LookedTable:
    """Look at a table: missing values and equal rows in full, all else by as many rows as there is time for.

    Args:
        experiment: The config.
        splits: The rows to look at.
        whole: All rows, by split.
        left_out: Columns that are no inputs, and why.
        progress: Called with a label, the columns done, and their total.
    """
    rows = _rows(splits)
    sample = _sampled(rows, len(splits.signature.inputs), experiment.seed)
    taken = np.concatenate(list(sample.values()))
    within = _within(sample)
    hashes = RowHashes(sum(splits.sizes.values()))
    classes = _classes(splits, taken[within["train"]])
    chosen = np.random.default_rng(experiment.seed).permutation(within["train"])[:_ROWS_OF_TREES]
    learned = _Learned(taken[chosen], {}, experiment.seed)
    profiles = part_of(splits.signature.kind, Features).columns  # type: ignore[attr-defined]
    columns: dict[str, Column] = {}
    for number, (name, profile) in enumerate(profiles.items()):
        progress("looking at the columns", number, len(profiles))
        seen = profile.seen([part.inputs[name] for part in splits.parts.values()])
        hashes.add(name, seen, taken[within["train"]])
        looked = seen.take(taken)
        if not seen.are_opaque:
            learned.columns[name] = looked.take(chosen)
        missing = {split: seen.missing[of_split] for split, of_split in rows.items()}
        columns[name] = _column(seen, looked, profile, within, classes, missing)
    targets = {
        name: _target(part_of(task, Labels), name, whole, splits.parts, learned)
        for name, task in splits.signature.targets.items()
    }
    progress("looking at the columns", len(profiles), len(profiles))
    train = splits.sizes["train"]
    return LookedTable(
        experiment,
        splits,
        {split: len(part) for split, part in whole.items()},
        len(taken),
        columns,
        targets,
        Copies.of(hashes.values, rows),
        1 - (1 - min(1.0, hashes.by_chance)) ** train,
        left_out,
    )


def _rows(splits: Splits) -> dict[str, np.ndarray]:
    """The rows of each split, were they one after the other."""
    found, start = {}, 0
    for name, part in splits.parts.items():
        found[str(name)] = np.arange(start, start + len(part))
        start += len(part)
    return found


def _sampled(rows: Mapping[str, np.ndarray], num_columns: int, seed: int) -> dict[str, np.ndarray]:
    total = sum(map(len, rows.values()))
    most = max(_MIN_ROWS, _MAX_CELLS // max(1, num_columns))
    if total <= most:
        return dict(rows)
    random = np.random.default_rng(seed)
    return {
        name: np.sort(random.choice(of_split, max(1, round(most * len(of_split) / total)), replace=False))
        for name, of_split in rows.items()
    }


def _within(sample: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The places of each split's rows in the sample."""
    ends = np.cumsum([0, *map(len, sample.values())])
    return {name: np.arange(start, end) for name, start, end in zip(sample, ends[:-1], ends[1:], strict=True)}


def _classes(splits: Splits, rows: np.ndarray) -> dict[str, np.ndarray]:
    """Of the first target with few classes, which of these training rows are of each: bool by class."""
    for name, task in splits.signature.targets.items():
        strata = part_of(task, Target).strata(splits.train.targets[name])
        names = task.label_names or ()
        if strata is not None and 2 <= len(names) <= MOST_CLASSES:
            known = splits.train.known.get(name, np.ones(len(strata), np.bool_))
            return {label: (strata == code)[rows] & known[rows] for code, label in enumerate(names)}
    return {}


def _column(
    seen: Seen,
    looked: Seen,
    profile: Profile,
    within: Mapping[str, np.ndarray],
    classes: Mapping[str, np.ndarray],
    missing: Mapping[str, np.ndarray],
) -> Column:
    of_training = np.zeros(len(looked.missing), np.bool_)
    of_training[within["train"]] = True
    parts = by_split(looked, within)
    bars = bars_of(looked, profile, of_training)
    spreads = {split: spread_of(part, profile) for split, part in parts.items()}
    for split, gaps in missing.items():
        spreads[split] |= {"missing": int(gaps.sum()), "missing_share": round(float(gaps.mean()), 6)}
    numbers = parts["train"].numbers
    return Column(
        profile.kind,
        profile,
        spreads,
        {
            split: drift(parts["train"], part)
            for split, part in parts.items()
            if split != "train" and not seen.are_opaque
        },
        bars,
        {split: bars.counts(places) for split, places in within.items()},
        {label: bars.counts(within["train"][chosen]) for label, chosen in classes.items()},
        _digest(seen),
        None if numbers is None or seen.codes is not None else mark_in(numbers),
    )


def _digest(seen: Seen) -> bytes:
    """Columns of the same values have the same; names of categories count, their order does not."""
    digest = hashlib.sha256()
    for part in seen.whole:
        digest.update(np.ascontiguousarray(part).data)
    for name in seen.names if seen.codes is not None else ():
        digest.update(str(name).encode("utf-8", "surrogateescape") + b"\0")
    return digest.digest()


def _target(
    labels: Labels,
    name: str,
    whole: Mapping[SplitName, Examples],
    looked: Mapping[SplitName, Examples],
    learned: _Learned,
) -> TargetFacts:
    """What is found of a target, counted over all rows, and compared over those that are looked at."""
    seen = {str(split): labels.seen(part.labels_of(name)) for split, part in looked.items()}
    of_all = {split: part.labels_of(name) for split, part in whole.items()}
    train = seen["train"]
    drifts = {
        split: drift(train, part)
        for split, part in seen.items()
        if split != "train" and train is not None and part is not None
    }
    joined = np.concatenate([part.targets[name] for part in looked.values()])
    codes, missing = _codes(joined), {}
    if any(name in part.known for part in whole.values()):
        missing = {str(split): len(part) - len(of_all[split]) for split, part in whole.items()}
        known = np.concatenate(
            [np.isin(np.arange(len(part)), part.rows_of(name)) for part in looked.values()]
        )
        codes, learned = np.where(known, codes, -1), learned.having(known)
    return TargetFacts(
        labels,
        labels.classes(of_all),
        labels.spreads(of_all),
        {str(split): whole[split].rows_of(name)[found] for split, found in labels.outliers(of_all).items()},
        drifts,
        codes,
        alone(learned.columns, labels.seen(joined[learned.rows]), learned.seed),
        missing,
    )


def _codes(labels: np.ndarray) -> np.ndarray:
    if labels.ndim == 1 and labels.dtype.kind in "iub":
        return labels.astype(np.int64)
    _, codes = np.unique(labels.reshape(len(labels), -1), axis=0, return_inverse=True)
    return codes.reshape(-1).astype(np.int64)
