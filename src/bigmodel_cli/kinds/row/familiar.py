"""What is known of the columns of training rows: ranges, categories, and where values are missing."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from typing import Any

import numpy as np

from bigmodel_cli.kinds.cells import Held
from bigmodel_cli.kinds.familiar import Limits, Measuring, Unlike
from bigmodel_cli.kinds.kind import Kind
from bigmodel_cli.kinds.row.kind import RowKind
from bigmodel_cli.sources.base import Examples
from bigmodel_cli.sources.stores import Store

_COLUMNS = "columns"


@dataclass(frozen=True)
class ColumnLimits:
    """What the values of a column are like.

    Attributes:
        labels: What its numbers are called, of a date each part.
        low, high: The least and the largest of each number; none where all are missing.
        known: Its categories; None where it has none.
        may_be_missing: Whether a value is missing in some row.
    """

    labels: Sequence[str] = ()
    low: Sequence[float] = ()
    high: Sequence[float] = ()
    known: Sequence[str] | None = None
    may_be_missing: bool = False

    def unlike(self, name: str, column: Held) -> Iterator[tuple[int, Unlike]]:
        """Rows whose value is not like those, with the reason."""
        if column.names is None:
            yield from self._of_numbers(name, column.array.reshape(len(column), -1))
            return
        if column.array.ndim > 1:
            # Of sentences each has words of its own, and another number of them.
            return
        missing = len(column.names)
        if not self.may_be_missing:
            yield from ((row, Unlike(name, None)) for row in _rows(column.array == missing))
        if self.known is not None:
            known = set(self.known)
            is_new = np.array([text not in known for text in column.names] + [False])
            for row in _rows(is_new[column.array]):
                yield row, self._unknown(name, column.names[column.array[row]])

    def _unknown(self, name: str, text: str) -> Unlike:
        close = get_close_matches(text, self.known or (), 1, 0.7)
        return Unlike(name, text, hint=f"did you mean {name}={close[0]}?" if close else None)

    def _of_numbers(self, name: str, numbers: np.ndarray) -> Iterator[tuple[int, Unlike]]:
        if not self.may_be_missing:
            yield from ((row, Unlike(name, None)) for row in _rows(np.isnan(numbers).any(axis=1)))
        if self.labels and len(self.labels) < numbers.shape[1]:
            # Of a list the number that is furthest from those of training stands for all.
            beyond = np.maximum(numbers - self.high, self.low - numbers).argmax(axis=1)
            numbers = numbers[np.arange(len(numbers)), beyond][:, None]
        for label, low, high, values in zip(self.labels, self.low, self.high, numbers.T, strict=True):
            for row in _rows((values < low) | (values > high)):
                yield row, Unlike(label, float(values[row]), low, high)


def _rows(chosen: np.ndarray) -> list[int]:
    rows: list[int] = np.flatnonzero(chosen).tolist()
    return rows


@dataclass(frozen=True)
class LimitsOfColumns(Limits):
    """The same of all columns.

    Attributes:
        columns: By their names.
    """

    columns: Mapping[str, ColumnLimits]

    def unlike(
        self, features: Mapping[str, Held], scores: np.ndarray | None, inner: np.ndarray | None = None
    ) -> list[list[Unlike]]:
        found: list[list[Unlike]] = [[] for _ in range(len(next(iter(features.values()))))]
        for name, limits in self.columns.items():
            for row, reason in limits.unlike(name, features[name]):
                found[row].append(reason)
        return found

    def arrays(self) -> dict[str, np.ndarray]:
        written = {name: asdict(limits) for name, limits in self.columns.items()}
        return {_COLUMNS: np.array(json.dumps(written, ensure_ascii=False))}


class RowMeasuring(Measuring):
    """Columns of numbers, categories and texts are compared one by one; what files hold is not."""

    kind: RowKind

    def limits(self, train: Examples, held_out: Examples) -> LimitsOfColumns:
        found = {}
        for name, kind in self.kind.columns.items():
            stores = [part.inputs[name] for part in (train, held_out)]
            are_held = all(store.array is not None and len(store) for store in stores)
            if are_held and kind.dtype in ("float32", "string"):
                found[name] = _limits_of(name, kind, stores)
        return LimitsOfColumns(found)

    def limits_from(self, arrays: Mapping[str, Any]) -> LimitsOfColumns:
        written = json.loads(str(arrays[_COLUMNS]))
        return LimitsOfColumns(
            {name: ColumnLimits(**one) for name, one in written.items() if name in self.kind.columns}
        )


def _limits_of(name: str, kind: Kind, stores: Sequence[Store]) -> ColumnLimits:
    if stores[0].names is not None:
        used = {text for store in stores for text in _texts(store)}
        is_missing = "" in used
        # Nobody expects a text again.
        known = sorted(used - {""}) if getattr(kind, "categories", None) is not None else None
        return ColumnLimits(known=known, may_be_missing=is_missing)
    numbers = np.concatenate([_numbers(store) for store in stores])
    is_known = ~np.isnan(numbers)
    parts = getattr(kind, "parts", None)
    labels = [name] if parts is None else [f"{name} ({part})" for part in parts]
    if not is_known.any():
        return ColumnLimits(may_be_missing=True)
    # The numbers of a list have no names of their own.
    axis = 0 if len(labels) == numbers.shape[1] else None
    low, high = (np.atleast_1d(of(numbers, axis=axis)).tolist() for of in (np.nanmin, np.nanmax))
    return ColumnLimits(labels, low, high, None, not is_known.all())


def _texts(store: Store) -> Iterator[str]:
    assert store.array is not None and store.names is not None
    names = [*store.names, ""]
    return (names[place] for place in np.unique(store.array).tolist())


def _numbers(store: Store) -> np.ndarray:
    assert store.array is not None
    return store.array.reshape(len(store), -1)
