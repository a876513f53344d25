"""Scores of numbers against their definitions."""

from __future__ import annotations

import numpy as np
import pytest

from bigmodel_cli.scoring.numbers import number_scores

# scikit-learn takes a second to be imported.
pytestmark = pytest.mark.slow

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("shape", [(50,), (50, 1), (50, 3)])
def test_numbers_by_their_definitions(shape):
    truth, noise = RNG.standard_normal(shape), RNG.standard_normal(shape) / 4
    found = number_scores(truth, (truth + noise).reshape(50, -1), seed=0)
    residual, total = (noise**2).sum(axis=0), ((truth - truth.mean(axis=0)) ** 2).sum(axis=0)
    errors = np.abs(noise)
    assert found.headline["mean_absolute_error"] == pytest.approx(errors.mean())
    rmse = np.sqrt((noise.reshape(50, -1) ** 2).mean(axis=0)).mean()
    assert found.headline["root_mean_squared_error"] == pytest.approx(rmse)
    assert found.headline["r2"] == pytest.approx(np.mean(1 - residual / total))
    assert found.others == pytest.approx(
        {"median_absolute_error": np.median(errors), "max_error": errors.max()}
    )
    residuals = found.details["residuals"]
    assert residuals["mean"] == pytest.approx(-noise.mean())
    assert residuals["standard_deviation"] == pytest.approx(noise.std())
    assert residuals["quantiles"]["0.95"] == pytest.approx(np.quantile(-noise, 0.95))
    for name, numbers in (("labels", truth), ("predictions", truth + noise)):
        outputs = numbers.reshape(50, -1)
        assert found.details[name] == [
            {"mean": pytest.approx(column.mean()), "standard_deviation": pytest.approx(column.std())}
            for column in outputs.T
        ]


@pytest.mark.parametrize("outputs", [1, 2])
def test_intervals_hold_the_scores_of_most_samples(outputs):
    """95 % of intervals should hold what is true of all examples: of 200 samples, 180 to 199 do."""
    held = 0
    for sample in range(200):
        random = np.random.default_rng(sample)
        truth = random.standard_normal((100, outputs))
        predicted = truth + 0.5 * random.standard_normal((100, outputs))
        interval = number_scores(truth, predicted, seed=sample).intervals["r2"]
        held += interval.low <= 0.75 <= interval.high
    assert 180 <= held <= 199


def test_one_number_has_neither_r2_nor_intervals():
    found = number_scores(np.ones(1), np.ones((1, 1)), seed=0)
    assert set(found.headline) == {"mean_absolute_error", "root_mean_squared_error"}
    assert found.intervals == {}


def test_labels_that_are_all_the_same_have_finite_intervals():
    found = number_scores(np.ones(20), np.linspace(0, 1, 20), seed=0)
    assert all(np.isfinite([one.low, one.high]).all() for one in found.intervals.values())
