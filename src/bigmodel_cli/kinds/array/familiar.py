"""What is measured of arrays."""

from __future__ import annotations

import numpy as np

from bigmodel_cli.kinds.array.kind import ArrayKind
from bigmodel_cli.kinds.array.show import ArrayShow
from bigmodel_cli.kinds.familiar import ValueMeasuring
from bigmodel_cli.kinds.image.familiar import ImageMeasuring


def ArrayMeasuring(kind: ArrayKind) -> ValueMeasuring:
    """Arrays in the form of pictures are measured as these are."""
    return ImageMeasuring(kind) if ArrayShow(kind).are_pictures else _Numbers(kind)


class _Numbers(ValueMeasuring):
    """Measures numbers as a whole, and each for itself."""

    advice = "bring the numbers to the scale of the training data"

    def arranged(self, values: np.ndarray) -> np.ndarray:
        return values.reshape(len(values), -1)

    def measures(self, values: np.ndarray) -> dict[str, np.ndarray]:
        return {"mean": values.mean(axis=1), "spread": values.std(axis=1)}

    def shapes(self, values: np.ndarray) -> None:
        return None
