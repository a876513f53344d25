"""Looking at a table: which rows, then column by column, then its targets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from bigmodel_cli.audit.rows.copies import Copies, RowHashes
from bigmodel_cli.audit.rows.looked import Column, LookedTable
from bigmodel_cli.audit.rows.of_one import Learned, look_at_column, look_at_target
from bigmodel_cli.audit.rows.texts.look import look_at_texts
from bigmodel_cli.config.schema import Experiment
from bigmodel_cli.kinds.audit import Features
from bigmodel_cli.parts import part_of
from bigmodel_cli.pipeline.splits import Splits
from bigmodel_cli.sources.base import Examples, SplitName
from bigmodel_cli.tasks.audit import Labels
from bigmodel_cli.tasks.target import Target

# Cells whose spread is looked at, and training rows from which a tree learns what a column tells.
_MAX_CELLS = 20_000_000
_MIN_ROWS = 20_000
_ROWS_OF_TREES = 20_000
# A histogram has a colour for each class where there are no more.
_MOST_CLASSES = 6


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
    sample = _Sample.of(rows, len(splits.signature.inputs), experiment.seed)
    hashes = RowHashes(sum(splits.sizes.values()))
    classes = _classes(splits, sample.training)
    chosen = np.random.default_rng(experiment.seed).permutation(sample.within["train"])[:_ROWS_OF_TREES]
    learned = Learned(sample.taken[chosen], {}, experiment.seed)
    profiles = part_of(splits.signature.kind, Features).columns  # type: ignore[attr-defined]
    columns: dict[str, Column] = {}
    for number, (name, profile) in enumerate(profiles.items()):
        progress("looking at the columns", number, len(profiles))
        seen = profile.seen([part.inputs[name] for part in splits.parts.values()])
        hashes.add(name, seen, sample.training)
        looked = seen.take(sample.taken)
        if not seen.are_opaque:
            learned.columns[name] = looked.take(chosen)
        missing = {split: seen.missing[of_split] for split, of_split in rows.items()}
        column = look_at_column(seen, looked, profile, sample.within, classes, missing)
        texts = look_at_texts(looked, sample.within, sample.taken) if seen.are_texts else None
        columns[name] = replace(column, texts=texts)
    targets = {
        name: look_at_target(part_of(task, Labels), name, whole, splits.parts, learned)
        for name, task in splits.signature.targets.items()
    }
    progress("looking at the columns", len(profiles), len(profiles))
    return LookedTable(
        experiment,
        splits,
        {split: len(part) for split, part in whole.items()},
        len(sample.taken),
        columns,
        targets,
        Copies.of(hashes.values, rows),
        1 - (1 - min(1.0, hashes.by_chance)) ** splits.sizes["train"],
        left_out,
    )


@dataclass(frozen=True, eq=False)
class _Sample:
    """Rows by which columns are described.

    Attributes:
        taken: Which ones of all, split by split.
        within: The places of each split's rows in it.
    """

    taken: np.ndarray
    within: Mapping[str, np.ndarray]

    @property
    def training(self) -> np.ndarray:
        """Which of the training rows."""
        rows: np.ndarray = self.taken[self.within["train"]]
        return rows

    @classmethod
    def of(cls, rows: Mapping[str, np.ndarray], num_columns: int, seed: int) -> _Sample:
        """All of some rows, by split, or as many as there is time for."""
        sample = _sampled(rows, num_columns, seed)
        ends = np.cumsum([0, *map(len, sample.values())])
        places = (np.arange(start, end) for start, end in pairwise(ends))
        return cls(np.concatenate(list(sample.values())), dict(zip(sample, places, strict=True)))


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


def _classes(splits: Splits, rows: np.ndarray) -> dict[str, np.ndarray]:
    """Of the first target with few classes, which of these training rows are of each: bool by class."""
    for name, task in splits.signature.targets.items():
        strata = part_of(task, Target).strata(splits.train.targets[name])
        names = task.label_names or ()
        if strata is not None and 2 <= len(names) <= _MOST_CLASSES:
            known = splits.train.known.get(name, np.ones(len(strata), np.bool_))
            return {label: (strata == code)[rows] & known[rows] for code, label in enumerate(names)}
    return {}
