"""Columns in memory, as simple models take them."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bigmodel_cli.errors import DataError
from bigmodel_cli.kinds.baseline import Encoder, Encoding
from bigmodel_cli.sources.base import Examples
from bigmodel_cli.sources.stores import ArrayStore, Store

# Values that a thread reads at once.
_GROUP = 64
Progress = Callable[[str, int, int | None], None]


@dataclass(frozen=True, eq=False)
class Columns:
    """Examples in memory.

    Attributes:
        values: As their encoders keep them, by the names of columns.
        targets: By the names of targets.
        weights: What each counts, float32 of shape (n,); None: all count the same.
        num_skipped: Examples that could not be read and were left out.
        known: Which have a target, bool of shape (n,), by the targets that some lack.
        sought: What scores compare with, by the targets that say less.
    """

    values: Mapping[str, np.ndarray]
    targets: Mapping[str, np.ndarray]
    weights: np.ndarray | None = None
    num_skipped: int = 0
    known: Mapping[str, np.ndarray] = field(default_factory=dict)
    sought: Mapping[str, np.ndarray] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(next(iter(self.targets.values())))

    def first(self, count: int) -> Columns:
        """The first ones, with no copy."""
        return self._taken(slice(count))

    def having(self, target: str) -> Columns:
        """Those that have a target."""
        return self._taken(self.known[target]) if target in self.known else self

    def _taken(self, rows: Any) -> Columns:
        return Columns(
            {name: values[rows] for name, values in self.values.items()},
            {name: labels[rows] for name, labels in self.targets.items()},
            None if self.weights is None else self.weights[rows],
            self.num_skipped,
            {name: has[rows] for name, has in self.known.items()},
            {name: found[rows] for name, found in self.sought.items()},
        )


def read_columns(
    examples: Examples,
    encoders: Mapping[str, Encoder],
    label: str,
    progress: Progress,
    *,
    skips: bool,
) -> Columns:
    """Read what simple models need of examples.

    Args:
        examples: All of them are read.
        encoders: For columns that are used.
        label: What is done, for `progress`.
        progress: Called with the label, values that were read, and their total.
        skips: Whether an example that cannot be read is left out.

    Raises:
        DataError: If one cannot be read that is not left out, or none is left.
    """
    values: dict[str, np.ndarray] = {}
    problems: dict[int, DataError] = {}
    for name, encoder in encoders.items():
        store = examples.inputs[name]
        if store.gathers:
            values[name] = encoder.values(store)
        else:
            values[name], bad = _read(store, encoder, label, progress)
            problems |= bad
    if problems and (not skips or len(problems) == len(examples)):
        raise problems[min(problems)]
    kept = np.setdiff1d(np.arange(len(examples)), np.array(sorted(problems), np.int64))
    return Columns(
        {name: found[kept] if problems else found for name, found in values.items()},
        {name: labels[kept] if problems else labels for name, labels in examples.targets.items()},
        None if examples.weights is None else examples.weights[kept],
        len(problems),
        {name: has[kept] for name, has in examples.known.items()},
        {name: found[kept] for name, found in examples.sought.items()},
    )


def _read(
    store: Store, encoder: Encoder, label: str, progress: Progress
) -> tuple[np.ndarray, dict[int, DataError]]:
    """Values one by one, by a thread per core; a row that could not be read has zeros."""
    problems: dict[int, DataError] = {}

    def read_group(start: int) -> np.ndarray:
        rows = np.zeros((min(_GROUP, len(store) - start), *store.shape), store.dtype)
        for number in range(len(rows)):
            try:
                rows[number] = store.read(start + number)
            except DataError as error:
                problems[start + number] = error
        return encoder.values(ArrayStore(rows, ""))

    groups = []
    with ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="baseline") as threads:
        for group in threads.map(read_group, range(0, len(store), _GROUP)):
            groups.append(group)
            progress(label, min(len(groups) * _GROUP, len(store)), len(store))
    return np.concatenate(groups), problems


@dataclass(frozen=True, eq=False)
class Matrix:
    """Columns side by side as one model takes them.

    Attributes:
        encodings: By the names of columns, as they were learned from training examples.
        are_codes: Which of the numbers stand for names, bool of shape (k,).
    """

    encodings: Mapping[str, Encoding]
    are_codes: np.ndarray

    @classmethod
    def of(cls, encodings: Mapping[str, Encoding], train: Columns) -> Matrix:
        """With encodings that were learned from training examples."""
        widths = {
            name: encoding.encode(train.values[name][:1]).shape[1] for name, encoding in encodings.items()
        }
        codes = [np.full(widths[name], encoding.are_codes) for name, encoding in encodings.items()]
        return cls(encodings, np.concatenate(codes))

    def __call__(self, columns: Columns) -> Any:
        """Shape (n, k); sparse where a column is."""
        parts = [encoding.encode(columns.values[name]) for name, encoding in self.encodings.items()]
        if len(parts) == 1:
            return parts[0]
        if all(isinstance(part, np.ndarray) for part in parts):
            return np.concatenate(parts, axis=1)
        from scipy.sparse import csr_array, hstack

        return hstack([csr_array(part) for part in parts], format="csr")
