"""Windows of texts, made as they are read: words of a text are kept once, whatever is asked about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from bigmodel_cli.sources.stores import Store, add_texts

if TYPE_CHECKING:
    import numpy as np

# Windows that a fingerprint takes at once.
_AT_ONCE = 4096


@dataclass(frozen=True, eq=False)
class WindowStore(Store):
    """So many words of a text from a place on; "" behind its last one.

    Attributes:
        words: Of all texts one behind the other, int32 places among `names`.
        begins: Of each window where it begins there, int64 of shape (n,).
        counts: How many words it has, likewise.
        length: Words of a window at most.
        names: The different words.
        examples: What each window's example is called, by `positions`.
        positions: Which of all windows these are, int64 of shape (n,).
    """

    words: np.ndarray
    begins: np.ndarray
    counts: np.ndarray
    length: int
    names: Sequence[str] = field()
    examples: Sequence[str] = field()
    positions: np.ndarray = field()

    @property
    def shape(self) -> tuple[int, ...]:
        return (self.length,)

    @property
    def dtype(self) -> np.dtype[Any]:
        import numpy as np

        return np.dtype(object)

    def __len__(self) -> int:
        return len(self.positions)

    @property
    def gathers(self) -> bool:
        return True

    def gather(self, rows: np.ndarray) -> np.ndarray:
        import numpy as np

        chosen = self.positions[rows]
        places = np.arange(self.length)
        inside = places < self.counts[chosen, np.newaxis]
        found = self.words[np.where(inside, self.begins[chosen, np.newaxis] + places, 0)]
        return np.where(inside, found, len(self.names)).astype(np.int32)

    def take(self, indices: np.ndarray) -> WindowStore:
        return replace(self, positions=self.positions[indices])

    def read(self, index: int) -> np.ndarray:
        import numpy as np

        names, places = self.names, self.gather(np.array([index]))[0].tolist()
        return np.array([names[place] if place < len(names) else "" for place in places], object)

    def name(self, index: int) -> str:
        return self.examples[int(self.positions[index])]

    def add_to(self, digest: Any) -> None:
        import numpy as np

        # Window by window: what they are is no matter of where their words are kept.
        for start in range(0, len(self), _AT_ONCE):
            rows = np.arange(start, min(start + _AT_ONCE, len(self)))
            add_texts(digest, self.gather(rows), self.names)
