"""How many examples each class has, and how numbers as labels are spread."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from bigmodel_cli.pipeline.splits import Splits
from bigmodel_cli.sources.base import Examples, SplitName

# Tukey's outer fence, in interquartile ranges beyond the quartiles (Exploratory Data Analysis, 1977).
FENCE = 3.0


def count_classes(splits: Splits) -> list[dict[str, Any]]:
    """Counts and shares of each class by split, in their order; empty where labels are numbers."""
    names = splits.signature.class_names
    if names is None:
        return []
    counts = {name: np.bincount(part.labels, minlength=len(names)) for name, part in splits.parts.items()}
    return [
        {
            "class": label,
            "examples": {split: int(of_split[index]) for split, of_split in counts.items()},
            "shares": {
                split: round(float(of_split[index] / of_split.sum()), 6) for split, of_split in counts.items()
            },
        }
        for index, label in enumerate(names)
    ]


def imbalance(classes: list[dict[str, Any]], split: SplitName) -> float | None:
    """The largest class of a split in terms of its smallest one that has examples; None without classes."""
    counts = [row["examples"][split] for row in classes if row["examples"][split]]
    return max(counts) / min(counts) if counts else None


def describe_targets(splits: Splits) -> dict[str, Any] | None:
    """How labels that are numbers are spread, by split and output; None where labels are classes."""
    if splits.signature.class_names is not None:
        return None
    return {name: [_spread(column) for column in _columns(part)] for name, part in splits.parts.items()}


def outlying_targets(splits: Splits) -> Mapping[SplitName, np.ndarray]:
    """Indices of examples with a target far outside of what is usual in training, by split."""
    if splits.signature.class_names is not None:
        return {}
    fences = [_fences(column) for column in _columns(splits.train)]
    return {
        name: np.flatnonzero(
            np.any(
                [
                    (column < low) | (column > high)
                    for column, (low, high) in zip(_columns(part), fences, strict=True)
                ],
                axis=0,
            )
        )
        for name, part in splits.parts.items()
    }


def _columns(examples: Examples) -> np.ndarray:
    """Targets as float64 of shape (outputs, n)."""
    return np.asarray(examples.labels, np.float64).reshape(len(examples), -1).T


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
