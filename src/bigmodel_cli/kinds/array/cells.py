"""Cells that are lists of numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from bigmodel_cli.kinds.array.kind import ArrayKind
from bigmodel_cli.kinds.cells import Cells, Held


class ArrayCells(Cells):
    """Lists of one length are arrays; those of several axes are written one after the other."""

    kind: ArrayKind

    @classmethod
    def learnt(cls, facts: Any, options: Mapping[str, Any]) -> ArrayKind:
        return ArrayKind((facts.length,))

    @property
    def expected(self) -> str:
        return f"a list of {math.prod(self.kind.shape)} numbers"

    def reading(self) -> dict[str, Any]:
        return {"kind": "array", "length": math.prod(self.kind.shape)}

    def held(self, values: Any) -> Held:
        return Held(values.values.reshape(len(values), *self.kind.shape).astype(self.kind.dtype, copy=False))
