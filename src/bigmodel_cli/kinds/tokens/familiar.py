"""What is measured of windows of a text."""

from __future__ import annotations

import numpy as np

from bigmodel_cli.kinds.familiar import ValueMeasuring


class TokensMeasuring(ValueMeasuring):
    """How many different tokens a window has: few where it repeats itself, many in no language."""

    least = 0.0

    def arranged(self, values: np.ndarray) -> np.ndarray:
        # Single tokens are compared with nothing: any of them may stand anywhere.
        return values.reshape(len(values), 1, -1)

    def measures(self, values: np.ndarray) -> dict[str, np.ndarray]:
        ordered = np.sort(values.reshape(len(values), -1), axis=1)
        return {"different tokens": 1.0 + (np.diff(ordered, axis=1) != 0).sum(axis=1)}

    def shapes(self, values: np.ndarray) -> None:
        return None
