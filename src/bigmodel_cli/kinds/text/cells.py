"""Cells that are texts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from bigmodel_cli.kinds.cells import Cells, Held, WrongOptionError
from bigmodel_cli.kinds.text.kind import TextKind


class TextCells(Cells):
    """Texts as they are written."""

    kind: TextKind
    # Its texts are kept in memory, by which places in a file stand for them.
    may_spill: ClassVar[bool] = False

    @classmethod
    def check_options(cls, options: Mapping[str, Any]) -> None:
        if "tokenizer" in options:
            raise WrongOptionError(
                "tokenizer", "a text stays one", "a column of tokens is written subwords: {tokenizer: …}"
            )
        super().check_options(options)

    @classmethod
    def learnt(cls, facts: Any, options: Mapping[str, Any]) -> TextKind:
        return TextKind()

    def reading(self) -> dict[str, Any]:
        return {"kind": "text"}

    def held(self, values: Any) -> Held:
        import numpy as np

        # Texts that come again, an empty one above all, are kept once.
        place_of: dict[str, int] = {}
        places = [place_of.setdefault(values[row], len(place_of)) for row in range(len(values))]
        return Held(np.array(places, np.int32), tuple(place_of))
