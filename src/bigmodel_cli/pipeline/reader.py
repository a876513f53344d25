"""Reads examples by threads, ahead of who needs them, straight into the arrays that batches are."""

from __future__ import annotations

import math
import os
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from bigmodel_cli.errors import DataError
from bigmodel_cli.sources.file_checks import SKIP_HINT
from bigmodel_cli.sources.stores import Store

# Stand-ins for a bad file that are tried, before something is wrong with all files (a disk that is gone).
MAX_TRIED = 100
# Threads take several examples at a time, since a future for each costs more than a tiny image; but not so
# many that one thread still works when the others are done.
GROUPS_PER_THREAD = 4
# Where an array begins at a multiple of so many bytes, TensorFlow takes it as it is.
ALIGNMENT = 64
Columns = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Read:
    """Examples that were read.

    Attributes:
        columns: Of shape (n, *shape), by name; nobody writes into them any more.
        indices: Which examples these are as int64 of shape (n,): those asked for, or their stand-ins.
        problems: What is wrong with those that others stand in for, by index, in the order of discovery.
    """

    columns: Columns
    indices: np.ndarray
    problems: Mapping[int, DataError]


@dataclass(frozen=True)
class _Piece:
    """Examples that are being read.

    Attributes:
        wanted: Their indices.
        columns: Where they come.
        indices: Of what was read for each: usually itself.
        groups: Who reads them; each gives its problems.
    """

    wanted: np.ndarray
    columns: Columns
    indices: np.ndarray
    groups: Sequence[Future[Mapping[int, DataError]]]

    def __len__(self) -> int:
        return len(self.wanted)

    def part(self, start: int, stop: int | None) -> _Piece:
        part = slice(start, stop)
        return _Piece(self.wanted[part], _rows(self.columns, part), self.indices[part], self.groups)

    def result(self) -> Read:
        problems = {index: problem for group in self.groups for index, problem in group.result().items()}
        return Read(self.columns, self.indices, problems)


class Reader:
    """Reads examples of one split by a pool of threads.

    Args:
        stores: Their columns, by name. Where all of them take such, indices may have draws with them.
        skips: Whether another example, with all of its columns, stands in for one that cannot be read; which
            one depends on nothing but the example and those that can be read, so that a resume is exact.

    Attributes:
        example_bytes: What one example takes.
    """

    def __init__(self, stores: Mapping[str, Store], *, skips: bool) -> None:
        self.stores = stores
        self.skips = skips
        self.example_bytes = sum(store.value_bytes for store in stores.values())
        self._count = len(next(iter(stores.values())))
        self._stride = _stride(self._count)
        self._num_threads = min(16, (os.cpu_count() or 1) + 1)
        self._threads = ThreadPoolExecutor(self._num_threads, thread_name_prefix="decode")
        self._pending: deque[_Piece] = deque()
        self._is_closed = threading.Event()

    @property
    def pending(self) -> np.ndarray:
        """Indices of what is read ahead, in order: int64 of shape (n,)."""
        return _concatenated([piece.wanted for piece in self._pending])

    def ahead(self, coming: Sequence[np.ndarray]) -> None:
        """Begin to read what is probably asked for next.

        Args:
            coming: Indices of each of the next calls of `take`, int64 of shape (n,).
        """
        everything, pending = _concatenated(coming), self.pending
        both = min(len(pending), len(everything))
        if not np.array_equal(pending[:both], everything[:both]):
            self._forget()
            both = 0
        end = 0
        for indices in coming:
            start, end = max(end, both), end + len(indices)
            if start < end:
                self._pending.append(self._begin(everything[start:end]))

    def take(self, indices: np.ndarray) -> Read:
        """Some examples, in this order; without a copy where `ahead` foresaw exactly these.

        Raises:
            DataError: If one cannot be read, and is not skipped; the first one of them in this order.
        """
        pieces: list[_Piece] = []
        found = 0
        while found < len(indices) and self._pending:
            piece = self._pending.popleft()
            if len(piece) > len(indices) - found:
                self._pending.appendleft(piece.part(len(indices) - found, None))
                piece = piece.part(0, len(indices) - found)
            if not np.array_equal(piece.wanted, indices[found : found + len(piece)]):
                self._forget()
                break
            pieces.append(piece)
            found += len(piece)
        if found < len(indices):
            pieces.append(self._begin(indices[found:]))
        return _joined([piece.result() for piece in pieces])

    def close(self) -> None:
        """End the threads, each after the example that it is at."""
        self._is_closed.set()
        self._threads.shutdown(cancel_futures=True)

    def _forget(self) -> None:
        for piece in self._pending:
            for group in piece.groups:
                group.cancel()
        self._pending.clear()

    def _begin(self, wanted: np.ndarray) -> _Piece:
        columns = {
            name: _aligned((len(wanted), *store.shape), store.dtype) for name, store in self.stores.items()
        }
        indices = np.array(wanted, np.int64)
        size = max(1, len(wanted) // (GROUPS_PER_THREAD * self._num_threads))
        groups = [
            self._threads.submit(self._read_group, _rows(columns, part), indices[part])
            for part in (slice(start, start + size) for start in range(0, len(wanted), size))
        ]
        return _Piece(wanted, columns, indices, groups)

    def _read_group(self, columns: Columns, indices: np.ndarray) -> Mapping[int, DataError]:
        problems: dict[int, DataError] = {}
        for place, index in enumerate(indices.tolist()):
            if self._is_closed.is_set():
                break
            indices[place] = self._read(index, columns, place, problems)
        return problems

    def _read(self, index: int, columns: Columns, place: int, problems: dict[int, DataError]) -> int:
        """Read an example, or the first of its stand-ins that can be read, and say which it was."""
        tried = min(self._count, MAX_TRIED)
        # A stand-in is read as the example would have been.
        drawn, row = divmod(index, self._count)
        for number in range(tried):
            candidate = (row + number * self._stride) % self._count
            try:
                for name, store in self.stores.items():
                    # A view, since one value may be a scalar.
                    store.read_into(candidate + drawn * self._count, columns[name][place, ...])
            except DataError as error:
                if not self.skips:
                    raise DataError(error.message, hint=error.hint or SKIP_HINT) from error
                problems[candidate] = error
            else:
                return candidate
        raise DataError(
            f"none of {tried:,} training files that were tried can be read, "
            f"the first: {problems[row].message}",
            hint="look whether the disk with the data is still there",
        )


def _stride(count: int) -> int:
    """From an index to its stand-in: far away, since broken files come in rows, and to all in the end."""
    stride = max(1, round(0.618 * count))
    while math.gcd(stride, count) != 1:
        stride += 1
    return stride


def _concatenated(parts: Sequence[np.ndarray]) -> np.ndarray:
    return np.concatenate([np.zeros(0, np.int64), *parts])


def _aligned(shape: tuple[int, ...], dtype: np.dtype[np.generic]) -> np.ndarray:
    """An array with no content yet that TensorFlow can take as it is."""
    num_bytes = dtype.itemsize * math.prod(shape)
    memory = np.empty(num_bytes + ALIGNMENT, np.uint8)
    start = -memory.ctypes.data % ALIGNMENT
    return memory[start : start + num_bytes].view(dtype).reshape(shape)


def _joined(parts: Sequence[Read]) -> Read:
    if len(parts) == 1:
        return parts[0]
    indices = np.concatenate([part.indices for part in parts])
    columns = {}
    for name, first in parts[0].columns.items():
        columns[name] = _aligned((len(indices), *first.shape[1:]), first.dtype)
        np.concatenate([part.columns[name] for part in parts], out=columns[name])
    problems = {index: problem for part in parts for index, problem in part.problems.items()}
    return Read(columns, indices, problems)


def _rows(columns: Columns, part: slice) -> Columns:
    return {name: column[part] for name, column in columns.items()}
