"""A column as simple models take it: rows of numbers, for models that add numbers and for trees."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from bigmodel_cli.sources.stores import Store

# Rows that are turned into float32 at once.
_AT_ONCE = 8192
# More numbers for one value than that are too many for simple models.
MAX_NUMBERS = 10_000


@dataclass(frozen=True, eq=False)
class Encoding:
    """How values become numbers, as it was learned from training examples.

    Attributes:
        encode: Takes values as `Encoder.values` gives them; a matrix of shape (n, k), which may be sparse.
        are_codes: Whether a number stands for one of several names, and none is larger than another.
    """

    encode: Callable[[np.ndarray], Any]
    are_codes: bool = False


class Encoder(ABC):
    """Makes numbers of the values of a column.

    Attributes:
        most: Of more values, a sample is looked at.
        has_margins: Whether there are numbers by which classes are parted with a margin; a model is fitted to
            them where a column has some.
    """

    most: ClassVar[int] = 500_000

    has_margins: ClassVar[bool] = False

    @property
    def has_offsets(self) -> bool:
        """Whether a value is one of so many names that an offset for each is a model of its own."""
        return False

    def __init__(self, kind: Any) -> None:
        self.kind = kind

    @property
    def why_not(self) -> str | None:
        """Why simple models do without such a column, as words behind its name; None where they need not."""
        return None

    @property
    @abstractmethod
    def num_features(self) -> int:
        """About how many numbers an example has for a model that adds them."""

    @property
    def num_tree_features(self) -> int:
        """The same for trees."""
        return self.num_features

    @property
    def num_margin_features(self) -> int:
        """The same for models that look for a margin."""
        return self.num_features

    @abstractmethod
    def values(self, store: Store) -> np.ndarray:
        """What is kept of values in memory, one for each along the first axis.

        Args:
            store: Of values that it gathers.
        """

    @abstractmethod
    def for_linear(self, values: np.ndarray) -> Encoding:
        """Numbers of about one scale, none of them missing.

        Args:
            values: Of training examples, as `values` gives them.
        """

    def for_margins(self, values: np.ndarray) -> Encoding:
        """Numbers by which a linear model parts classes with a margin: those of any that adds.

        Args:
            values: As for `for_linear`.
        """
        return self.for_linear(values)

    def for_offsets(self, values: np.ndarray) -> Encoding:
        """One number, the place of a name, -1 for what is not known; only of columns that have such.

        Args:
            values: As for `for_linear`.
        """
        raise TypeError(f"a {self.kind.noun} is none of many names")

    @abstractmethod
    def for_trees(self, values: np.ndarray) -> Encoding:
        """Numbers as they are; NaN is missing.

        Args:
            values: As for `for_linear`.
        """


def in_memory(store: Store) -> np.ndarray:
    """All values of a store that gathers them, or of texts their places among its names."""
    return store.gather(np.arange(len(store))) if store.array is None else store.array


def as_rows(raw: np.ndarray, change: Callable[[np.ndarray], np.ndarray] = np.asarray) -> np.ndarray:
    """Values as rows of numbers, a few thousand at a time.

    Args:
        raw: Shape (n, …).
        change: What is made of them before they are rows; the first axis stays.

    Returns:
        float32 of shape (n, k).
    """
    parts = [
        change(raw[start : start + _AT_ONCE]).astype(np.float32).reshape(min(_AT_ONCE, len(raw) - start), -1)
        for start in range(0, max(len(raw), 1), _AT_ONCE)
    ]
    return np.concatenate(parts)


def standardized(train: np.ndarray) -> Encoding:
    """Each number less its mean, over its standard deviation; the median where it is missing, and that said.

    Args:
        train: float32 of shape (n, k), NaN where a number is missing.

    Returns:
        An encoding as k numbers, and one more (0 or 1) for each that was missing anywhere in training. One
        that never changes in training is 0 there.
    """
    is_missing = np.isnan(train)
    gaps = is_missing.any(axis=0)
    median = np.zeros(train.shape[1], np.float32)
    for column in np.flatnonzero(gaps):
        known = train[~is_missing[:, column], column]
        median[column] = np.median(known) if len(known) else 0
    filled = np.where(is_missing, median, train) if gaps.any() else train
    mean, deviation = filled.mean(axis=0, dtype=np.float64), filled.std(axis=0, dtype=np.float64)
    deviation[deviation == 0] = 1

    def encode(values: np.ndarray) -> np.ndarray:
        missing = np.isnan(values)
        scaled = ((np.where(missing, median, values) - mean) / deviation).astype(np.float32)
        return np.concatenate([scaled, missing[:, gaps].astype(np.float32)], axis=1)

    return Encoding(encode)
