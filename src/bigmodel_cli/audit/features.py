"""What examples are like: their channels, the files that they come from, how many there are of each class."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bigmodel_cli.audit.measured import ImageFile, Measured
from bigmodel_cli.audit.sums import Sums
from bigmodel_cli.kinds.kind import Kind
from bigmodel_cli.sources.base import SplitName

# A side that is so many times the other one.
EXTREME_ASPECT = 3.0
NUM_EXTREME = 5


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


def describe_files(measured: Measured, names: Sequence[str], kind: Kind) -> dict[str, Any] | None:
    """Sizes, proportions and kinds of the image files; None where examples are no files.

    Args:
        measured: All that were read.
        names: What they are called.
        kind: For the size that training brings them to.
    """
    files = measured.files
    if not files:
        return None
    widths, heights = (np.array([getattr(file, side) for file in files]) for side in ("width", "height"))
    aspects = widths / heights
    stretched = np.maximum(aspects, 1 / aspects)
    extreme = np.argsort(-stretched, kind="stable")[:NUM_EXTREME]
    return {
        "width": _range(widths),
        "height": _range(heights),
        "aspect_ratio": _range(aspects),
        "modes": dict(Counter(file.mode for file in files).most_common()),
        "smaller_than_training": int(((heights < kind.shape[0]) | (widths < kind.shape[1])).sum()),
        "extreme": [
            _extreme(names[number], files[number])
            for number in extreme.tolist()
            if stretched[number] >= EXTREME_ASPECT
        ],
        "num_extreme": int((stretched >= EXTREME_ASPECT).sum()),
    }


def _extreme(name: str, file: ImageFile) -> dict[str, Any]:
    return {"name": name, "width": file.width, "height": file.height}


def _range(values: np.ndarray) -> dict[str, float]:
    low, median, high = values.min(), np.median(values), values.max()
    return {key: round(float(value), 4) for key, value in (("min", low), ("median", median), ("max", high))}
