"""What examples are like: their channels, and how many there are of each class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bigmodel_cli.audit.sums import Sums
from bigmodel_cli.sources.base import SplitName


def describe_channels(sums: Sums) -> list[dict[str, float]]:
    """Mean, spread and range of each channel, or feature."""
    means = sums.totals / np.maximum(sums.counts, 1)
    # Rounding may leave a little less than nothing.
    variances = np.maximum(sums.squares / np.maximum(sums.counts, 1) - means**2, 0.0)
    return [
        {"mean": float(mean), "std": float(std), "min": float(low), "max": float(high)}
        for mean, std, low, high in zip(means, np.sqrt(variances), sums.lowest, sums.highest, strict=True)
    ]


def constant_features(sums: Sums) -> list[int]:
    """Places of features that have the same value in all examples."""
    return np.flatnonzero(sums.lowest == sums.highest).tolist()


def imbalance(classes: Sequence[Mapping[str, Any]], split: SplitName) -> float | None:
    """The largest class of a split in terms of its smallest one that has examples; None without classes."""
    counts = [row["examples"][split] for row in classes if row["examples"][split]]
    return max(counts) / min(counts) if counts else None
