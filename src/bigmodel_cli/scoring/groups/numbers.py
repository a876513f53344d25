"""Errors of predicted numbers by group."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bigmodel_cli.config.group_measures import MEAN_ERROR
from bigmodel_cli.scoring.groups.gaps import GroupScores, Values, mean_by_chance
from bigmodel_cli.scoring.groups.grouping import Groups
from bigmodel_cli.scoring.intervals import Interval, bootstrapped_means, percentiles
from bigmodel_cli.scoring.numbers import number_scores

_SHOWN = ("mean_absolute_error", "root_mean_squared_error", "r2", MEAN_ERROR)


def grouped_numbers(labels: np.ndarray, predicted: np.ndarray, groups: Groups, *, seed: int) -> GroupScores:
    """Errors of each group, and how far groups are apart.

    Args:
        labels: Shape (n,) or (n, …).
        predicted: Of as many numbers.
        groups: Of the same examples.
        seed: Of the resampling.

    Returns:
        What `number_scores` has of all examples, for each group, and `mean_error`, the mean of label minus
        prediction; R² is None for a group of one example, or of one label.
    """
    truth = np.asarray(labels, np.float64).reshape(len(labels), -1)
    residuals = truth - np.asarray(predicted, np.float64).reshape(len(labels), -1)
    errors, absolute = residuals.mean(axis=1), np.abs(residuals).mean(axis=1)
    found: list[Mapping[str, float]] = []
    intervals: list[dict[str, Interval]] = []
    for number in range(len(groups.names)):
        inside = groups.members == number
        scores = number_scores(labels[inside], predicted[inside], seed=seed)
        measured = {**scores.headline, **scores.others, MEAN_ERROR: float(errors[inside].mean())}
        of_group = dict(scores.intervals)
        if inside.sum() > 1:
            of_group[MEAN_ERROR] = percentiles(bootstrapped_means(errors[inside, np.newaxis], seed)[:, 0])
        if not np.ptp(truth[inside], axis=0).any():
            measured.pop("r2", None)
            of_group.pop("r2", None)
        found.append(measured)
        intervals.append(of_group)
    names = dict.fromkeys(name for measured in found for name in measured)
    values: dict[str, Values] = {name: [measured.get(name) for measured in found] for name in names}
    chances = {
        name: mean_by_chance(quantity, groups, seed)
        for name, quantity in (("mean_absolute_error", absolute), (MEAN_ERROR, errors))
    }
    by_chance = {name: chance for name, chance in chances.items() if chance is not None}
    return GroupScores(groups, values, intervals, by_chance, shown=_SHOWN)
