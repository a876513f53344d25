"""How the values of a column are spread in a split, in a few numbers and in bars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from bigmodel_cli.kinds.profile import Profile, Seen

# Bars of a histogram, and of the values that are counted.
NUM_BINS = 24
MOST_NAMED = 12
# A category with fewer rows of training is hardly learned.
FEW_ROWS = 10
# Beyond these shares of the numbers, a histogram's last bars have all that is left.
_ENDS = (0.005, 0.995)
# A mark such as 9999 is so often there, and as far from the next number as all others are from each other.
_MARK_ROWS, _MARK_SHARE = 5, 0.0005


@dataclass(frozen=True, eq=False)
class Bars:
    """A histogram.

    Attributes:
        labels: What each bar stands for.
        places: The bar of each row; the one behind the last is that of missing values.
        is_ordered: Whether bars have an order and stand next to each other.
    """

    labels: Sequence[str]
    places: np.ndarray
    is_ordered: bool

    def counts(self, rows: np.ndarray) -> list[int]:
        """Rows in each bar, those without a value last.

        Args:
            rows: Which ones: indices or bool.
        """
        found: list[int] = np.bincount(self.places[rows], minlength=len(self.labels) + 1).tolist()
        return found


def bars_of(seen: Seen, profile: Profile, of_training: np.ndarray) -> Bars:
    """The histogram of a column, its bars chosen by the training split.

    Args:
        seen: The column.
        profile: Shows its numbers.
        of_training: Which rows are training's, bool.
    """
    if seen.numbers is not None:
        return _of_numbers(seen.numbers, profile, of_training)
    assert seen.codes is not None
    if seen.are_opaque:
        return Bars(["there"], (seen.codes < 0).astype(np.int64), is_ordered=False)
    counts = np.bincount(seen.codes[of_training & (seen.codes >= 0)], minlength=len(seen.names))
    shown = np.argsort(-counts, kind="stable")[:MOST_NAMED]
    labels = [str(seen.names[code]) for code in shown]
    others = len(seen.names) - len(shown)
    place_of = np.full(len(seen.names) + 1, len(shown))
    place_of[shown] = np.arange(len(shown))
    if others > 0:
        labels.append(f"{others:,} others")
    place_of[-1] = len(labels)
    return Bars(labels, place_of[seen.codes], is_ordered=False)


def _of_numbers(numbers: np.ndarray, profile: Profile, of_training: np.ndarray) -> Bars:
    finite = np.isfinite(numbers)
    known = numbers[of_training & finite]
    known = known if len(known) else numbers[finite]
    if not len(known):
        return Bars(["none"], np.where(np.isnan(numbers), 1, 0), is_ordered=True)
    different = np.unique(known)
    if len(different) <= NUM_BINS:
        # A bar for each number; what training has not goes to the next one.
        middles = (different[1:] + different[:-1]) / 2
        labels = [str(profile.shown(float(value))) for value in different]
    else:
        low, high = np.quantile(known, _ENDS)
        low, high = (low, high) if high > low else (different[0], different[-1])
        middles = np.linspace(low, high, NUM_BINS + 1)[1:-1]
        ends = [profile.shown(float(edge)) for edge in (different[0], *middles, different[-1])]
        labels = [f"{first} to {last}" for first, last in pairwise(ends)]
    places = np.searchsorted(middles, np.nan_to_num(numbers, nan=0.0), side="right")
    return Bars(labels, np.where(np.isnan(numbers), len(labels), places), is_ordered=True)


def spread_of(seen: Seen, profile: Profile) -> dict[str, Any]:
    """A column of one split, as the document has it."""
    missing = int(seen.missing.sum())
    found: dict[str, Any] = {
        "missing": missing,
        "missing_share": round(missing / max(1, len(seen.missing)), 6),
    }
    if seen.numbers is not None:
        found |= _numbers(seen.numbers, profile)
    if seen.codes is not None:
        found |= _counted(seen)
    return found


def _numbers(numbers: np.ndarray, profile: Profile) -> dict[str, Any]:
    there = numbers[~np.isnan(numbers)].astype(np.float64)
    finite = there[np.isfinite(there)]
    found: dict[str, Any] = {"infinite": len(there) - len(finite)}
    if not len(finite):
        return found
    ends = np.quantile(finite, [0, 0.25, 0.5, 0.75, 1])
    names = ("min", "quartile_1", "median", "quartile_3", "max")
    found |= {name: profile.shown(float(value)) for name, value in zip(names, ends, strict=True)}
    found["mean"] = profile.shown(float(finite.mean()))
    return found | {"std": float(f"{finite.std():.6g}"), "distinct": len(np.unique(finite))}


def _counted(seen: Seen) -> dict[str, Any]:
    assert seen.codes is not None
    counts = np.bincount(seen.codes[seen.codes >= 0], minlength=len(seen.names))
    order = np.argsort(-counts, kind="stable")[:MOST_NAMED]
    distinct = {"distinct": int((counts > 0).sum())}
    if seen.are_opaque:
        return distinct
    return {
        **distinct,
        "most_frequent": [[str(seen.names[code]), int(counts[code])] for code in order if counts[code]],
        "rare": int(((counts > 0) & (counts < FEW_ROWS)).sum()),
        "rare_rows": int(counts[counts < FEW_ROWS].sum()),
    }


def mark_in(numbers: np.ndarray) -> tuple[float, int] | None:
    """A number that looks like a mark (9999, -1): often there, and far from all others.

    Returns:
        It, and how many rows have it.
    """
    there = numbers[np.isfinite(numbers)]
    different, counts = np.unique(there, return_counts=True)
    if len(different) < 2 * MOST_NAMED:
        return None
    enough = max(_MARK_ROWS, _MARK_SHARE * len(there))
    for end, gap, rest in (
        (-1, different[-1] - different[-2], different[-2] - different[0]),
        (0, different[1] - different[0], different[-1] - different[1]),
    ):
        if gap > rest and counts[end] >= enough:
            return float(different[end]), int(counts[end])
    return None


def by_split(seen: Seen, splits: Mapping[str, np.ndarray]) -> dict[str, Seen]:
    """A column split by split."""
    return {name: seen.take(rows) for name, rows in splits.items()}
