"""Permutation importance: how much worse predictions get when a column is shuffled over the rows of a split.

Breiman 2001, Random Forests, section 10, for any model. Each repeat shuffles anew and resamples the rows, the
same rows with and without the shuffled column, so that the interval has both: what another order would have
changed, and what other rows would have.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from bigmodel_cli.config.naming import direction
from bigmodel_cli.explaining.rows.network import RowNetwork
from bigmodel_cli.sources.stores import Store

# Rows are a sample of the split where it has more, and less where they become very many numbers.
MAX_ROWS = 20_000
_MAX_NUMBERS, _MIN_ROWS = 50_000_000, 500


@dataclass(frozen=True)
class Importance:
    """What a column is worth.

    Attributes:
        column: Its name.
        means: By measure, how much worse it gets; below 0 where it gets better.
        intervals: By measure the 95 % interval: low and high.
    """

    column: str
    means: Mapping[str, float]
    intervals: Mapping[str, tuple[float, float]]

    def as_json(self, headline: str) -> dict[str, Any]:
        low, high = self.intervals[headline]
        return {
            "column": self.column,
            "importance": self.means[headline],
            "interval": {"low": low, "high": high},
            "others": {
                name: {
                    "importance": mean,
                    "interval": dict(zip(("low", "high"), self.intervals[name], strict=True)),
                }
                for name, mean in self.means.items()
                if name != headline
            },
        }


Measure = Callable[[np.ndarray, np.ndarray], dict[str, float]]


def row_limit(width: int) -> int:
    """How many rows of so many numbers are taken."""
    return max(_MIN_ROWS, min(MAX_ROWS, _MAX_NUMBERS // max(1, width)))


def importances(
    network: RowNetwork,
    columns: Mapping[str, Store],
    measure: Measure,
    *,
    repeats: int,
    seed: int,
    progress: Callable[[str, int, int | None], None],
) -> Iterator[Importance]:
    """The importance of each column.

    Args:
        network: The model.
        columns: Some rows.
        measure: How good outputs are for some of the rows: their places and the outputs of all.
        repeats: How often each column is shuffled.
        seed: Of shuffling and resampling.
        progress: Called with a label, the columns done, and their total.
    """
    encoded = network.encoded(columns)
    count = len(encoded)
    resampled = [np.random.default_rng([seed, number]).integers(0, count, count) for number in range(repeats)]
    outputs = network.outputs(encoded)
    known = [measure(rows, outputs) for rows in resampled]
    # Whatever the order of columns is, each is shuffled alike.
    randoms = {name: np.random.default_rng([seed, *name.encode()]) for name in columns}
    own = {name: _places_of(network, columns, name, encoded, randoms[name]) for name in columns}
    is_shared = np.sum(list(own.values()), axis=0) > 1
    for done, name in enumerate(columns):
        progress("shuffling columns", done, len(columns))
        changes = []
        for rows, before in zip(resampled, known, strict=True):
            order = randoms[name].permutation(count)
            if is_shared[own[name]].any():
                # What is made of several columns is computed anew.
                shuffled = network.encoded({**columns, name: columns[name].take(order)})
            else:
                shuffled = encoded.copy()
                shuffled[:, own[name]] = encoded[order][:, own[name]]
            after = measure(rows, network.outputs(shuffled))
            changes.append({one: _worse(one, before[one], after[one]) for one in before})
        yield _summed_up(name, changes)
    progress("shuffling columns", len(columns), len(columns))


def _places_of(
    network: RowNetwork,
    columns: Mapping[str, Store],
    name: str,
    encoded: np.ndarray,
    random: np.random.Generator,
) -> np.ndarray:
    """The numbers that change with a column: bool of shape (width,).

    A number that does not change when the column is shuffled is the same in all of these rows, or of another
    column.
    """
    order = random.permutation(len(encoded))
    changed = network.encoded({**columns, name: columns[name].take(order)})
    return np.asarray(differ(changed, encoded).any(axis=0))


def differ(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Where two arrays are not the same; NaN is the same as NaN."""
    return np.asarray((one != other) & ~(np.isnan(one) & np.isnan(other)))


def _worse(measure: str, before: float, after: float) -> float:
    return before - after if direction(measure) == "max" else after - before


def _summed_up(column: str, changes: list[dict[str, float]]) -> Importance:
    from scipy.stats import t

    means, intervals = {}, {}
    for measure in changes[0]:
        values = np.array([change[measure] for change in changes])
        means[measure] = float(values.mean())
        half = float(t.ppf(0.975, len(values) - 1) * values.std(ddof=1))
        intervals[measure] = (means[measure] - half, means[measure] + half)
    return Importance(column, means, intervals)
