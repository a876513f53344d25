"""Where the values of one column of examples are: in memory, or to be read one by one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    from bigmodel_cli.sources.files import Files


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
    """

    array: np.ndarray | None = None
    names: Sequence[str] | None = None
    files: Files | None = None
    positions: np.ndarray | None = None

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
    """Texts in memory, each by its place among those that there are.

    Attributes:
        array: int32 places of shape (n,); the one behind the last name stands for "".
        names: The texts.
        origin: What the examples are called.
    """

    array: np.ndarray = field()
    names: Sequence[str] = field()
    origin: str = ""
    positions: np.ndarray | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        return ()

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

        place = int(self.array[index])
        return np.array(self.names[place] if place < len(self.names) else "", object)

    def name(self, index: int) -> str:
        return row_name(self.origin, self.positions, index)

    def add_to(self, digest: Any) -> None:
        # Another order of the same names is nothing else, and names that no example has do not count.
        for text in self.values_of(self.array).tolist():
            digest.update(text.encode("utf-8", "surrogateescape") + b"\0")


def row_name(origin: str, positions: np.ndarray | None, index: int) -> str:
    """What an example in memory is called: `train[17]`."""
    return f"{origin}[{index if positions is None else int(positions[index])}]"


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


def add_array(digest: Any, array: np.ndarray) -> None:
    """Update a hash by an array with its dtype and shape."""
    import numpy as np

    digest.update(f"{array.dtype} {array.shape}".encode())
    digest.update(np.ascontiguousarray(array).reshape(-1).view("uint8").data)
