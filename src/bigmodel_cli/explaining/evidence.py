"""Where in an image the evidence is, in a few numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from bigmodel_cli.geometry import Geometry

# The parts of an image, row by row.
REGIONS = (
    "top left",
    "top",
    "top right",
    "left",
    "centre",
    "right",
    "bottom left",
    "bottom",
    "bottom right",
)
_STRONGEST = 0.9


@dataclass(frozen=True)
class Evidence:
    """What a map says, in pixels of the file.

    Attributes:
        total: The sum of all that speaks for the class.
        against: The sum of all that speaks against it, at most 0.
        peak: (x, y) of the strongest place; None where nothing speaks for the class.
        box: (left, top, right, bottom), the pixels at its edges included, around the strongest tenth of the
            places; None as above.
        regions: Shares of `total` in each ninth of the image, in the order of `REGIONS`; None as above.
    """

    total: float
    against: float
    peak: tuple[int, int] | None = None
    box: tuple[int, int, int, int] | None = None
    regions: tuple[float, ...] | None = None

    @property
    def main_region(self) -> tuple[str, float]:
        """The part with the largest share, and that share."""
        assert self.regions is not None
        largest = int(np.argmax(self.regions))
        return REGIONS[largest], self.regions[largest]

    def as_json(self) -> dict[str, Any]:
        return {
            "evidence_for": self.total,
            "evidence_against": self.against,
            "maximum": self.peak and dict(zip("xy", self.peak, strict=True)),
            "box": self.box and dict(zip(("left", "top", "right", "bottom"), self.box, strict=True)),
            "regions": self.regions
            and dict(zip((name.replace(" ", "_") for name in REGIONS), self.regions, strict=True)),
        }


def evidence_in(values: np.ndarray, geometry: Geometry) -> Evidence:
    """What a map says.

    Args:
        values: Shape (height, width); below zero is what speaks against the class.
        geometry: Where the places of the map are in the file.
    """
    positive = np.maximum(values, 0)
    total, against = float(positive.sum()), float(np.minimum(values, 0).sum())
    if total == 0:
        return Evidence(total, against)
    row, column = np.unravel_index(int(values.argmax()), values.shape)
    rows, columns = np.nonzero(positive * (values >= np.quantile(values, _STRONGEST)))
    left, right = geometry.x.ends(columns.min(), columns.max())
    top, bottom = geometry.y.ends(rows.min(), rows.max())
    peak = geometry.x.pixel(int(column)), geometry.y.pixel(int(row))
    return Evidence(total, against, peak, (left, top, right, bottom), _shares(positive / total, geometry))


def _shares(parts: np.ndarray, geometry: Geometry) -> tuple[float, ...]:
    height, width = parts.shape
    cells = 3 * geometry.y.thirds(height)[:, np.newaxis] + geometry.x.thirds(width)
    return tuple(np.bincount(cells.ravel(), parts.ravel(), minlength=len(REGIONS)).tolist())
