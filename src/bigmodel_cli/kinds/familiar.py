"""What is measured of values, so that new ones can be compared with those of training; NumPy alone."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bigmodel_cli.cut import some
from bigmodel_cli.kinds.kind import Kind
from bigmodel_cli.sources.base import Examples


@dataclass(frozen=True, slots=True)
class Unlike:
    """In what an example is unlike those of training.

    Attributes:
        what: What was measured, or the column.
        value: Of the example: a number, or a text that no example of training has; None: it is missing,
            which none of training is.
        low, high: What is usual of numbers.
        hint: What may help.
    """

    what: str
    value: float | str | None
    low: float | None = None
    high: float | None = None
    hint: str | None = None

    def as_json(self) -> dict[str, Any]:
        return {"what": self.what, "value": self.value, "low": self.low, "high": self.high, "hint": self.hint}

    def __str__(self) -> str:
        if isinstance(self.value, float):
            return f"{self.what} {_number(self.value)}, not {_number(self.low)} to {_number(self.high)}"
        return f"{self.what} is missing" if self.value is None else f"{self.what} {self.value!r} is not known"


def _number(value: float | None) -> str:
    """Three digits, and all of those before the point."""
    assert value is not None
    return f"{value:.0f}" if 1000 <= abs(value) < 1e7 and value == round(value) else f"{value:.3g}"


def describe(reasons: Iterable[Unlike]) -> str:
    """In what an example is unlike those of training, in half a sentence."""
    every = list(reasons)
    missing = [one.what for one in every if one.value is None]
    said = [str(one) for one in every if one.value is not None]
    if missing:
        are, were = ("is", "was") if len(missing) == 1 else ("are", "were")
        said.append(f"{some(missing, 5)} {are} missing, and never {were} in training")
    return "; ".join(said)


class Limits(ABC):
    """What examples of training are like."""

    @property
    def looks_inside(self) -> bool:
        """Whether what the model makes of an example is compared, too."""
        return False

    @abstractmethod
    def unlike(
        self, features: Any, scores: np.ndarray | None, inner: np.ndarray | None = None
    ) -> Sequence[Sequence[Unlike]]:
        """In what each example is unlike those of training; nothing where it is like them.

        Args:
            features: Of the signature's shape, shape (n, …), or columns by name.
            scores: Probabilities, shape (n, classes); None where there are none.
            inner: What the model's last layer was given, shape (n, features); None where that is not known.
        """

    @abstractmethod
    def arrays(self) -> Mapping[str, np.ndarray]:
        """As a file has it."""


class Measuring:
    """What is measured of values of a kind."""

    def __init__(self, kind: Any) -> None:
        self.kind = kind

    def limits(self, train: Examples, held_out: Examples) -> Limits | None:
        """What examples are like, where they are measured column by column; None: each is measured whole."""
        return None

    def limits_from(self, arrays: Mapping[str, Any]) -> Limits | None:
        """What `limits` gave, as a file has it; None where examples are measured whole.

        Raises:
            KeyError, TypeError, ValueError: If it is damaged.
        """
        return None


class ValueMeasuring(Measuring):
    """What is measured of values as a whole.

    Attributes:
        least: No measure is below it.
        advice: What helps with values that are unlike those of training.
    """

    kind: Kind
    least = -np.inf
    advice: str | None = None

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
