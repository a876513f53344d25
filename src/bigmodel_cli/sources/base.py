"""What a data source yields: examples by split, and what one example is. `predict` starts with it at once."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from bigmodel_cli.class_names import class_name
from bigmodel_cli.signature import Signature

if TYPE_CHECKING:
    import numpy as np

    from bigmodel_cli.errors import DataError

SplitName = Literal["train", "validation", "test"]


class Examples(ABC):
    """One split: labelled examples in a fixed order, read by index.

    Attributes:
        labels: int64 class indices of shape (n,), or float32 numbers of shape (n, …).
    """

    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)

    @abstractmethod
    def take(self, indices: np.ndarray) -> Examples:
        """The examples at `indices`, in that order, with no copy of what is not in memory."""

    @abstractmethod
    def read(self, index: int) -> np.ndarray:
        """The features of one example, of the signature's shape and dtype.

        Raises:
            DataError: If it cannot be read; names the file.
        """

    def read_into(self, index: int, out: np.ndarray) -> None:
        """Read the features of one example into an array of the signature's shape and dtype.

        Raises:
            DataError: As `read`; what `out` holds then is undefined.
        """
        out[...] = self.read(index)

    @abstractmethod
    def name(self, index: int) -> str:
        """What a person would call the example: its path, or `train[17]`."""

    @abstractmethod
    def fingerprint(self) -> str:
        """A sha256 that changes when the examples, their labels or their order change."""


@dataclass(frozen=True, eq=False)
class ArrayExamples(Examples):
    """Examples that are in memory as one array, kept in the dtype that they came in."""

    features: np.ndarray
    labels: np.ndarray
    origin: str
    positions: np.ndarray | None = None

    def take(self, indices: np.ndarray) -> ArrayExamples:
        positions = indices if self.positions is None else self.positions[indices]
        return ArrayExamples(self.features[indices], self.labels[indices], self.origin, positions)

    def read(self, index: int) -> np.ndarray:
        example: np.ndarray = self.features[index]
        return example

    def name(self, index: int) -> str:
        position = index if self.positions is None else int(self.positions[index])
        return f"{self.origin}[{position}]"

    def fingerprint(self) -> str:
        import numpy as np

        digest = hashlib.sha256()
        for array in (self.features, self.labels):
            digest.update(f"{array.dtype} {array.shape}".encode())
            digest.update(np.ascontiguousarray(array).data.cast("B"))
        return digest.hexdigest()


@dataclass(frozen=True)
class Source:
    """What a source yields: at least a training split (or any, for evaluation), and what its examples are.

    Attributes:
        splits: Examples by split.
        signature: What one example is.
        num_skipped: Files that could not be read and were left out.
    """

    splits: Mapping[SplitName, Examples]
    signature: Signature
    num_skipped: int = 0


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
        left_out: Called with each file that is left out since it cannot be read: its split, its path
            relative to the source's root, and what is wrong with it; None: one warning tells of all of them.
    """

    seed: int = 0
    offline: bool = False
    for_evaluation: bool = False
    skip_bad_files: bool = False
    progress: Callable[[str, int, int | None], None] = _ignore
    warn: Callable[[str], None] = field(default=lambda _message: None)
    left_out: Callable[[SplitName, str, DataError], None] | None = None


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
