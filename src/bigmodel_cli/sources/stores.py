"""Where the values of one column of examples are: in memory, or to be read one by one."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    import numpy as np

    from bigmodel_cli.kinds.kind import Kind
    from bigmodel_cli.sources.files import Files

# Values of a file that are read at once.
_CHUNK = 1 << 20


class Store(ABC):
    """The values of one column for some examples, in their order; a subclass has `read` or `read_into`.

    Attributes:
        shape: Of one value.
        dtype: Of the same.
        array: All values, where they are in memory; axis 0 counts the examples. Of texts it has the places
            among `names`.
        names: Texts that the array's places stand for, the place behind the last one for ""; None: the array
            has the values.
        files: What values are decoded from, where it is files; the places of these values among them are
            `positions`.
        draws: Whether the number of a value may have a draw with it (pipeline/draws.py).
    """

    array: np.ndarray | None = None
    names: Sequence[str] | None = None
    files: Files | None = None
    positions: np.ndarray | None = None
    draws: bool = False

    @property
    @abstractmethod
    def shape(self) -> tuple[int, ...]: ...

    @property
    @abstractmethod
    def dtype(self) -> np.dtype[Any]: ...

    @property
    def tells_layout(self) -> bool:
        """Whether dtype and shape of the labels beside these values count in fingerprints."""
        return True

    @property
    def value_bytes(self) -> int:
        """What one value takes."""
        import math

        return self.dtype.itemsize * math.prod(self.shape)

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def take(self, indices: np.ndarray) -> Store:
        """The values at `indices`, in that order, with no copy of what is not in memory."""

    def read(self, index: int) -> np.ndarray:
        """One value.

        Raises:
            DataError: If it cannot be read; names the file.
        """
        import numpy as np

        value = np.empty(self.shape, self.dtype)
        self.read_into(index, value)
        return value

    def read_into(self, index: int, out: np.ndarray) -> None:
        """Read one value into an array of its shape and dtype.

        Raises:
            DataError: As `read`; what `out` holds then is undefined.
        """
        out[...] = self.read(index)

    @abstractmethod
    def name(self, index: int) -> str:
        """What a person would call the example: its path, or `train[17]`."""

    @abstractmethod
    def add_to(self, digest: Any) -> None:
        """Update a hash by what decides the values and their order."""

    def astype(self, dtype: str) -> Store:
        """The same in another dtype, where the values are in memory."""
        return self

    @property
    def gathers(self) -> bool:
        """Whether `gather` gives many values at once."""
        return self.array is not None

    def gather(self, rows: np.ndarray) -> np.ndarray:
        """Several values, of texts their places among `names`, as `array` has them; see `gathers`."""
        assert self.array is not None, "what is not in memory is read one by one"
        found: np.ndarray = self.array[rows]
        return found

    def values_of(self, held: np.ndarray) -> np.ndarray:
        """The values that a part of `array` stands for."""
        if self.names is None:
            return held
        import numpy as np

        found: np.ndarray = np.array([*self.names, ""], object)[held]
        return found


@dataclass(frozen=True, eq=False)
class ArrayStore(Store):
    """Values in memory, kept in the dtype that they came in."""

    # Without `field`, the default of the base would be its default too.
    array: np.ndarray = field()
    origin: str
    positions: np.ndarray | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        return self.array.shape[1:]

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.array.dtype

    def __len__(self) -> int:
        return len(self.array)

    def take(self, indices: np.ndarray) -> ArrayStore:
        positions = indices if self.positions is None else self.positions[indices]
        return ArrayStore(self.array[indices], self.origin, positions)

    def read(self, index: int) -> np.ndarray:
        value: np.ndarray = self.array[index]
        return value

    def name(self, index: int) -> str:
        return row_name(self.origin, self.positions, index)

    def add_to(self, digest: Any) -> None:
        add_array(digest, self.array)

    def astype(self, dtype: str) -> ArrayStore:
        return self if str(self.dtype) == dtype else replace(self, array=self.array.astype(dtype))


@dataclass(frozen=True, eq=False)
class CodedStore(Store):
    """Texts in memory, or rows of them, each by its place among those that there are.

    Attributes:
        array: int32 places of shape (n, …); the one behind the last name stands for "".
        names: The texts.
        origin: What the examples are called.
    """

    array: np.ndarray = field()
    names: Sequence[str] = field()
    origin: str = ""
    positions: np.ndarray | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        return self.array.shape[1:]

    @property
    def dtype(self) -> np.dtype[Any]:
        import numpy as np

        return np.dtype(object)

    def __len__(self) -> int:
        return len(self.array)

    def take(self, indices: np.ndarray) -> CodedStore:
        positions = indices if self.positions is None else self.positions[indices]
        return replace(self, array=self.array[indices], positions=positions)

    def read(self, index: int) -> np.ndarray:
        import numpy as np

        texts = [self.names[place] if place < len(self.names) else "" for place in self.array[index].flat]
        return np.array(texts, object).reshape(self.shape)

    def name(self, index: int) -> str:
        return row_name(self.origin, self.positions, index)

    def add_to(self, digest: Any) -> None:
        add_texts(digest, self.array, self.names)


@dataclass(frozen=True, eq=False)
class TokenStore(ArrayStore):
    """Texts as tokens in memory.

    Attributes:
        texts: What the tokens were made of.
        counts: How many tokens each text has, before it was cut, int32 of shape (n,); None: nobody counted.
        unknown: How many of a row's tokens the vocabulary does not know, likewise.
        has_any_length: Whether a batch of them is as long as its longest text.
    """

    texts: Store = field(kw_only=True)
    counts: np.ndarray | None = field(default=None, kw_only=True)
    unknown: np.ndarray | None = field(default=None, kw_only=True)
    has_any_length: bool = field(default=False, kw_only=True)

    def name(self, index: int) -> str:
        return self.texts.name(index)

    def take(self, indices: np.ndarray) -> TokenStore:
        plain = super().take(indices)
        return replace(
            self,
            array=plain.array,
            positions=plain.positions,
            texts=self.texts.take(indices),
            counts=None if self.counts is None else self.counts[indices],
            unknown=None if self.unknown is None else self.unknown[indices],
        )

    def add_to(self, digest: Any) -> None:
        super().add_to(digest)
        # Texts that were cut may be others behind that.
        self.texts.add_to(digest)


def texts_of(store: Store) -> Store:
    """The texts that a column is, or that its tokens were made of."""
    return store.texts if isinstance(store, TokenStore) else store


def row_name(origin: str, positions: np.ndarray | None, index: int) -> str:
    """What an example in memory is called: `train[17]`."""
    return f"{origin}[{index if positions is None else int(positions[index])}]"


@dataclass(frozen=True, eq=False)
class MappedStore(Store):
    """Values in a file that the system reads as they are asked for: a column that is larger than memory.

    Attributes:
        mapped: All values of the file, or places among `names`, as `np.memmap`.
        origin: What the examples are called.
        positions: int64 places of these values in the file.
        names: As for `CodedStore`; None: the file has the values.
    """

    mapped: np.ndarray
    origin: str
    positions: np.ndarray = field()
    names: Sequence[str] | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        return self.mapped.shape[1:]

    @property
    def dtype(self) -> np.dtype[Any]:
        import numpy as np

        return self.mapped.dtype if self.names is None else np.dtype(object)

    def __len__(self) -> int:
        return len(self.positions)

    @property
    def gathers(self) -> bool:
        return True

    def gather(self, rows: np.ndarray) -> np.ndarray:
        import numpy as np

        # Not a view of the file, whose pages would be counted as this process's own.
        return np.array(self.mapped[self.positions[rows]])

    def take(self, indices: np.ndarray) -> MappedStore:
        return replace(self, positions=self.positions[indices])

    def read(self, index: int) -> np.ndarray:
        import numpy as np

        value: np.ndarray = self.values_of(self.gather(np.array([index])))[0]
        return np.asarray(value)

    def name(self, index: int) -> str:
        return row_name(self.origin, self.positions, index)

    def add_to(self, digest: Any) -> None:
        import numpy as np

        # As what is in memory has it: the machine's memory is nothing that data have.
        if self.names is not None:
            add_texts(digest, self.gather(np.arange(len(self))), self.names)
            return
        digest.update(f"{self.dtype} {(len(self), *self.shape)}".encode())
        for start in range(0, len(self), _CHUNK):
            part = self.gather(np.arange(start, min(start + _CHUNK, len(self))))
            digest.update(part.reshape(-1).view("uint8").data)


@dataclass(frozen=True, eq=False)
class PlacedStore(Store):
    """Values of one kind, each of which is read from its place among others.

    Attributes:
        kind: What one of them is.
        positions: Their places: int64 of shape (n,).
    """

    kind: Kind
    positions: np.ndarray = field()

    @property
    def shape(self) -> tuple[int, ...]:
        return self.kind.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        import numpy as np

        return np.dtype(self.kind.dtype)

    def __len__(self) -> int:
        return len(self.positions)

    def take(self, indices: np.ndarray) -> Self:
        return replace(self, positions=self.positions[indices])


class Wrapped(Store):
    """What gives the values of another store otherwise.

    Args:
        store: The other one.
    """

    def __init__(self, store: Store) -> None:
        self.store = store

    @property
    def shape(self) -> tuple[int, ...]:
        return self.store.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.store.dtype

    @property
    def tells_layout(self) -> bool:
        return self.store.tells_layout

    def __len__(self) -> int:
        return len(self.store)

    def take(self, indices: np.ndarray) -> Store:
        return self.store.take(indices)

    def name(self, index: int) -> str:
        return self.store.name(index)

    def add_to(self, digest: Any) -> None:
        self.store.add_to(digest)


def add_texts(digest: Any, places: np.ndarray, names: Sequence[str]) -> None:
    """Update a hash by texts, whatever the order of the names that they have their places among."""
    import numpy as np

    used, codes = np.unique(places, return_inverse=True)
    texts = [names[place] if place < len(names) else "" for place in used.tolist()]
    order = sorted(range(len(texts)), key=texts.__getitem__)
    rank = np.empty(len(texts), np.int32)
    rank[order] = np.arange(len(texts), dtype=np.int32)
    for place in order:
        digest.update(texts[place].encode("utf-8", "surrogateescape") + b"\0")
    add_array(digest, rank[codes.reshape(-1)].reshape(places.shape))


def add_array(digest: Any, array: np.ndarray) -> None:
    """Update a hash by an array with its dtype and shape; objects are texts."""
    import numpy as np

    digest.update(f"{array.dtype} {array.shape}".encode())
    if array.dtype.kind == "O":
        digest.update(json.dumps(array.tolist()).encode())
        return
    digest.update(np.ascontiguousarray(array).reshape(-1).view("uint8").data)
