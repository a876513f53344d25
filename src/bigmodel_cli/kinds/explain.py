"""Where what a model decides by is in what it was given."""

from __future__ import annotations

from typing import Any

from bigmodel_cli.geometry import Geometry, Side
from bigmodel_cli.kinds.inputs import Input


class Places:
    """Finds places of a value again in what it was read from.

    Attributes:
        why_not: Why nothing can be shown of such values, as half a sentence; None where something can.
    """

    why_not: str | None = None

    def __init__(self, kind: Any) -> None:
        self.kind = kind

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
