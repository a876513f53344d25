"""Cells by their places among the texts that there are: what many rows share is kept once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from bigmodel_cli.sources.tables.cells import Cells, ListCells
from bigmodel_cli.sources.tables.columns import Texts
from bigmodel_cli.sources.tables.numbers import PLAIN, Notation

if TYPE_CHECKING:
    import numpy as np


class CodedCells(Cells):
    """Cells of which each has one of some texts.

    Args:
        texts: All that there are, without space around them; the last one is "".
        codes: The place of each cell's text among them.
    """

    def __init__(self, texts: Sequence[str], codes: np.ndarray) -> None:
        self._texts, self._codes = texts, codes

    @classmethod
    def of_parts(cls, texts: Sequence[str], parts: Sequence[np.ndarray]) -> CodedCells:
        """Cells of several blocks, by their places among texts of which none needs to be ""."""
        import numpy as np

        return cls([*texts, ""], np.concatenate(parts) if parts else np.zeros(0, np.int32))

    def __len__(self) -> int:
        return len(self._codes)

    def text(self, row: int) -> str:
        """That of one cell."""
        return self._texts[int(self._codes[row])]

    def taken(self, rows: np.ndarray) -> CodedCells:
        """Some of the cells; -1 stands for one without a value."""
        import numpy as np

        none = len(self._texts) - 1
        codes: np.ndarray = np.append(self._codes, np.int32(none))[rows]
        return CodedCells(self._texts, codes)

    def first(self, count: int) -> Sequence[str]:
        return [self._texts[code] for code in self._codes[:count].tolist()]

    def encoded(self) -> tuple[Sequence[str], np.ndarray]:
        import numpy as np

        used, places = np.unique(self._codes, return_inverse=True)
        texts = [self._texts[code] for code in used.tolist()]
        place_of = {text: place for place, text in enumerate(texts)}
        if len(place_of) == len(texts):
            return texts, places.reshape(-1).astype(np.int32)
        # The text that stands for no value may be one that there is, too.
        one = {text: place for place, text in enumerate(place_of)}
        found: np.ndarray = np.array([one[text] for text in texts], np.int32)[places.reshape(-1)]
        return list(one), found

    def numbers(self, missing: frozenset[str], notation: Notation = PLAIN) -> np.ndarray | None:
        texts, places = self.encoded()
        found = ListCells(texts).numbers(missing, notation)
        return None if found is None else found[places]

    def counts_where(self, condition: np.ndarray) -> Mapping[str, int]:
        texts, counts = CodedCells(self._texts, self._codes[condition]).counts()
        return {text: count for text, count in zip(texts, counts.tolist(), strict=True) if count}

    def any_padded(self) -> bool:
        return ListCells(self.encoded()[0]).any_padded()

    def texts(self) -> Texts:
        texts, places = self.encoded()
        return ListCells([texts[place] for place in places.tolist()]).texts()
