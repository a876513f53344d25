"""Whether each row of a column has a value of its own."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

_SAMPLE = 1000


@dataclass
class Uniqueness:
    """Whether each row has a value of its own; values are kept as 8 bytes each as long as it seems so."""

    is_possible: bool = True
    _is_rising: bool = True
    _kept: list[np.ndarray] = field(default_factory=list)

    def take(self, values: np.ndarray) -> None:
        """Take the values of one block, numbers or hashes."""
        import numpy as np

        if self.is_possible and len(np.unique(values[:_SAMPLE])) < len(values[:_SAMPLE]):
            self.give_up()
        if not self.is_possible or not len(values):
            return
        last = self._kept[-1][-1] if self._kept else values[0] - 1
        self._is_rising = self._is_rising and bool(values[0] > last and (values[1:] > values[:-1]).all())
        self._kept.append(values.copy())

    def give_up(self) -> None:
        """It is known that some value is there twice."""
        self.is_possible = False
        self._kept.clear()

    def holds(self) -> bool:
        """Whether no value was there twice."""
        import numpy as np

        if not self.is_possible or not self._kept:
            return False
        if self._is_rising:
            return True
        values = np.concatenate(self._kept)
        values.sort()
        return bool((values[1:] != values[:-1]).all())
