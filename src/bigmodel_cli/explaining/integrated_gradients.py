"""Integrated gradients: what each pixel adds to the score on the way from a black image to this one.

Sundararajan, Taly and Yan 2017, Axiomatic Attribution for Deep Networks (arXiv:1703.01365), equation 1.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from bigmodel_cli.errors import UsageError
from bigmodel_cli.explaining.attribution import Attribution, Subject
from bigmodel_cli.explaining.network import Network
from bigmodel_cli.modeling.backend import import_tensorflow

_FIRST_STEPS, _MAX_STEPS = 32, 256
# How far the sum of all attributions may be from the difference of the scores, which it equals in the limit.
_TOLERANCE = 0.01
# Differences below this part of the scores themselves are their rounding in float32.
_ROUNDING = 1e-5


def integrated_gradients(network: Network, subject: Subject) -> list[Attribution]:
    """Gradients along the straight line from black, averaged by the trapezoid rule, times the pixels.

    Steps are doubled, each time with the points between those that are known, until the attributions sum
    to the difference of the two scores within 1 %, or there are 256.

    Raises:
        UsageError: If no gradient reaches the pixels.
    """
    pixels = subject.pixels.astype(np.float64)
    ends = np.asarray(_scores(network, subject, np.stack([pixels * 0, pixels])), np.float64)
    differences = ends[1] - ends[0]
    differences[np.abs(differences) <= _ROUNDING * np.abs(ends).max(axis=0)] = 0
    steps = _FIRST_STEPS
    weights = np.ones(steps + 1)
    weights[[0, -1]] = 0.5
    average = _sum_of_gradients(network, subject, np.linspace(0, 1, steps + 1), weights) / steps
    while steps < _MAX_STEPS and not are_complete(average * pixels, differences):
        between = (np.arange(steps) + 0.5) / steps
        average = (average + _sum_of_gradients(network, subject, between, np.ones(steps)) / steps) / 2
        steps *= 2
    return [
        _attribution(attributed, float(difference), steps)
        for attributed, difference in zip(average * pixels, differences, strict=True)
    ]


def _scores(network: Network, subject: Subject, examples: np.ndarray) -> Any:
    tf = import_tensorflow()
    return network.scores(tf.convert_to_tensor(examples, tf.float32), subject.targets)


def _sum_of_gradients(
    network: Network, subject: Subject, alphas: np.ndarray, weights: np.ndarray
) -> np.ndarray:
    """Weighted sums of the gradients at parts of the way, float64 of shape (targets, *pixels)."""
    tf = import_tensorflow()
    pixels = subject.pixels.astype(np.float64)
    axes = (slice(None), *[np.newaxis] * pixels.ndim)
    total = np.zeros((len(subject.targets), *pixels.shape))
    for start in range(0, len(alphas), subject.batch_size):
        part = slice(start, start + subject.batch_size)
        examples = tf.convert_to_tensor(alphas[part][axes] * pixels, tf.float32)
        for number, gradient in enumerate(network.gradients(examples, subject.targets)):
            if gradient is None:
                raise UsageError(
                    "--method integrated-gradients: no gradient passes the model's preprocessing",
                    hint="use --method occlusion, which needs none",
                )
            total[number] += np.tensordot(weights[part], np.asarray(gradient, np.float64), 1)
    return total


def are_complete(attributed: np.ndarray, differences: np.ndarray) -> bool:
    """Whether attributions sum to the differences of the scores within 1 %."""
    sums = attributed.reshape(len(differences), -1).sum(axis=1)
    errors = np.abs(sums - differences)
    return bool(np.all((errors <= _TOLERANCE * np.abs(differences)) | (differences == 0)))


def _attribution(attributed: np.ndarray, difference: float, steps: int) -> Attribution:
    values = attributed.sum(axis=-1) if attributed.ndim == 3 else attributed
    total = float(values.sum())
    error = abs(total - difference) / abs(difference) if difference else None
    completeness = {"sum": total, "score_difference": difference, "error": error}
    return Attribution(values, {"steps": steps, "completeness": completeness})
