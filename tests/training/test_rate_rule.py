"""From the losses of a range test to a learning rate."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest

from bigmodel_cli.training.rate_rule import Sweep, edge_of, has_come_apart, rate_below, rates_for

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
    assert edge_of([sweep]) == RATES[2]
    assert edge_of([Sweep(2.0, RATES, (1.9, 1.5, 0.7, 0.5, 1.2, math.nan))]) == RATES[3]
    # Losses may be below 0.
    assert edge_of([Sweep(-1.0, RATES, (-1.1, -1.5, -2.0, -1.0, 3.0, 9.0))]) == RATES[2]


def test_sweeps_count_on_average():
    one = Sweep(2.0, RATES, (1.9, 1.5, 1.0, 0.1, 5.0))
    other = Sweep(2.2, RATES, (2.1, 1.7, 0.2, 2.9, 3.0, 5.0))
    assert (edge_of([one]), edge_of([other])) == (RATES[3], RATES[2])
    assert edge_of([one, other]) == RATES[2]


def test_a_loss_that_falls_nowhere_has_no_edge():
    still = Sweep(2.0, RATES, (2.0, 1.99, 2.0, 1.97, 2.0, 2.0))
    assert edge_of([still]) is None and not still.is_too_high
    apart = Sweep(2.0, RATES, (2.5, 4.1))
    assert edge_of([apart]) is None and apart.is_too_high
    assert has_come_apart(2.0, math.nan) and has_come_apart(2.0, 4.1) and not has_come_apart(2.0, 4.0)


def test_what_stays_is_the_smaller_the_longer_it_lasts():
    assert rate_below(4e-2, steps=None) == 1e-2
    assert [rate_below(4e-2, steps=steps) for steps in (10, 800, 1600, 4000, 10**6)] == [
        1e-2,
        1e-2,
        5e-3,
        2e-3,
        1e-3,
    ]


def test_a_momentum_makes_steps_longer_than_a_sweep_sees():
    # 1 + 0.9 + 0.81 + … is 10, 1 + 0.45 + 0.2025 + … is 1.82.
    assert rate_below(1.0, steps=None, momentum=0.9) == pytest.approx(0.25 * 1.82 / 10, rel=0.03)
