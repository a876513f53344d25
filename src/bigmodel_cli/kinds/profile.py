"""What an audit sees of a table's column: numbers, or values that are counted."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    from bigmodel_cli.sources.stores import Store


@dataclass(frozen=True, eq=False)
class Seen:
    """A column of several splits, one after the other.

    Attributes:
        numbers: float32 of shape (n,) that have an order and distances, NaN where there is no value; None:
            there are none.
        codes: int32 of shape (n,), the place of each value among the different ones, -1 where there is none;
            None: they are not counted.
        names: The values that codes stand for.
        are_texts: Whether the values are written by people, each another one.
        are_opaque: Whether all that is known of two values is if they are the same: arrays, images.
        parts: All of each value, where `numbers` or `codes` are a part of it: arrays of shape (n,).
    """

    numbers: np.ndarray | None = None
    codes: np.ndarray | None = None
    names: Sequence[str] = ()
    are_texts: bool = False
    are_opaque: bool = False
    parts: Sequence[np.ndarray] = ()

    @property
    def missing(self) -> np.ndarray:
        """Which values are missing: bool of shape (n,)."""
        import numpy as np

        if self.codes is not None:
            gaps: np.ndarray = self.codes < 0
            return gaps
        assert self.numbers is not None
        return np.asarray(np.isnan(self.numbers))

    @property
    def whole(self) -> Sequence[np.ndarray]:
        """What decides whether two values are the same: arrays of shape (n,)."""
        if self.parts:
            return self.parts
        array = self.numbers if self.codes is None else self.codes
        assert array is not None
        return [array]

    def take(self, rows: np.ndarray) -> Seen:
        """Some of the rows."""
        return Seen(
            None if self.numbers is None else self.numbers[rows],
            None if self.codes is None else self.codes[rows],
            self.names,
            self.are_texts,
            self.are_opaque,
            [part[rows] for part in self.parts],
        )


class Profile(ABC):
    """Looks at columns of a kind.

    Attributes:
        counts: What numbers are that are no values themselves, in words; None: they are the values.
    """

    counts: str | None = None

    def __init__(self, kind: Any) -> None:
        self.kind = kind

    @abstractmethod
    def seen(self, stores: Sequence[Store]) -> Seen:
        """A column as it is in each of several splits."""

    def shown(self, number: float) -> Any:
        """One of the numbers as people and documents have it."""
        return int(number) if number.is_integer() and abs(number) < 2**53 else float(f"{number:.7g}")


def joined_numbers(stores: Sequence[Store]) -> np.ndarray:
    """Arrays in memory one after the other, float32."""
    import numpy as np

    return np.concatenate([np.asarray(store.array, np.float32) for store in stores])


def joined_codes(stores: Sequence[Store]) -> tuple[np.ndarray, list[str]]:
    """Texts by their places among all of them; the empty one, which means that there is none, is -1."""
    import numpy as np

    places: dict[str, int] = {}
    parts = []
    for store in stores:
        assert store.names is not None and store.array is not None
        new = [places.setdefault(name, len(places)) if name else -1 for name in store.names]
        parts.append(np.array([*new, -1], np.int32)[store.array])
    return np.concatenate(parts), list(places)


def coded(values: Sequence[Any]) -> tuple[np.ndarray, list[Any]]:
    """Values that can be compared by their places among the different ones."""
    import numpy as np

    places: dict[Any, int] = {}
    return np.array([places.setdefault(value, len(places)) for value in values], np.int32), list(places)
