"""`quantile`: each number's rank among the training rows, spread evenly or as a normal distribution."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field

from bigmodel_cli.modeling.encodings.base import Encoding, Learn, as_one_layer, lookup, places

if TYPE_CHECKING:
    import numpy as np

# scikit-learn's: no rank is nearer to 0 or 1, so that the normal distribution stays within ±5.2.
_END = 1e-7
_LARGEST = 3.4e38
# Giles, "Approximating the erfinv function" (GPU Computing Gems 2, 2010), single precision: erfinv(x) is x
# times a polynomial, highest power first: in the middle of w - 2.5, where w is -ln(1 - x²), and at the ends
# (from w = 5 on) of the root of w less 3.
_MIDDLE = (
    2.81022636e-08,
    3.43273939e-07,
    -3.5233877e-06,
    -4.39150654e-06,
    0.00021858087,
    -0.00125372503,
    -0.00417768164,
    0.246640727,
    1.50140941,
)
_ENDS = (
    -0.000200214257,
    0.000100950558,
    0.00134934322,
    -0.00367342844,
    0.00573950773,
    -0.0076224613,
    0.00943887047,
    1.00167406,
    2.83297682,
)


class Quantile(Encoding):
    """Ranks instead of values, as scikit-learn's QuantileTransformer: scales and outliers no longer matter.

    Between the quantiles of the training rows the rank is linear, beyond them it is that of the smallest or
    largest. A value that many rows have gets the middle of their ranks; scikit-learn does so too, but for the
    smallest and largest: a zero that nine rows in ten have would be as far away as an outlier. Missing values
    stay missing. Shape: as it was.
    """

    encoding_name: ClassVar[str] = "quantile"
    example: ClassVar[str] = "quantile: {n_quantiles: 1000, output: normal}"

    n_quantiles: Annotated[int, Field(ge=2, le=100_000)] = Field(
        1000, description="How many quantiles are learnt of each column; at most as many as there are rows."
    )
    output: Literal["normal", "uniform"] = Field(
        "normal", description="What the ranks follow: a normal distribution, or even from 0 to 1."
    )

    def encode(self, tensor: Any, learn: Learn) -> Any:
        import numpy as np

        num_features = int(tensor.shape[-1])
        values = learn(tensor)
        if values is None:
            values = np.zeros((1, num_features), np.float32)
        columns = [pieces(values[:, place], self.n_quantiles) for place in range(num_features)]
        # A quantile begins a piece, and one more where it is tied or the first, or the nearer side changes.
        depth = (self.n_quantiles + 1).bit_length()
        table = np.concatenate([_padded(column, 1 << depth) for column in columns])
        return as_one_layer("quantile", tensor, lambda numbers: self._rank(numbers, table, depth))

    def _rank(self, numbers: Any, table: np.ndarray, depth: int) -> Any:
        from keras import ops

        where = _search(numbers, lookup(table[:, :1]), depth)
        found = lookup(table[:, 1:])(where)
        anchor, slope, mass, side = (found[..., place] for place in range(4))
        # Mass is what lies beyond, on the nearer side: near 1 a float32 would not tell ranks apart.
        beyond = mass + (ops.clip(numbers, -_LARGEST, _LARGEST) - anchor) * slope
        if self.output == "uniform":
            return 0.5 + side * (0.5 - beyond)
        return side * _distance(ops.maximum(beyond, _END))


def pieces(values: np.ndarray, n_quantiles: int) -> np.ndarray:
    """What a column's ranks are between its quantiles.

    Args:
        values: float32 (n,); NaN is missing.
        n_quantiles: How many quantiles there are to be.

    Returns:
        float32 (pieces, 5), in order, of at most `n_quantiles + 2`: start, anchor, slope, mass, side. From
        its start on, `mass + (value - anchor) * slope` of all rows is below (side -1) or above (1) a value.
    """
    import numpy as np

    known = values[~np.isnan(values)].astype(np.float64)
    if not len(known):
        return np.array([[-np.inf, 0, 0, 0.5, -1]], np.float32)
    ranks = np.linspace(0, 1, min(n_quantiles, len(known)))
    # NumPy's sums may go down by a last digit.
    quantiles = np.maximum.accumulate(np.quantile(known, ranks))
    knots, first, counts = np.unique(quantiles, return_index=True, return_counts=True)
    if len(knots) == 1:
        return np.array([[-np.inf, 0, 0, 0.5, -1]], np.float32)
    rows = [*_pieces(knots.tolist(), ranks[first].tolist(), ranks[first + counts - 1].tolist())]
    return np.array(rows, np.float64).astype(np.float32)


def _pieces(
    knots: Sequence[float], low: Sequence[float], high: Sequence[float]
) -> Iterator[tuple[float, ...]]:
    """The rows of `pieces`, for knots whose ranks go from `low` to `high`."""
    last = len(knots) - 1
    for place, knot in enumerate(knots):
        start = _at_least(knot)
        if low[place] < high[place] or place in (0, last):
            yield _piece(start if place else -math.inf, knot, 0.0, (low[place] + high[place]) / 2)
            start = _following(start)
        if place == last or start > knots[place + 1]:
            continue
        below, above = high[place], low[place + 1]
        slope = (above - below) / (knots[place + 1] - knot)
        if below < 0.5:
            yield _piece(start, knot, slope, below)
        if above > 0.5:
            middle = start if below >= 0.5 else max(start, _at_least(knot + (0.5 - below) / slope))
            yield _piece(middle, knots[place + 1], slope, above)


def _piece(start: float, anchor: float, slope: float, rank: float) -> tuple[float, ...]:
    """A row of `pieces` that has `rank` at `anchor`, which float32 need not hold."""
    held = _float32(anchor)
    side = -1.0 if rank < 0.5 else 1.0
    mass = rank if side < 0 else 1 - rank
    return start, held, -side * slope, mass - side * slope * (held - anchor), side


def _float32(value: float) -> float:
    import numpy as np

    return float(np.float32(value))


def _at_least(value: float) -> float:
    """The smallest float32 that is not below."""
    nearest = _float32(value)
    return nearest if nearest >= value else _following(nearest)


def _following(value: float) -> float:
    """The next larger float32, of those that are not taken for 0 where speed counts (subnormal numbers)."""
    import numpy as np

    smallest = float(np.finfo(np.float32).tiny)
    following = float(np.nextafter(np.float32(value), np.float32(np.inf)))
    if abs(following) >= smallest:
        return following
    return smallest if value >= 0 else 0.0


def _padded(rows: np.ndarray, count: int) -> np.ndarray:
    import numpy as np

    more = np.repeat(rows[-1:], count - len(rows), axis=0)
    more[:, 0] = np.inf
    return np.concatenate([rows, more])


def _search(numbers: Any, starts: Any, depth: int) -> Any:
    """The last piece of each column that starts at or below a number, by halving: int32 rows of the table."""
    from keras import ops

    place = places(numbers, 1 << depth)
    for step in (1 << power for power in reversed(range(depth))):
        is_beyond = ops.greater_equal(numbers, ops.squeeze(starts(place + step), -1))
        place = place + step * ops.cast(is_beyond, "int32")
    return place


def _distance(beyond: Any) -> Any:
    """How far from 0 a normal distribution has so much of its mass beyond; `beyond` is near 0.5 or less."""
    from keras import ops

    w = -ops.log(4 * beyond * (1 - beyond))
    middle = _polynomial(_MIDDLE, w - 2.5)
    ends = _polynomial(_ENDS, ops.sqrt(ops.maximum(w, 0.0)) - 3)
    return math.sqrt(2) * (1 - 2 * beyond) * ops.where(w < 5, middle, ends)


def _polynomial(coefficients: Sequence[float], x: Any) -> Any:
    result = coefficients[0]
    for coefficient in coefficients[1:]:
        result = result * x + coefficient
    return result
