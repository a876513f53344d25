"""From the losses of a learning-rate range test to a learning rate.

The range test is Smith's (Cyclical Learning Rates for Training Neural Networks, 2017): the rate grows from
step to step, and the loss says where it begins to be too large.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

# From one step of a sweep to the next.
GROWTH = 2.0
# A loss that falls by no more than this share has not moved.
_MOVED = 0.02
# The edge is where the loss has fallen so far of all that it falls.
_FALLEN = 0.9
# A loss that has fallen somewhat rises where it is so much of all that it falls above its lowest so far.
_BEGUN, _RISEN = 0.1, 0.05
# What a model can begin with lies between the two, by their logarithms nearer to the edge.
_WEIGHT_OF_STEADY = 1 / 3
# A rate that falls in the course of training begins so far below them; with a warm-up the first steps,
# which are those that come apart, are smaller anyway.
_BELOW, _BELOW_WARMED_UP = 3.0, 2.0
# One that stays is also that of the last steps, and the smaller the more steps there are: it is divided by
# their number in so many, within limits.
_STEPS, _MOST_BELOW = 240, 40.0
# Rates that an optimizer is usually given; a sweep goes from `_LOWEST` to `_HIGHEST` times that.
_USUAL = {"SGD": 1e-2, "Lion": 1e-4, "Adagrad": 1e-2, "Ftrl": 1e-2, "Adadelta": 1.0, "Muon": 1e-2}
_LOWEST, _HIGHEST = 0.2, 1000.0
# Where the lowest is too large already, another sweep begins so much lower.
_LOWER = 1e-3


@dataclass(frozen=True)
class Sweep:
    """The loss of one batch while the rate grows.

    Attributes:
        start: The loss before the first step.
        rates: Of each step.
        losses: After each step; the last one may be infinite or no number.
    """

    start: float
    rates: tuple[float, ...]
    losses: tuple[float, ...]

    def change(self, number: int) -> float:
        """By how much the loss has fallen after a step, as a number that is not positive."""
        loss = self.losses[number] if number < len(self.losses) else math.inf
        return min(loss - self.start, 0.0) if math.isfinite(loss) else 0.0

    @property
    def is_too_high(self) -> bool:
        """Whether the loss has come apart before it could fall: no rate was small enough."""
        return edge_of([self]) is None and any(has_come_apart(self.start, loss) for loss in self.losses)


def has_come_apart(start: float, loss: float) -> bool:
    """Whether a loss is so far above the one before training that larger rates need not be tried."""
    return not loss <= start + abs(start)


def rates_for(optimizer: str, *, lower: bool = False) -> list[float]:
    """The rates of a sweep, from small to large.

    Args:
        optimizer: Keras's class.
        lower: Whether those of a first sweep were too large.
    """
    lowest = _USUAL.get(optimizer, 1e-3) * _LOWEST
    span = 1 / _LOWER if lower else _HIGHEST / _LOWEST
    count = math.floor(math.log(span, GROWTH)) + 1
    return [lowest * (_LOWER if lower else 1.0) * GROWTH**number for number in range(count)]


def edge_of(sweeps: Sequence[Sweep]) -> float | None:
    """The smallest rate at which the loss is nearly as low as at any, on average over sweeps.

    Args:
        sweeps: Of the same rates.

    Returns:
        None where the loss has moved at no rate.
    """
    changes = _changes(sweeps)
    if not -min(changes) > _MOVED * fmean(abs(sweep.start) for sweep in sweeps):
        return None
    rates, enough = max((sweep.rates for sweep in sweeps), key=len), _FALLEN * min(changes)
    number = next(number for number, change in enumerate(changes) if change <= enough)
    before = changes[number - 1] if number else 0.0
    # Between two rates it falls evenly over their logarithms.
    share = (enough - changes[number]) / (before - changes[number])
    return rates[number] * math.pow(GROWTH, -share)


def steady_of(sweeps: Sequence[Sweep]) -> float:
    """The rate with which the loss is lowest before it rises for the first time, on average over sweeps.

    Args:
        sweeps: Of the same rates; the loss falls somewhere.
    """
    changes, lowest, steady = _changes(sweeps), 0.0, 0
    all_of_it = -min(changes)
    for number, change in enumerate(changes):
        if change < lowest:
            lowest, steady = change, number
        elif -lowest > _BEGUN * all_of_it and change - lowest > _RISEN * all_of_it:
            break
    return max((sweep.rates for sweep in sweeps), key=len)[steady]


def _changes(sweeps: Sequence[Sweep]) -> list[float]:
    """After each step, on average over sweeps."""
    count = max(len(sweep.losses) for sweep in sweeps)
    return [fmean(sweep.change(number) for sweep in sweeps) for number in range(count)]


def rate_below(
    edge: float, steady: float, *, steps: int | None, is_warmed_up: bool = False, momentum: float = 0.0
) -> float:
    """The rate that training is to begin with, of two digits.

    Calibrated on digits, mnist_mlp, mnist and adult (benchmarks/learning_rate.py).

    Args:
        edge: As `edge_of` gives it.
        steady: As `steady_of` gives it.
        steps: Of the whole run, where the rate stays as it is; None where it falls.
        is_warmed_up: Whether the schedule of a rate that falls goes up to it first.
        momentum: Of an optimizer that adds steps up, of which a sweep of few steps sees only a part.
    """
    if steps is None:
        below = _BELOW_WARMED_UP if is_warmed_up else _BELOW
    else:
        below = min(max(_BELOW, steps / _STEPS), _MOST_BELOW)
    # Of the sum over 1, m, m², … a rate that doubles in each step sees that over 1, m/2, (m/2)², …
    heaviness = (1 - momentum / GROWTH) / (1 - momentum)
    between = math.pow(edge, 1 - _WEIGHT_OF_STEADY) * math.pow(steady, _WEIGHT_OF_STEADY)
    return float(f"{between / below / heaviness:.1e}")


def bases(rate: float) -> tuple[float, float]:
    """A rate, and one and a half times that as it is written."""
    return rate, float(f"{1.5 * rate:.6g}")


def as_multiple(rate: float, of: float) -> float:
    """The rate nearest to a rate that is one of the bases of another one times a power of two."""
    multiples = [base * math.exp2(round(math.log2(rate / base))) for base in bases(of)]
    return min(multiples, key=lambda multiple: abs(math.log2(multiple / rate)))


def is_power_of_two(factor: float) -> bool:
    """Whether multiplying by it rounds nothing."""
    return math.frexp(factor)[0] == 0.5
