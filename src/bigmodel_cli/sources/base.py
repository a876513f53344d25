"""What a data source yields: examples by split, and what one example is. `predict` starts with it at once."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from bigmodel_cli.class_names import class_name
from bigmodel_cli.signature import INPUT, TARGET, Signature, slugs
from bigmodel_cli.sources.stores import ArrayStore, Store, add_array

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from pydantic import BaseModel

    from bigmodel_cli.errors import DataError
    from bigmodel_cli.sources.series import Series

SplitName = Literal["train", "validation", "test"]
Value = TypeVar("Value")


@dataclass(frozen=True, eq=False)
class Examples:
    """One split: named columns with one order.

    Attributes:
        inputs: What a model may take, by the names of columns.
        targets: What is to be predicted, by the names of columns: int64 class indices of shape (n,), rows of
            them that are filled up with -1, or float32 numbers of shape (n, …).
        beside: Columns that are neither, by name: what examples are grouped by.
        weights: What each example counts, float32 of shape (n,); None: all count the same.
        places: Tells where rows of the source stand: the file, and what follows its name (`:17`); None:
            nobody knows.
        known: Which examples have a target, bool of shape (n,), by the targets that some lack; the others
            stand in `targets` with 0, and count in no loss, metric or score of that target.
        series: The text whose windows they are, side by side; None: they are no windows, or not so.
        sought: What scores compare with, as objects of shape (n,), by the targets that say less: a place in a
            text is no text.
    """

    inputs: Mapping[str, Store]
    targets: Mapping[str, np.ndarray]
    beside: Mapping[str, Store] = field(default_factory=dict)
    weights: np.ndarray | None = None
    places: Callable[[Sequence[int]], list[tuple[Path, str]]] | None = None
    known: Mapping[str, np.ndarray] = field(default_factory=dict)
    series: Series | None = None
    sought: Mapping[str, np.ndarray] = field(default_factory=dict)

    @classmethod
    def of(cls, store: Store, labels: np.ndarray) -> Examples:
        """Of one input and one target that have no names of their own."""
        return cls({INPUT: store}, {TARGET: labels})

    @classmethod
    def of_arrays(cls, features: np.ndarray, labels: np.ndarray, origin: str) -> Examples:
        """The same in memory; they are called by `origin` and their number."""
        return cls.of(ArrayStore(features, origin), labels)

    @property
    def store(self) -> Store:
        """The one input."""
        (store,) = self.inputs.values()
        return store

    @property
    def labels(self) -> np.ndarray:
        """The one target."""
        (labels,) = self.targets.values()
        return labels

    def __len__(self) -> int:
        return len(next(iter(self.inputs.values())))

    def take(self, indices: np.ndarray) -> Examples:
        """The examples at `indices`, in that order, with no copy of what is not in memory."""
        inputs, beside = (
            {name: store.take(indices) for name, store in columns.items()}
            for columns in (self.inputs, self.beside)
        )
        targets = {name: labels[indices] for name, labels in self.targets.items()}
        weights = None if self.weights is None else self.weights[indices]
        known = {name: has[indices] for name, has in self.known.items()}
        series = None if self.series is None else self.series.taken(indices)
        sought = {name: found[indices] for name, found in self.sought.items()}
        return Examples(inputs, targets, beside, weights, self.places, known, series, sought)

    def rows_of(self, target: str) -> np.ndarray:
        """The examples that have a target, int64 places in their order."""
        import numpy as np

        return np.flatnonzero(self.known[target]) if target in self.known else np.arange(len(self))

    def having(self, target: str) -> Examples:
        """Those examples."""
        return self.take(self.rows_of(target)) if target in self.known else self

    def labels_of(self, target: str) -> np.ndarray:
        """Their targets."""
        labels = self.targets[target]
        return labels[self.known[target]] if target in self.known else labels

    def compared(self, target: str) -> np.ndarray:
        """What scores compare with, of the same."""
        if target not in self.sought:
            return self.labels_of(target)
        found = self.sought[target]
        return found[self.known[target]] if target in self.known else found

    def counts(self) -> dict[str, np.ndarray]:
        """What each example counts in the loss of each target, float32 of shape (n,), 1 on average.

        Of targets with places that count nowhere (`Bound.places`) it is what each of the others counts, so
        that the mean over all places of the split is 1: losses of parts of a batch add up to that of the
        batch, wherever it is cut, and their mean over an epoch is that over all places that count.

        So the learning rate keeps its meaning, whatever unit weights have, and the loss of a target that some
        examples lack is the mean over those that have it. Targets whose examples count the same are not
        there.
        """
        counts = {}
        for name in self.targets:
            weights, shares = self._weights_of(name), self._shares_counted(name)
            if shares is not None and weights is None:
                weights = shares * 0 + 1
            if weights is not None:
                counted = weights if shares is None else weights * shares
                mean = float(counted.mean(dtype="float64")) or 1.0
                counts[name] = (weights / mean).astype("float32")
        return counts

    def _weights_of(self, target: str) -> np.ndarray | None:
        weights = self.weights
        if target in self.known:
            known = self.known[target].astype("float32")
            weights = known if weights is None else weights * known
        return weights

    def _shares_counted(self, target: str) -> np.ndarray | None:
        """The share of each target's places that count, float32 (n,); None where all do, or it has none."""
        import numpy as np

        labels = self.targets[target]
        if labels.ndim < 2 or labels.dtype.kind != "i":
            return None
        shares = np.array([(row >= 0).mean() for row in labels], np.float32)
        return None if (shares == 1).all() else shares

    def with_inputs(self, change: Callable[[Store], Store]) -> Examples:
        """The same examples with what `change` makes of each input."""
        return replace(self, inputs={name: change(store) for name, store in self.inputs.items()})

    def read(self, index: int) -> Any:
        """The one input of an example, or inputs by name.

        Raises:
            DataError: If it cannot be read; names the file.
        """
        return bare({name: store.read(index) for name, store in self.inputs.items()})

    def name(self, index: int) -> str:
        """What a person would call the example: its path, or `train[17]`."""
        return next(iter(self.inputs.values())).name(index)

    def place(self, index: int) -> str:
        """Where the example stands, as errors name it: `people.csv:17`; may read the file up to there."""
        found = self._places_of([index])
        return self.name(index) if found is None else "{}{}".format(*found[0])

    def places_of(self, indices: Sequence[int]) -> list[str]:
        """Where examples stand, from the folder that their files have in common; reads a file once.

        Raises:
            DataError: If it cannot be read any more.
        """
        found = self._places_of(indices)
        if not found:
            return [self.name(index) for index in indices]
        folder = os.path.commonpath([path.absolute().parent for path in {path for path, _ in found}])
        return [f"{os.path.relpath(path, folder)}{line}" for path, line in found]

    def _places_of(self, indices: Sequence[int]) -> list[tuple[Path, str]] | None:
        in_rows = (store for store in self.inputs.values() if store.files is None)
        store = next(in_rows, None)
        if self.places is None or store is None:
            return None
        positions = store.positions
        return self.places([index if positions is None else int(positions[index]) for index in indices])

    def fingerprint(self) -> str:
        """A sha256 that changes when the examples, their labels or their order change."""
        digest = hashlib.sha256()
        is_plain = len(self.inputs) == len(self.targets) == 1
        # An order of columns is nothing that examples have.
        for name, store in sorted(self.inputs.items()):
            # One input and one target have been told apart without names since before there were several.
            digest.update(b"" if is_plain else f"{name}\0".encode())
            store.add_to(digest)
        tells_layout = all(store.tells_layout for store in self.inputs.values())
        for name, labels in sorted(self.targets.items()):
            digest.update(b"" if is_plain else f"{name}\0".encode())
            if tells_layout:
                add_array(digest, labels)
            else:
                digest.update(labels.tobytes())
        if self.weights is not None:
            add_array(digest, self.weights)
        for name, known in sorted(self.known.items()):
            digest.update(f"{name}\0".encode())
            add_array(digest, known)
        for _, found in sorted(self.sought.items()):
            # A row of several fields makes the same text as a tuple, in a fiftieth of the time.
            digest.update("\n".join(map(str, found.tolist())).encode("utf-8", "surrogateescape"))
        return digest.hexdigest()


def bare(columns: Mapping[str, Value]) -> Value | Mapping[str, Value]:
    """Columns as models take them: the one of one input, else all of them by what inputs are called there."""
    if len(columns) == 1:
        return next(iter(columns.values()))
    return {slug: columns[name] for name, slug in slugs(columns).items()}


@dataclass(frozen=True)
class Source:
    """What a source yields: at least a training split (or any, for evaluation), and what its examples are.

    Attributes:
        splits: Examples by split.
        signature: What one example is.
        num_skipped: Files that could not be read and were left out.
        looked_at: Options that name what was found out about the data, so that nobody need look again; None:
            nothing was.
        grouped_by: The column beside the others whose examples belong together, where the config does not say
            what splits follow; None: each is by itself.
    """

    splits: Mapping[SplitName, Examples]
    signature: Signature
    num_skipped: int = 0
    looked_at: BaseModel | None = None
    grouped_by: str | None = None


def _ignore(_label: str, _done: int, _total: int | None) -> None:
    """The progress reporter where nobody looks."""


@dataclass(frozen=True)
class LoadContext:
    """What a source may use besides its options.

    Attributes:
        seed: The experiment's seed.
        offline: No download may be made.
        for_evaluation: What training demands of data (a training split, two classes or more, every class in
            it) is not asked for.
        skip_bad_files: Files that cannot be read are left out with a warning, where there are others.
        progress: Called with a label, the bytes or files done, and their total (None if unknown).
        warn: Called with a sentence that the user should read.
        beside: Columns that are asked for beside inputs and targets, where a source has columns.
        group_by: A column that splits are cut by, beside the others; an input only where the options say so.
        order_by: A column whose order decides splits, beside the others.
        keeps_decoded: Whether decoded examples may be kept on disk for later runs.
        left_out: Called with each file that is left out since it cannot be read: its split, its path
            relative to the source's root, and what is wrong with it; None: one warning tells of all of them.
        column_left_out: Called with each column that is left out since nothing can be learned from it, and
            the reason; None: one warning tells of all of them.
    """

    seed: int = 0
    offline: bool = False
    for_evaluation: bool = False
    skip_bad_files: bool = False
    progress: Callable[[str, int, int | None], None] = _ignore
    warn: Callable[[str], None] = field(default=lambda _message: None)
    beside: Sequence[str] = ()
    group_by: str | None = None
    order_by: str | None = None
    keeps_decoded: bool = False
    left_out: Callable[[SplitName, str, DataError], None] | None = None
    column_left_out: Callable[[str, str], None] | None = None

    @property
    def columns_beside(self) -> list[str]:
        """All columns that are asked for."""
        by = (name for name in (self.group_by, self.order_by) if name is not None)
        return list(dict.fromkeys([*self.beside, *by]))


def class_indices(labels: Sequence[Any] | np.ndarray) -> tuple[np.ndarray, tuple[str, ...]]:
    """Number distinct labels in sorted order; a name in two forms of Unicode is one.

    Returns:
        The labels as int64 indices, and the class names in index order.
    """
    import numpy as np

    found, indices = np.unique(np.asarray(labels), return_inverse=True)
    names = [class_name(str(name)) for name in found]
    # As they are written in the data, they are in the order that runs were trained with.
    number_of = {name: number for number, name in enumerate(dict.fromkeys(names))}
    numbers = np.array([number_of[name] for name in names], np.int64)
    return numbers[indices.reshape(-1)], tuple(number_of)
