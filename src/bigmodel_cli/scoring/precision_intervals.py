"""How far mean average precision may be from that of all examples there could be."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bigmodel_cli.scoring.intervals import RESAMPLES

# Counts that are added up in all, some hundred million a second; of more, fewer samples are drawn.
_MOST_COUNTS = 100_000_000
_FEWEST_RESAMPLES = 100
# Counts that are held at once.
_AT_ONCE = 2**22


def bootstrapped_precisions(truth: np.ndarray, values: np.ndarray, seed: int) -> np.ndarray:
    """Mean average precision of samples of the examples, drawn with replacement.

    In each sample it is the mean over the labels that some example of it has; 0 where none has any.

    Args:
        truth: Whether an example has a label, bool of shape (n, labels).
        values: How probable each is, likewise.
        seed: Fixes the draws.

    Returns:
        Shape (resamples,): 1,000, and of many examples and labels fewer, at least 100.
    """
    of_labels = (_Label.of(truth[:, place], values[:, place]) for place in range(truth.shape[1]))
    labels = [label for label in of_labels if label is not None]
    count, random = len(truth), np.random.default_rng(seed)
    resamples = int(np.clip(_MOST_COUNTS // max(1, count * len(labels)), _FEWEST_RESAMPLES, RESAMPLES))
    at_once = max(1, min(resamples, _AT_ONCE // count))
    found = []
    for start in range(0, resamples, at_once):
        rows = random.integers(0, count, (min(at_once, resamples - start), count))
        # Each example's counts side by side, which are added up example by example.
        drawn = np.stack([np.bincount(row, minlength=count) for row in rows], axis=1).astype(np.int32)
        total, known = np.zeros(len(rows)), np.zeros(len(rows), np.int64)
        for label in labels:
            precision, has_any = label.precisions(drawn)
            total += precision
            known += has_any
        found.append(total / np.maximum(known, 1))
    return np.concatenate(found)


@dataclass(frozen=True, eq=False)
class _Label:
    """A label's examples, the most probable first, in groups of equal probability.

    Attributes:
        order: The places of all examples down to the last one that has the label.
        having: Those of the ones that have it.
        starts: Where in `order` each group begins that ends with the next group which has it.
        starts_having: Where in `having` it begins.
    """

    order: np.ndarray
    having: np.ndarray
    starts: np.ndarray
    starts_having: np.ndarray

    @classmethod
    def of(cls, truth: np.ndarray, values: np.ndarray) -> _Label | None:
        """None where no example has the label."""
        order = np.argsort(-values, kind="stable")
        has = truth[order]
        ends = np.append(np.flatnonzero(np.diff(values[order])), len(order) - 1) + 1
        hits = np.cumsum(has)[ends - 1]
        # Between two thresholds that find nothing more, precision counts nothing.
        finds = np.diff(hits, prepend=0) > 0
        if not finds.any():
            return None
        ends, hits = ends[finds], hits[finds]
        return cls(order[: ends[-1]], order[has], np.append(0, ends[:-1]), np.append(0, hits[:-1]))

    def precisions(self, drawn: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Average precisions, and in which samples there is one; it is 0 where not.

        The sum over thresholds of precision times what recall gains there, as scikit-learn's
        `average_precision_score` has it.

        Args:
            drawn: How often each example is drawn, int32 of shape (n, resamples).
        """
        told = np.cumsum(np.add.reduceat(drawn[self.order], self.starts), axis=0)
        gains = np.add.reduceat(drawn[self.having], self.starts_having)
        hits = np.cumsum(gains, axis=0)
        there = hits[-1]
        found = (gains * (hits / np.maximum(told, 1))).sum(axis=0) / np.maximum(there, 1)
        return found, there > 0
