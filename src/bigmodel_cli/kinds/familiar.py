"""What is measured of values, so that new ones can be compared with those of training; NumPy alone."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping

import numpy as np

from bigmodel_cli.kinds.kind import Kind


class Measuring(ABC):
    """What is measured of values of a kind.

    Attributes:
        least: No measure is below it.
        advice: What helps with values that are unlike those of training.
    """

    least = -np.inf
    advice: str | None = None

    def __init__(self, kind: Kind) -> None:
        self.kind = kind

    def span(self, values: np.ndarray) -> tuple[float, float]:
        """The least and the largest number that values may have, as far as some of them tell."""
        return (0.0, 255.0) if self.kind.dtype == "uint8" else (float(values.min()), float(values.max()))

    def scaled(self, values: np.ndarray, span: tuple[float, float]) -> np.ndarray:
        """Values of shape (n, …) as float32 between 0 and 1 where they are in the span of training."""
        low, high = span
        factor = np.float32(1 / max(high - low, 1e-12))
        return self.arranged((np.asarray(values, np.float32) - np.float32(low)) * factor)

    @abstractmethod
    def arranged(self, values: np.ndarray) -> np.ndarray:
        """Values in the shape that they are measured in: of (n, features) each feature is compared, too."""

    @abstractmethod
    def measures(self, values: np.ndarray) -> dict[str, np.ndarray]:
        """A few numbers of each scaled value, each of shape (n,), by their name."""

    @abstractmethod
    def shapes(self, values: np.ndarray) -> np.ndarray | None:
        """What scaled values show, float32 of shape (n, features); None where that is not compared."""

    def negative(self, measured: Mapping[str, float]) -> Mapping[str, float] | None:
        """What would be measured of a value whose bright is dark; None where that cannot be."""
        return None
