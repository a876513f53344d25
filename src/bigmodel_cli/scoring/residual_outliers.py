"""Numbers that may be wrong: residuals far outside of what all others are; no confident learning."""

from __future__ import annotations

import math

import numpy as np

from bigmodel_cli.scoring.intervals import wilson
from bigmodel_cli.scoring.label_problems import CLEAN, RESIDUALS, LabelProblems, Suspects

# Residuals are suspected where so few of their size are expected among all of them.
_EXPECTED = 0.05
# With fewer numbers their spread is not known.
_MIN_EXAMPLES = 20


def number_problems(labels: np.ndarray, predicted: np.ndarray) -> LabelProblems | None:
    """Labels that are numbers and may be wrong: those whose residuals no tail of the others explains.

    The tail is that of a Weibull distribution through the median and the ninth decile of the sizes of all
    residuals, which is not moved by fewer than a tenth that are wrong, and takes tails that are heavier than
    those of a normal distribution as they are.

    Args:
        labels: Shape (n, …).
        predicted: Of a model that has not learned from these examples, of as many numbers.

    Returns:
        None of fewer than 20 examples.
    """
    if len(labels) < _MIN_EXAMPLES:
        return None
    truth, guess = (
        np.asarray(numbers, np.float64).reshape(len(labels), -1) for numbers in (labels, predicted)
    )
    sizes = np.abs(truth - guess - np.median(truth - guess, axis=0))
    limits = np.array([_limit(of_output) for of_output in sizes.T])
    rows, places = np.nonzero(sizes > limits)
    usual = np.median(sizes, axis=0)
    times = sizes[rows, places] / usual[places]
    order = np.argsort(-times, kind="stable")
    rows, places, times = rows[order], places[order], times[order]
    suspects = Suspects(rows, guess[rows, places], places, times, None)
    num_wrong = len(np.unique(rows))
    # Heavy tails have some of these too, but few.
    stands_out = wilson(num_wrong, len(labels)).low > CLEAN
    return LabelProblems(RESIDUALS, len(labels), float(num_wrong), suspects, stands_out)


def _limit(sizes: np.ndarray) -> float:
    """The size of which hardly one residual is expected among so many; infinite where there is no spread.

    Args:
        sizes: Shape (n,), none negative.
    """
    median, decile = np.quantile(sizes, (0.5, 0.9)).tolist()
    if median <= 0 or decile <= median:
        return math.inf
    # 1 - F(x) = exp(-(x / scale) ** shape) is 1/2 at the median, and 1/10 at the ninth decile.
    shape = math.log(math.log(10) / math.log(2)) / math.log(decile / median)
    scale = median / math.log(2) ** (1 / shape)
    return float(scale * math.log(len(sizes) / _EXPECTED) ** (1 / shape))
