"""`piecewise_linear`: how far a number is through each bin (Gorishniy, Rubachev, Babenko 2022)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import Field

from bigmodel_cli.modeling.encodings.base import Encoding, Learn, as_one_layer, of_columns

if TYPE_CHECKING:
    import numpy as np

_LARGEST = 3.4e38


class PiecewiseLinear(Encoding):
    """Several numbers of each: how far it is through each of the column's bins, 0 before it and 1 behind.

    Piecewise linear encoding as in arXiv:2203.05556, equation 1, with bins of as many training rows each:
    below the first and above the last one it goes on. A layer behind it has a slope of its own for each bin.
    Missing values stay missing. Shape: (batch, features × bins), the bins of a feature side by side; where
    many rows have one value there are fewer, and zeros for the others.
    """

    encoding_name: ClassVar[str] = "piecewise_linear"
    example: ClassVar[str] = "piecewise_linear: {bins: 32}"

    bins: Annotated[int, Field(ge=1, le=10_000)] = Field(32, description="Bins of each column, at most.")

    def encode(self, tensor: Any, learn: Learn) -> Any:
        import numpy as np

        num_features = int(tensor.shape[-1])
        values = learn(tensor)
        if values is None:
            values = np.zeros((1, num_features), np.float32)
        edges = [bin_edges(values[:, place], self.bins) for place in range(num_features)]
        return as_one_layer("piecewise_linear", tensor, lambda numbers: self._through(numbers, edges))

    def _through(self, numbers: Any, edges: list[np.ndarray]) -> Any:
        import numpy as np
        from keras import ops

        slopes, starts = (
            np.stack(found) for found in zip(*(_ramps(one, self.bins) for one in edges), strict=True)
        )
        held = starts.astype(np.float32)
        # A number less an edge is exact; what float32 takes from the edge is put back behind it.
        taken = ((held - starts) * slopes).astype(np.float32)
        start, slope, more = (of_columns(numbers, one) for one in (held, slopes.astype(np.float32), taken))
        through = (ops.expand_dims(numbers, -1) - start) * slope + more
        lowest, highest = np.zeros(self.bins, np.float32), np.ones(self.bins, np.float32)
        if self.bins > 1:
            lowest[0], highest[-1] = -_LARGEST, _LARGEST
            through = ops.minimum(ops.maximum(through, lowest[None, None]), highest[None, None])
        return ops.reshape(through, (-1, slopes.size))


def bin_edges(values: np.ndarray, bins: int) -> np.ndarray:
    """The edges of bins with as many rows each, those that are equal once; float64 (2 … bins + 1,).

    Args:
        values: float32 (n,); NaN is missing.
        bins: How many there are to be.
    """
    import numpy as np

    known = values[~np.isnan(values)].astype(np.float64)
    found = np.unique(np.quantile(known, np.linspace(0, 1, bins + 1))) if len(known) else np.zeros(1)
    return found if len(found) > 1 else np.repeat(found, 2)


def _ramps(edges: np.ndarray, bins: int) -> tuple[np.ndarray, np.ndarray]:
    """Slope and start of each bin, zeros for those that are not there; the last bin has the last place."""
    import numpy as np

    slopes, starts = np.zeros(bins), np.zeros(bins)
    widths = np.diff(edges)
    if not widths.any():
        return slopes, starts
    # The first and the last go on where their column ends, so that both have a place of their own.
    places = [*range(len(widths) - 1), bins - 1] if len(widths) > 1 else [0, bins - 1]
    of_bins = np.arange(len(widths)) if len(widths) > 1 else np.zeros(2, int)
    slopes[places], starts[places] = 1 / widths[of_bins], edges[:-1][of_bins]
    return slopes, starts
