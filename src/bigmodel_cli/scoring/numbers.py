"""Scores of predicted numbers against labels, by scikit-learn where it has them."""

from __future__ import annotations

from typing import Any

import numpy as np

from bigmodel_cli.scoring.intervals import Interval, bootstrapped_means, percentiles
from bigmodel_cli.scoring.scores import Scores

_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


def number_scores(labels: np.ndarray, outputs: np.ndarray, *, seed: int) -> Scores:
    """Errors, R² and residuals of predicted numbers.

    Args:
        labels: Shape (n,) or (n, …).
        outputs: Of as many numbers.
        seed: Of the resampling for the intervals.

    Returns:
        Mean absolute error, root mean squared error and, of more than one example, R² as the headline.
        Residuals are label minus prediction; `labels` and `predictions` have an item for each output.
    """
    from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error

    truth = np.asarray(labels, np.float64).reshape(len(labels), -1)
    predicted = np.asarray(outputs, np.float64).reshape(len(labels), -1)
    residuals = truth - predicted
    headline = {
        "mean_absolute_error": float(mean_absolute_error(truth, predicted)),
        "root_mean_squared_error": float(root_mean_squared_error(truth, predicted)),
    }
    if len(labels) > 1:
        headline["r2"] = float(r2_score(truth, predicted))
    errors = np.abs(residuals)
    others = {"median_absolute_error": float(np.median(errors)), "max_error": float(errors.max())}
    intervals = _intervals(truth, residuals, seed) if len(labels) > 1 else {}
    details = {
        "labels": _spread(truth),
        "predictions": _spread(predicted),
        "residuals": _residuals(residuals),
    }
    return Scores(headline, others, intervals, details)


def _spread(numbers: np.ndarray) -> list[dict[str, float]]:
    """Mean and standard deviation of each output: whether predictions are of the labels' scale."""
    return [
        {"mean": float(mean), "standard_deviation": float(deviation)}
        for mean, deviation in zip(numbers.mean(axis=0), numbers.std(axis=0), strict=True)
    ]


def _intervals(truth: np.ndarray, residuals: np.ndarray, seed: int) -> dict[str, Interval]:
    """Each score is a function of means over the examples, which are what is resampled."""
    centred = truth - truth.mean(axis=0)
    quantities = np.concatenate([np.abs(residuals), residuals**2, centred, centred**2], axis=1)
    drawn = bootstrapped_means(quantities, seed)
    absolute, squared, mean, mean_square = np.split(drawn, 4, axis=1)
    variance = mean_square - mean**2
    # A resample may be of one example alone, many times.
    share = np.divide(squared, variance, out=np.zeros_like(squared), where=variance > 0)
    return {
        "mean_absolute_error": percentiles(absolute.mean(axis=1)),
        "root_mean_squared_error": percentiles(np.sqrt(squared).mean(axis=1)),
        "r2": percentiles((1 - share).mean(axis=1)),
    }


def _residuals(residuals: np.ndarray) -> dict[str, Any]:
    return {
        "mean": float(residuals.mean()),
        "standard_deviation": float(residuals.std()),
        "quantiles": {f"{level:g}": float(np.quantile(residuals, level)) for level in _QUANTILES},
    }
