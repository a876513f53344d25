"""How numbers are spread."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np

from bigmodel_cli.kinds.profile import Seen
from bigmodel_cli.tasks.audit import BySplit, Labels

# Tukey's outer fence, in interquartile ranges beyond the quartiles (Exploratory Data Analysis, 1977).
FENCE = 3.0
# Rows of examples, from the lowest number to the highest.
_NUM_RANGES = 6


class RegressionLabels(Labels):
    """Looks at each output. Equal examples with other numbers are noise, which a loss averages."""

    contradiction: ClassVar[Literal["error", "warning"]] = "warning"
    tell_apart: ClassVar[bool] = False

    def shown(self, label: np.generic | np.ndarray) -> Any:
        return label.tolist()

    def rows(self, labels: np.ndarray, of_training: np.ndarray) -> list[tuple[str, np.ndarray]]:
        """Ranges of the first number with the examples in them."""
        first = labels.reshape(len(labels), -1)[:, 0]
        parts = np.array_split(np.argsort(first, kind="stable"), _NUM_RANGES)
        return [(f"{first[part[0]]:.4g} to {first[part[-1]]:.4g}", part) for part in parts if len(part)]

    def seen(self, labels: np.ndarray) -> Seen | None:
        columns = _columns(labels)
        return Seen(columns[0].astype(np.float32)) if len(columns) == 1 else None

    def spreads(self, labels: BySplit) -> dict[str, Any]:
        return {split: [_spread(column) for column in _columns(part)] for split, part in labels.items()}

    def outliers(self, labels: BySplit) -> BySplit:
        fences = [_fences(column) for column in _columns(labels["train"])]
        return {
            split: np.flatnonzero(
                np.any(
                    [
                        (column < low) | (column > high)
                        for column, (low, high) in zip(_columns(part), fences, strict=True)
                    ],
                    axis=0,
                )
            )
            for split, part in labels.items()
        }


def _columns(labels: np.ndarray) -> np.ndarray:
    """Labels as float64 of shape (outputs, n)."""
    return np.asarray(labels, np.float64).reshape(len(labels), -1).T


def _fences(column: np.ndarray) -> tuple[float, float]:
    finite = column[np.isfinite(column)]
    if not len(finite):
        return -np.inf, np.inf
    low, high = np.quantile(finite, [0.25, 0.75])
    # Where half of all targets are the same, any other would be outside.
    width = FENCE * (high - low) if high > low else np.inf
    return float(low - width), float(high + width)


def _spread(column: np.ndarray) -> dict[str, Any]:
    finite = column[np.isfinite(column)]
    numbers = {"nan": int(np.isnan(column).sum()), "infinite": int(np.isinf(column).sum())}
    if not len(finite):
        return numbers
    quarter, median, three_quarters = np.quantile(finite, [0.25, 0.5, 0.75])
    return {
        "min": float(finite.min()),
        "quartile_1": float(quarter),
        "median": float(median),
        "quartile_3": float(three_quarters),
        "max": float(finite.max()),
        "mean": float(finite.mean()),
        "std": float(finite.std()),
        **numbers,
    }
