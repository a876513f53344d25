"""What the scores of folds say together: their mean, how far they spread, and how far the mean may be off."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from bigmodel_cli.scoring.intervals import LEVEL

# A spread of two numbers says next to nothing: its interval would be 12.7 deviations wide to each side.
_FEWEST = 3


@dataclass(frozen=True)
class OverFolds:
    """One score over all folds of all repeats.

    Attributes:
        mean: Over the folds.
        deviation: Standard deviation of the folds' scores, with n - 1.
        low: Lower end of a 95 % interval of the mean; None where there is none.
        high: Its upper end.
    """

    mean: float
    deviation: float
    low: float | None = None
    high: float | None = None

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def over_folds(
    scores: Sequence[Mapping[str, float]],
    shares: Sequence[float],
    ranges: Mapping[str, tuple[float, float]],
    *,
    are_exchangeable: bool,
) -> dict[str, OverFolds]:
    """Each score that all folds have.

    The interval is the corrected resampled t interval (Nadeau and Bengio 2003; Bouckaert and Frank 2004 for
    repeated cross-validation): folds share most of their training examples, so that their scores are not
    independent, and s²/n is too small by far; the variance of the mean is taken as (1/n + test/train) s²,
    with n - 1 degrees of freedom. It reckons with normal scores, so that near the end of what a score can be
    it would reach beyond. There it is cut: no mean is beyond, so that it covers what it covered before. A
    logit would need no cut, but knows no fold whose accuracy is 1.

    Args:
        scores: Of each fold, by name.
        shares: Test examples by training examples of each fold.
        ranges: Of each score the smallest and the largest value that it can have.
        are_exchangeable: Whether folds are alike; of folds in time, which are trained on more and more
            examples, there is no interval, and none of fewer than three.
    """
    from scipy.special import stdtrit

    names = [name for name in scores[0] if all(name in one for one in scores)]
    number, found = len(scores), {}
    width = stdtrit(number - 1, (1 + LEVEL) / 2) * math.sqrt(1 / number + float(np.mean(shares)))
    for name in names:
        values = np.array([one[name] for one in scores], np.float64)
        mean, deviation = float(values.mean()), float(values.std(ddof=1))
        half, (least, most) = float(width * deviation), ranges[name]
        ends = (
            (max(mean - half, least), min(mean + half, most))
            if are_exchangeable and number >= _FEWEST
            else (None, None)
        )
        found[name] = OverFolds(mean, deviation, *ends)
    return found
