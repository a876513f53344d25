"""Cells that are sentences: lists of words, or texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from bigmodel_cli.kinds.cells import Cells, Held
from bigmodel_cli.kinds.kind import Kind
from bigmodel_cli.kinds.sentence.kind import SentenceKind
from bigmodel_cli.words import Piece, pieces_of, words_in

if TYPE_CHECKING:
    import numpy as np


class SentenceCells(Cells):
    """Lists of words as JSON lines have them; a cell that is a text is split into its words."""

    kind: SentenceKind
    may_spill: ClassVar[bool] = False
    # Tags of words would have to be a column beside them; `conll` has both.
    in_tables: ClassVar[bool] = False

    @classmethod
    def learnt(cls, facts: Any, options: Mapping[str, Any]) -> Kind:
        raise TypeError("sentences with tags are read by the source conll")

    @property
    def expected(self) -> str:
        return f"a list of up to {self.kind.length} words"

    def reading(self) -> dict[str, Any]:
        return {"kind": "list"}

    def held(self, values: Any) -> Held:
        return self._held([_words(values[row]) for row in range(len(values))])

    def misfits(self, values: Any) -> dict[int, str]:
        found = {}
        for row in range(len(values)):
            words = _words(values[row])
            if not words or len(words) > self.kind.length:
                found[row] = f"{len(words):,} words"
            elif not all(words):
                # Behind it the model would see the next word at another place than the answer has it.
                found[row] = "an empty word"
        return found

    def pieces(self, text: str) -> Sequence[Piece] | None:
        return pieces_of(text, self.kind.length)

    def of_pieces(self, pieces: Sequence[Piece]) -> Held:
        return self._held([[word.text for word in piece.words] for piece in pieces])

    def _held(self, sentences: Sequence[Sequence[str]]) -> Held:
        import numpy as np

        place_of: dict[str, int] = {}
        places = np.full((len(sentences), self.kind.length), -1, np.int32)
        for row, words in enumerate(sentences):
            kept = words[: self.kind.length]
            places[row, : len(kept)] = [place_of.setdefault(word, len(place_of)) for word in kept]
        # The place behind the last word stands for none.
        return Held(np.where(places < 0, len(place_of), places).astype(np.int32), tuple(place_of))

    def written(self, value: np.ndarray) -> str | None:
        return " ".join(word for word in value.tolist() if word) or None


def _words(items: Sequence[str]) -> Sequence[str]:
    """The words of a cell: its items, or where it is one text, that text's."""
    is_text = len(items) == 1 and " " in items[0]
    return [word.text for word in words_in(items[0])] if is_text else [item.strip() for item in items]
