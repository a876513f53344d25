"""Cells that are numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bigmodel_cli.kinds.cells import Cells, Held
from bigmodel_cli.kinds.number.kind import NumberKind

if TYPE_CHECKING:
    import numpy as np


class NumberCells(Cells):
    """Numbers are read in the notation that their column has."""

    kind: NumberKind

    @classmethod
    def learnt(cls, facts: Any, options: Mapping[str, Any]) -> NumberKind:
        return NumberKind(facts.notation.decimal, facts.notation.thousands, facts.notation.sign)

    def reading(self) -> dict[str, Any]:
        return {"kind": "number", "notation": (self.kind.decimal, self.kind.thousands, self.kind.sign)}

    def order(self, values: Any) -> np.ndarray | None:
        numbers: np.ndarray = values.values
        return numbers

    def held(self, values: Any) -> Held:
        import numpy as np

        return Held(np.asarray(values.values, np.float32))

    def written(self, value: np.ndarray) -> str | None:
        return None if value != value else f"{float(value):.6g}"
