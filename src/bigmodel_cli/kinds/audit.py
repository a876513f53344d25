"""What an audit looks at in values of a kind."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np


def span_of(values: np.ndarray) -> dict[str, float]:
    """Least, median and largest of some numbers, as documents have them."""
    low, median, high = values.min(), np.median(values), values.max()
    return {key: round(float(value), 4) for key, value in (("min", low), ("median", median), ("max", high))}


class Features(ABC):
    """Looks at values of a kind.

    Attributes:
        constant: What a value is whose numbers are all the same.
        are_seen: Whether people see what values are.
    """

    constant: ClassVar[str]
    are_seen: ClassVar[bool]

    def __init__(self, kind: Any) -> None:
        self.kind = kind

    def header(self, path: Path) -> Any:
        """What the header of a file says, which `describe_files` gets of all.

        Raises:
            DataError: If it cannot be read.
        """
        raise TypeError(f"a {self.kind.noun} stands in no file of its own")

    def describe_files(self, headers: Sequence[Any], names: Sequence[str]) -> dict[str, Any]:
        """What files are like, as the document has it.

        Args:
            headers: Of all that were read.
            names: What they are called.
        """
        raise TypeError(f"a {self.kind.noun} stands in no file of its own")

    def faults(self, values: np.ndarray) -> Mapping[str, np.ndarray]:
        """Which values of shape (n, …) have faults, bool of shape (n,), by the words that follow `are`."""
        return {}

    @abstractmethod
    def channels(self, values: np.ndarray) -> np.ndarray:
        """Values of shape (n, …) as (channels, numbers): what is described by its mean and spread."""

    @abstractmethod
    def thumbnails(self, values: np.ndarray) -> np.ndarray | None:
        """By what values are compared, float16 of shape (n, height, width); None where that means nothing."""
