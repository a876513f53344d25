"""Where what a model decides by is in what it was given."""

from __future__ import annotations

from typing import Any

import numpy as np

from bigmodel_cli.geometry import Geometry, Side
from bigmodel_cli.kinds.inputs import Input


class Places:
    """Finds places of a value again in what it was read from.

    Attributes:
        why_not: Why nothing can be shown of such values, as half a sentence; None where something can.
        are_in_values: Whether places are those of a value itself, and not of what a model makes of it first.
    """

    why_not: str | None = None
    are_in_values: bool = True

    def __init__(self, kind: Any) -> None:
        self.kind = kind

    def cut(self, model: Any) -> Any:
        """A model in two, a `modeling.cut.Cut`, between which places are; of values that have none.

        Raises:
            UsageError: If it makes nothing of a value that has places.
        """
        raise TypeError(f"a {self.kind.noun} has places itself")

    def drawn(self, found: np.ndarray) -> np.ndarray:
        """What a model makes of a value, or a map over it, as people look at it: (height, width, …)."""
        return found

    def geometry(self, item: Input, *, invert: bool = False) -> Geometry:
        """Where a value's pixels were; those of an array are where they are.

        Args:
            item: What it was read from.
            invert: As it was read.

        Raises:
            DataError: If the file cannot be read.
        """
        height, width = self.kind.shape[:2]
        return Geometry(Side(width, 0, 1), Side(height, 0, 1))
