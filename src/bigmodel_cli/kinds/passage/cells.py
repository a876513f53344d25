"""Cells that are texts, of which a model gets the words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bigmodel_cli.kinds.cells import Held
from bigmodel_cli.kinds.kind import Kind
from bigmodel_cli.kinds.passage.kind import PassageKind
from bigmodel_cli.kinds.sentence.cells import SentenceCells
from bigmodel_cli.words import Piece, parts_in


class PassageCells(SentenceCells):
    """Whole texts, however long; whoever computes takes them in windows."""

    kind: PassageKind

    @classmethod
    def learnt(cls, facts: Any, options: Mapping[str, Any]) -> Kind:
        raise TypeError("questions with their answers are read by the source squad")

    @property
    def expected(self) -> str:
        return "a text" if self.kind.stride else f"a text of up to {self.kind.length} words and signs"

    def reading(self) -> dict[str, Any]:
        return {"kind": "text"}

    def held(self, values: Any) -> Held:
        import numpy as np

        texts = [str(values[row]) for row in range(len(values))]
        words = [[word.text for word in parts_in(text)] for text in texts]
        length = max([self.kind.length, *map(len, words)]) if self.kind.stride else self.kind.length
        place_of: dict[str, int] = {}
        places = np.full((len(words), length), -1, np.int32)
        for row, of_one in enumerate(words):
            kept = of_one[:length]
            places[row, : len(kept)] = [place_of.setdefault(word, len(place_of)) for word in kept]
        return Held(np.where(places < 0, len(place_of), places).astype(np.int32), tuple(place_of), texts)

    def misfits(self, values: Any) -> dict[int, str]:
        counts = ((row, len(parts_in(str(values[row])))) for row in range(len(values)))
        is_cut = not self.kind.stride
        return {
            row: f"{count:,} words"
            for row, count in counts
            if not count or (is_cut and count > self.kind.length)
        }

    def pieces(self, text: str) -> Sequence[Piece] | None:
        return None
