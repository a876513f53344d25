"""The cells of one column in one block of rows: with pyarrow where it is installed, else as lists."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from bigmodel_cli.plain_numbers import plain_number
from bigmodel_cli.sources.tables.columns import Texts
from bigmodel_cli.sources.tables.numbers import PLAIN, Notation, is_padded, parse

if TYPE_CHECKING:
    import numpy as np

# What the cells of a column are asked for: anything; which of a few texts each of them is; their numbers and
# which of them have none; lists of numbers.
Use = Literal["any", "few", "number", "vector"]
# What stands for the length of a list where there is no value, and where there is something else.
NO_VALUE, NO_NUMBERS = -1, -2


class Cells(ABC):
    """The cells of one column in one block of rows.

    Texts are without space around them, and "" where there is no value.
    """

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def first(self, count: int) -> Sequence[str]:
        """The texts of the first cells."""

    @abstractmethod
    def encoded(self) -> tuple[Sequence[str], np.ndarray]:
        """The different texts, and for each cell the place of its own among them (int32)."""

    @abstractmethod
    def numbers(self, missing: frozenset[str], notation: Notation = PLAIN) -> np.ndarray | None:
        """The numbers (float64, NaN where there is none); None where some cell is none."""

    @abstractmethod
    def counts_where(self, condition: np.ndarray) -> Mapping[str, int]:
        """How many cells have which text, of those where a condition holds."""

    @abstractmethod
    def any_padded(self) -> bool:
        """Whether any number begins with a zero that says nothing: `01069`."""

    @abstractmethod
    def texts(self) -> Texts:
        """All texts, one after the other."""

    def mapped(self, value_of: Callable[[str], Any], dtype: Any) -> np.ndarray:
        """What a function makes of each text; it is asked once for each different one."""
        import numpy as np

        texts, places = self.encoded()
        values: np.ndarray = np.array([value_of(text) for text in texts], dtype).take(places)
        return values

    def vectors(self) -> tuple[np.ndarray, np.ndarray]:
        """Cells that are lists of numbers: `[0.5, 2]`.

        Returns:
            All numbers, one after the other (float64, some of which may be NaN or infinite), and how many
            each cell has (int64): `NO_VALUE` or `NO_NUMBERS` where it is no such list.
        """
        import numpy as np

        texts, places = self.encoded()
        lists = [_numbers_of(text) for text in texts]
        lengths = np.array(
            [
                len(found) if found is not None else NO_NUMBERS if text else NO_VALUE
                for found, text in zip(lists, texts, strict=True)
            ],
            np.int64,
        )
        numbers = [number for place in places.tolist() for number in lists[place] or ()]
        return np.array(numbers, np.float64), lengths[places]

    def counts(self) -> tuple[Sequence[str], np.ndarray]:
        """The different texts, and how many cells have each."""
        import numpy as np

        texts, places = self.encoded()
        return texts, np.bincount(places, minlength=len(texts))


class ListCells(Cells):
    """Cells as Python has them."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = [text.strip() for text in texts]

    def __len__(self) -> int:
        return len(self._texts)

    def first(self, count: int) -> Sequence[str]:
        return self._texts[:count]

    def encoded(self) -> tuple[Sequence[str], np.ndarray]:
        import numpy as np

        place_of: dict[str, int] = {}
        places = [place_of.setdefault(text, len(place_of)) for text in self._texts]
        return list(place_of), np.array(places, np.int32)

    def numbers(self, missing: frozenset[str], notation: Notation = PLAIN) -> np.ndarray | None:
        import numpy as np

        nan = float("nan")
        found = [nan if not text or text in missing else parse(text, notation) for text in self._texts]
        return None if None in found else np.array(found, np.float64)

    def counts_where(self, condition: np.ndarray) -> Mapping[str, int]:
        return Counter(self._texts[place] for place in condition.nonzero()[0])

    def any_padded(self) -> bool:
        return any(map(is_padded, self._texts))

    def texts(self) -> Texts:
        import numpy as np

        encoded = [text.encode("utf-8", "surrogatepass") for text in self._texts]
        offsets = np.zeros(len(encoded) + 1, np.int64)
        np.cumsum([len(text) for text in encoded], out=offsets[1:])
        return Texts(np.frombuffer(b"".join(encoded), np.uint8), offsets)


def _numbers_of(text: str) -> list[float] | None:
    """The numbers of a list that is written `[0.5, 2]`; None where it is none."""
    if len(text) < 2 or text[0] != "[" or text[-1] != "]":
        return None
    if not text[1:-1].strip():
        return []
    found = [plain_number(item.strip()) for item in text[1:-1].split(",")]
    return [number for number in found if number is not None] if None not in found else None
