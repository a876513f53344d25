"""From the losses of a range test to a learning rate."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest

from bigmodel_cli.training.rate_rule import (
    Sweep,
    as_multiple,
    bases,
    edge_of,
    has_come_apart,
    is_power_of_two,
    rate_below,
    rates_for,
    steady_of,
)

RATES = tuple(rates_for("Adam")[:6])


def test_the_rates_of_a_sweep():
    rates = rates_for("Adam")
    assert rates[0] == pytest.approx(2e-4) and 0.5 < rates[-1] <= 1.0
    assert all(after == pytest.approx(2 * before) for before, after in pairwise(rates))
    assert rates_for("SGD")[0] == pytest.approx(2e-3)
    lower = rates_for("Adam", lower=True)
    assert lower[0] == pytest.approx(2e-7) and rates[0] / 2 < lower[-1] <= rates[0]


def test_the_edge_is_where_the_loss_has_nearly_fallen_to_its_lowest():
    sweep = Sweep(2.0, RATES, (1.9, 1.5, 0.6, 0.5, 1.2, math.inf))
    # Nine tenths of 1.5 are 0.05 above what the third rate gave, which was 0.9 below the second one's.
    assert edge_of([sweep]) == pytest.approx(RATES[2] / 2 ** (0.05 / 0.9))
    sweep = Sweep(2.0, RATES, (1.9, 1.5, 0.7, 0.5, 1.2, math.nan))
    assert edge_of([sweep]) == pytest.approx(RATES[3] / 2 ** (0.15 / 0.2))
    # Losses may be below 0.
    sweep = Sweep(-1.0, RATES, (-1.1, -1.5, -2.0, -1.0, 3.0, 9.0))
    assert edge_of([sweep]) == pytest.approx(RATES[2] / 2 ** (0.1 / 0.5))
    # All of it at the lowest rate.
    assert edge_of([Sweep(1.0, RATES, (0.5, 1.0, 3.0))]) == pytest.approx(RATES[0] / 2**0.1)


def test_sweeps_count_on_average():
    one = Sweep(2.0, RATES, (1.9, 1.5, 1.0, 0.1, 5.0))
    other = Sweep(2.2, RATES, (2.1, 1.7, 0.2, 2.9, 3.0, 5.0))
    assert edge_of([one]) == pytest.approx(RATES[3] / 2 ** (0.19 / 0.9))
    assert edge_of([other]) == pytest.approx(RATES[2] / 2 ** (0.2 / 1.5))
    assert edge_of([one, other]) == pytest.approx(RATES[2] / 2**0.15)


def test_a_loss_that_falls_nowhere_has_no_edge():
    still = Sweep(2.0, RATES, (2.0, 1.99, 2.0, 1.97, 2.0, 2.0))
    assert edge_of([still]) is None and not still.is_too_high
    apart = Sweep(2.0, RATES, (2.5, 4.1))
    assert edge_of([apart]) is None and apart.is_too_high
    assert has_come_apart(2.0, math.nan) and has_come_apart(2.0, 4.1) and not has_come_apart(2.0, 4.0)


def test_what_stays_is_the_smaller_the_longer_it_lasts():
    assert rate_below(3e-2, 3e-2, steps=None) == 1e-2
    assert rate_below(4e-2, 4e-2, steps=None, is_warmed_up=True) == 2e-2
    rates = [rate_below(4e-2, 4e-2, steps=steps) for steps in (10, 720, 1920, 4800, 10**6)]
    assert rates == [1.3e-2, 1.3e-2, 5e-3, 2e-3, 1e-3]


def test_a_loss_that_rises_on_the_way_is_a_sign_of_a_smaller_rate():
    # It falls by 1.6, of which 0.1 is more than a twentieth; what it rises before it has fallen is no sign.
    sweep = Sweep(2.0, RATES, (1.9, 2.0, 1.2, 1.3, 0.4, 3.0))
    assert steady_of([sweep]) == RATES[2] and edge_of([sweep]) > RATES[3]
    assert steady_of([Sweep(2.0, RATES, (1.9, 2.0, 1.2, 1.27, 0.4, 3.0))]) == RATES[4]
    # On average over sweeps it does not rise.
    other = Sweep(2.0, RATES, (1.9, 1.8, 1.4, 1.2, 0.4, math.nan))
    assert steady_of([sweep, other]) == RATES[4]
    # The eighth part lower, by logarithms a third of the way: half of it.
    assert rate_below(3e-2, 3e-2 / 8, steps=None) == 5e-3


def test_a_momentum_makes_steps_longer_than_a_sweep_sees():
    # 1 + 0.9 + 0.81 + … is 10, 1 + 0.45 + 0.2025 + … is 1.82.
    assert rate_below(1.0, 1.0, steps=None, momentum=0.9) == pytest.approx(1 / 3 * 1.82 / 10, rel=0.03)


def test_of_a_schedule_rates_are_doubled_or_halved():
    rates = (4.8e-3, 5e-3, 6.9e-3, 7e-3, 1.1e-2, 1e-3)
    assert [as_multiple(rate, 1e-3) for rate in rates] == [4e-3, 6e-3, 6e-3, 8e-3, 1.2e-2, 1e-3]
    # As one reads it, and so as a config has it.
    assert repr(as_multiple(3e-2, 1e-3)) == "0.032" and repr(as_multiple(1.6e-4, 1e-2)) == "0.00015625"
    for default in (1e-4, 1e-3, 1e-2, 1.0):
        for base in bases(default):
            for power in range(-12, 8):
                assert float(repr(base * 2.0**power)) / base == 2.0**power and is_power_of_two(2.0**power)
    assert not is_power_of_two(3.0) and not is_power_of_two(0.0)
