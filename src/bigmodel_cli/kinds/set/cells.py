"""Cells with several words, such as `Crime|Drama`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from bigmodel_cli.kinds.cells import Cells, Held, WrongOptionError, no_options
from bigmodel_cli.kinds.set.kind import SetKind

if TYPE_CHECKING:
    import numpy as np

_SEPARATOR = "|"
# Values that are predicted later may have more words than any of training; few have more than this.
_LEAST_LENGTH = 8


class SetCells(Cells):
    """A cell's words stand in no order, and each of them counts once; an empty cell has none."""

    kind: SetKind
    may_spill: ClassVar[bool] = False
    needs_options: ClassVar[bool] = True
    looked_at_as: ClassVar[str | None] = "category"

    @classmethod
    def check_options(cls, options: Mapping[str, Any]) -> None:
        no_options(options, "separator", "length")
        separator, length = options.get("separator", _SEPARATOR), options.get("length", 1)
        if not isinstance(separator, str) or not separator:
            raise WrongOptionError("separator", f"expected what stands between words, found {separator!r}")
        if isinstance(length, bool) or not isinstance(length, int) or length < 1:
            raise WrongOptionError("length", f"expected a whole number of words, found {length!r}")

    @classmethod
    def learnt(cls, facts: Any, options: Mapping[str, Any]) -> SetKind:
        separator = options.get("separator", _SEPARATOR)
        counter: Counter[str] = Counter()
        longest = 0
        for text, count in facts.categories:
            found = words_of(text, separator)
            longest = max(longest, len(found))
            counter.update(dict.fromkeys(found, count))
        length = options.get("length", max(longest, _LEAST_LENGTH))
        if longest > length:
            raise ValueError(f"length: {length} is less than the {longest} words that a cell has")
        words = sorted(counter, key=lambda word: (-counter[word], word))
        return SetKind(tuple(words), length, separator)

    @property
    def expected(self) -> str:
        return f"up to {self.kind.length} words with {self.kind.separator!r} between"

    @property
    def noted(self) -> Mapping[str, Any]:
        return {"length": self.kind.length}

    def reading(self) -> dict[str, Any]:
        return {"kind": "category"}

    def held(self, values: Any) -> Held:
        import numpy as np

        place_of: dict[str, int] = {}
        rows = np.full((len(values.names) + 1, self.kind.length), -1, np.int32)
        for row, words in enumerate(self._words(values)):
            kept = words[: self.kind.length]
            rows[row, : len(kept)] = [place_of.setdefault(word, len(place_of)) for word in kept]
        places = rows[values.codes]
        # The place behind the last word stands for none.
        return Held(np.where(places < 0, len(place_of), places).astype(np.int32), tuple(place_of))

    def misfits(self, values: Any) -> Mapping[int, str]:
        counts = [len(words) for words in self._words(values)]
        return {
            row: f"{counts[code]} words"
            for row, code in enumerate(values.codes.tolist())
            if code >= 0 and counts[code] > self.kind.length
        }

    def written(self, value: np.ndarray) -> str | None:
        return self.kind.separator.join(word for word in value.tolist() if word) or None

    def _words(self, values: Any) -> list[Sequence[str]]:
        """The words of each different cell."""
        return [words_of(text, self.kind.separator) for text in values.names]


def words_of(text: str, separator: str) -> Sequence[str]:
    """The words of a cell, each once.

    >>> words_of("Drama| Crime|Drama|", "|")
    ['Drama', 'Crime']
    """
    stripped = (word.strip() for word in text.split(separator))
    return list(dict.fromkeys(word for word in stripped if word))
