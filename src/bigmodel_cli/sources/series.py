"""A text as one row of tokens, and the windows that examples are."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True, eq=False)
class Series:
    """Tokens one behind the other; an example is a window of them, its target the same one token on.

    The windows that examples are lie side by side and end with the text, so that what is held out is
    measured to its last token. An epoch of training draws others (`drawn`), which may begin anywhere.

    Attributes:
        ids: int32 of shape (tokens,).
        length: Tokens of a window.
        per_epoch: Windows that an epoch draws; None: as many as lie side by side.
    """

    ids: np.ndarray
    length: int
    per_epoch: int | None = None

    def __len__(self) -> int:
        """How many windows lie side by side."""
        return (len(self.ids) - 1) // self.length

    @property
    def first(self) -> int:
        """Where the first of them begins."""
        return len(self.ids) - 1 - len(self) * self.length

    @property
    def starts(self) -> np.ndarray:
        """Where each of them begins, int64 of shape (n,)."""
        import numpy as np

        return self.first + self.length * np.arange(len(self))

    @property
    def epoch_size(self) -> int:
        """How many windows an epoch draws."""
        return self.per_epoch or len(self)

    def windows(self, shift: int = 0) -> np.ndarray:
        """All of them as a view of shape (n, length); with `shift` 1 their targets."""
        begin = self.first + shift
        return self.ids[begin : begin + len(self) * self.length].reshape(len(self), self.length)

    def drawn(self, *, seed: int, epoch: int) -> np.ndarray:
        """Where the windows of an epoch begin, in the order in which it sees them.

        Windows are dealt as from a pack: one pass over the text lays them side by side from a place that is
        drawn, and shuffles them; epochs take them one pass after the other, so that each token comes equally
        often whatever an epoch's size is.

        Args:
            seed: Of the experiment.
            epoch: From 1.

        Returns:
            int64 of shape (epoch_size,).
        """
        import numpy as np

        size, begin = len(self), (epoch - 1) * self.epoch_size
        numbers = np.arange(begin, begin + self.epoch_size)
        passes = range(int(numbers[0] // size), int(numbers[-1] // size) + 1)
        dealt = np.concatenate([self._pass(number, seed) for number in passes])
        return dealt[numbers - passes[0] * size]

    def _pass(self, number: int, seed: int) -> np.ndarray:
        """Where the windows of a pass over the text begin, shuffled."""
        import numpy as np

        random = np.random.default_rng([seed, number])
        places = len(self.ids) - self.length
        return (random.integers(places) + self.length * random.permutation(len(self))) % places

    def taken(self, rows: np.ndarray) -> Series | None:
        """The part of the text that some windows are; None where they do not lie side by side in order."""
        import numpy as np

        if not len(rows) or not np.array_equal(rows, np.arange(rows[0], rows[0] + len(rows))):
            return None
        begin = 0 if rows[0] == 0 else self.first + int(rows[0]) * self.length
        end = self.first + (int(rows[-1]) + 1) * self.length
        return replace(self, ids=self.ids[begin : end + 1])
