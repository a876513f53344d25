"""What moves the prediction for one row, column by column, from what is predicted for training rows.

Occlusion replaces one column's value by those of training rows (Robnik-Šikonja and Kononenko 2008, Explaining
Classifications For Individual Instances): the effect is how far the score is above its mean over these.
Integrated gradients (Sundararajan, Taly, Yan 2017) follow the score along the straight line from the mean of
the encoded training rows to the encoded row, and are added up over the numbers that a column became.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from bigmodel_cli.errors import UsageError
from bigmodel_cli.explaining.integrated_gradients import are_complete
from bigmodel_cli.explaining.rows.importance import differ
from bigmodel_cli.explaining.rows.network import RowNetwork
from bigmodel_cli.modeling.backend import import_tensorflow
from bigmodel_cli.sources.stores import Store

OCCLUSION, GRADIENTS = "occlusion", "integrated-gradients"
# Training rows whose values stand for what could be there instead.
BACKGROUND = 200
_FIRST_STEPS, _MAX_STEPS = 32, 512
# Rows that the whole model computes at once: of a long text each has attention between all of its tokens.
ROWS_AT_ONCE = 32


@dataclass(frozen=True)
class Effects:
    """What each column adds to the score of a class, or to the predicted number.

    Attributes:
        by_column: By name; below 0 is what speaks against it.
        errors: Standard errors, where effects are means over training rows.
        details: What else the method has to say, as JSON.
    """

    by_column: Mapping[str, float]
    errors: Mapping[str, float] = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Exchanged:
    """A row, and what becomes of it when a column's value is exchanged.

    Attributes:
        row: Encoded, float32 of shape (1, width).
        background: Training rows, likewise, of shape (b, width).
        by_column: By column the row with the column's values of the training rows, of shape (b, width).
    """

    row: np.ndarray
    background: np.ndarray
    by_column: Mapping[str, np.ndarray]


def exchange(network: RowNetwork, row: Mapping[str, Store], background: Mapping[str, Store]) -> Exchanged:
    """Encode a row with each of its columns exchanged.

    Args:
        network: The model.
        row: One value in each column.
        background: Values of training rows in the same columns.
    """
    count = len(next(iter(background.values())))
    repeated = {name: store.take(np.zeros(count, np.int64)) for name, store in row.items()}
    return Exchanged(
        network.encoded(row),
        network.encoded(background),
        {name: network.encoded({**repeated, name: background[name]}) for name in row},
    )


def occlusion(network: RowNetwork, exchanged: Exchanged, targets: Sequence[int]) -> list[Effects]:
    """For each target how far the score is above its mean with other values of each column."""
    own = network.scored(exchanged.row, targets)[0]
    found: list[dict[str, tuple[float, float]]] = [{} for _ in targets]
    for name, rows in exchanged.by_column.items():
        others = network.scored(rows, targets)
        means, errors = others.mean(axis=0), others.std(axis=0, ddof=1) / np.sqrt(len(others))
        for number, of_target in enumerate(found):
            of_target[name] = float(own[number] - means[number]), float(errors[number])
    return [
        Effects(
            {name: effect for name, (effect, _) in of_target.items()},
            {name: error for name, (_, error) in of_target.items()},
            {"training_rows": len(exchanged.background)},
        )
        for of_target in found
    ]


def integrated_gradients(network: RowNetwork, exchanged: Exchanged, targets: Sequence[int]) -> list[Effects]:
    """For each target what each column adds on the way from the mean of training rows.

    Raises:
        UsageError: If there are no gradients.
    """
    if not network.has_gradients:
        raise UsageError(
            "--method integrated-gradients: no gradient passes the model's preprocessing",
            hint="use --method occlusion, which needs none",
        )
    start, stop = exchanged.background.mean(axis=0, dtype=np.float64), exchanged.row[0].astype(np.float64)
    way, shares = along(network, start, stop, targets), _shares(exchanged)
    return [
        _added_up(attributed, float(difference), shares, way.steps)
        for attributed, difference in zip(way.average * (stop - start), way.differences, strict=True)
    ]


@dataclass(frozen=True, eq=False)
class Way:
    """A straight line from one encoded row to another.

    Attributes:
        average: Of the gradients of scores along it, float64 of shape (targets, width).
        differences: Of the scores at both ends, (targets,).
        steps: Parts that it was taken in.
    """

    average: np.ndarray
    differences: np.ndarray
    steps: int


class Scoring(Protocol):
    """Gives scores of rows of numbers, as a `RowNetwork` does."""

    def scores(self, encoded: Any, targets: Sequence[int]) -> Any:
        """Inside a graph: float32 (n, numbers) to (n, targets)."""

    def scored(self, encoded: np.ndarray, targets: Sequence[int]) -> np.ndarray:
        """The same as an array, float64."""


def along(network: Scoring, start: np.ndarray, stop: np.ndarray, targets: Sequence[int]) -> Way:
    """Follow scores from one encoded row to another, float64 of shape (width,) each.

    Steps are doubled, until what is attributed sums to the differences within 1 %, or there are 512.
    """
    ends = network.scored(np.stack([start, stop]).astype(np.float32), targets)
    way, differences = stop - start, ends[1] - ends[0]
    steps = _FIRST_STEPS
    weights = np.ones(steps + 1)
    weights[[0, -1]] = 0.5
    average = _summed(network, start, way, np.linspace(0, 1, steps + 1), weights, targets) / steps
    while steps < _MAX_STEPS and not are_complete(average * way, differences):
        between = (np.arange(steps) + 0.5) / steps
        average = (average + _summed(network, start, way, between, np.ones(steps), targets) / steps) / 2
        steps *= 2
    return Way(average, differences, steps)


def _summed(
    network: Scoring,
    start: np.ndarray,
    way: np.ndarray,
    alphas: np.ndarray,
    weights: np.ndarray,
    targets: Sequence[int],
) -> np.ndarray:
    """Weighted sums of the gradients at parts of the way, float64 of shape (targets, width)."""
    tf = import_tensorflow()
    summed = np.zeros((len(targets), len(way)))
    for part in in_parts(len(alphas)):
        rows = tf.constant((start + alphas[part, np.newaxis] * way).astype(np.float32))
        with tf.GradientTape(persistent=True, watch_accessed_variables=False) as tape:
            tape.watch(rows)
            columns = tf.unstack(network.scores(rows, targets), axis=1)
        gradients = (tape.gradient(column, rows) for column in columns)
        summed += [weights[part] @ np.asarray(gradient, np.float64) for gradient in gradients]
    return summed


def in_parts(count: int) -> list[np.ndarray]:
    """The numbers of so many rows in parts of about the same size, none above `ROWS_AT_ONCE`."""
    return np.array_split(np.arange(count), -(-count // ROWS_AT_ONCE))


def _shares(exchanged: Exchanged) -> dict[str, np.ndarray]:
    """By column its share of each number: 1 where it alone changes it, equal parts of what several do."""
    changes = {name: differ(rows, exchanged.row).any(axis=0) for name, rows in exchanged.by_column.items()}
    owners = np.maximum(np.sum(list(changes.values()), axis=0), 1)
    return {name: changed / owners for name, changed in changes.items()}


def _added_up(
    attributed: np.ndarray, difference: float, shares: Mapping[str, np.ndarray], steps: int
) -> Effects:
    found = {name: float(attributed @ share) for name, share in shares.items()}
    return Effects(found, details=complete(float(attributed.sum()), difference, steps))


def complete(total: float, difference: float, steps: int) -> dict[str, Any]:
    """How far all that is attributed is from the difference of the scores, as JSON."""
    error = abs(total - difference) / abs(difference) if difference else None
    return {
        "steps": steps,
        "completeness": {"sum": total, "score_difference": difference, "error": error},
    }


def methods_of(asked: str) -> Iterator[str]:
    """The methods to use for a row."""
    if asked in ("all", OCCLUSION):
        yield OCCLUSION
    if asked in ("all", GRADIENTS):
        yield GRADIENTS
