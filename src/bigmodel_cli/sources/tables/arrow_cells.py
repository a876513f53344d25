"""The cells of one column as pyarrow has them: of text, or of types as Parquet has them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from bigmodel_cli.sources.tables.arrow_arrays import booleans, filled, mask, numbers, strings, without
from bigmodel_cli.sources.tables.cells import NO_VALUE, Cells
from bigmodel_cli.sources.tables.columns import Texts
from bigmodel_cli.sources.tables.numbers import PLAIN, Notation, is_number

if TYPE_CHECKING:
    import numpy as np

# So many cells tell, as a rule, whether there are marks of missing values among numbers.
_FIRST = 100


class ArrowCells(Cells):
    """Cells of text; a null is no value, as an empty text is.

    Args:
        array: Of strings.
    """

    def __init__(self, array: Any) -> None:
        self._cells = array

    @cached_property
    def _array(self) -> Any:
        """The cells as strings."""
        return self._cells

    def __len__(self) -> int:
        return len(self._cells)

    def first(self, count: int) -> Sequence[str]:
        return [(text or "").strip() for text in self._array.slice(0, count).to_pylist()]

    def encoded(self) -> tuple[Sequence[str], np.ndarray]:
        import numpy as np

        encoded = self._array if self._is_encoded() else self._array.dictionary_encode()
        texts = [text.strip() for text in encoded.dictionary.to_pylist()]
        indices = encoded.indices
        if indices.null_count:
            indices = filled(indices, len(texts))
            texts.append("")
        places = numbers(indices)
        if len(set(texts)) == len(texts):
            return texts, places
        # Texts that differ in the space around them alone are one.
        place_of: dict[str, int] = {}
        one = [place_of.setdefault(text, len(place_of)) for text in texts]
        return list(place_of), np.array(one, np.int32)[places]

    def _written(self) -> Any:
        return self._array.dictionary_decode() if self._is_encoded() else self._array

    def _is_encoded(self) -> bool:
        import pyarrow as pa

        return bool(pa.types.is_dictionary(self._array.type))

    def numbers(self, missing: frozenset[str], notation: Notation = PLAIN) -> np.ndarray | None:
        import numpy as np
        import pyarrow.compute as pc

        if self._is_encoded():
            return self._numbers_of_few(missing, notation)
        written, found = self._array, None
        # A number may be what means "missing".
        if notation == PLAIN and not any(map(is_number, missing)):
            # pyarrow writes a message for each text that is no number, which takes much longer than looking.
            has_marks = not missing.isdisjoint(self.first(_FIRST))
            found = None if has_marks else self._cast(written)
            if found is None:
                found = self._cast(_without_words(written, missing))
        if found is None:
            texts = pc.utf8_trim_whitespace(written)
            texts = without(texts, booleans(pc.is_in(texts, value_set=strings([*missing, ""]))))
            texts = _plain(texts, notation)
            found = None if texts is None else self._cast(texts)
            if found is None:
                return None
        # Texts that are read as "not a number" or as infinite are no numbers here.
        if found.null_count == len(found) - np.isfinite(values := numbers(found)).sum():
            return values
        return self._without_marks(missing, notation, values)

    def _numbers_of_few(self, missing: frozenset[str], notation: Notation) -> np.ndarray | None:
        """The same where there are few different texts: each of them is read once."""
        import numpy as np

        found = ArrowCells(self._array.dictionary).numbers(missing, notation)
        if found is None:
            return None
        places = filled(self._array.indices, len(found))
        values: np.ndarray = np.append(found, np.nan)[numbers(places)]
        return values

    def _without_marks(
        self, missing: frozenset[str], notation: Notation, values: np.ndarray
    ) -> np.ndarray | None:
        """The same where something was read as no finite number: it has to be what marks missing values."""
        import numpy as np

        texts, places = self.encoded()
        is_mark = np.array([not text or text in missing for text in texts], bool)[places]
        return values if (is_mark | np.isfinite(values)).all() else None

    def _cast(self, array: Any) -> Any:
        import pyarrow as pa
        import pyarrow.compute as pc

        try:
            return pc.cast(array, pa.float64())
        except pa.ArrowInvalid:
            return None

    def counts_where(self, condition: np.ndarray) -> Mapping[str, int]:
        texts, counts = type(self)(self._cells.filter(mask(condition))).counts()
        return {text: count for text, count in zip(texts, counts.tolist(), strict=True) if count}

    def any_padded(self) -> bool:
        import pyarrow.compute as pc

        # Few texts begin as such numbers do: only these are looked at.
        texts = self._array.dictionary if self._is_encoded() else self._array
        first, lengths = _first_letters(texts)
        may_be = texts.filter(mask(_is_one_of(first, b"0+- \t") & (lengths > 1)))
        return bool(
            pc.any(pc.match_substring_regex(pc.utf8_trim_whitespace(may_be), "^[-+]?0[0-9]+$")).as_py()
        )

    def texts(self) -> Texts:
        import numpy as np
        import pyarrow as pa

        texts = filled(_without_space_around(self._written()), "").cast(pa.large_string())
        # A slice of an array has the buffers of the whole.
        texts = pa.concat_arrays([texts]) if texts.offset else texts
        _, offsets, data = texts.buffers()
        ends = np.frombuffer(offsets, np.int64)[: len(texts) + 1]
        letters = np.frombuffer(data, np.uint8) if data else np.zeros(0, np.uint8)
        return Texts(letters[int(ends[0]) : int(ends[-1])], ends - ends[0])


def _first_letters(texts: Any) -> tuple[np.ndarray, np.ndarray]:
    """The first byte of each text (uint8), 0 where there is none, and how many it has."""
    import numpy as np

    if not len(texts):
        return np.zeros(0, np.uint8), np.zeros(0, np.int32)
    ends, letters = _letters(texts)
    lengths = np.diff(ends)
    if not lengths.any():
        return np.zeros(len(texts), np.uint8), lengths
    return np.where(lengths > 0, letters.take(ends[:-1], mode="clip"), 0), lengths


def _letters(texts: Any) -> tuple[np.ndarray, np.ndarray]:
    """Where each of some strings begins, and the last one ends (int32); and the letters (uint8) of that."""
    import numpy as np

    _, offsets, data = texts.buffers()
    ends = np.frombuffer(offsets, np.int32)[texts.offset :][: len(texts) + 1]
    return ends, np.frombuffer(data, np.uint8) if data else np.zeros(0, np.uint8)


def _without_space_around(texts: Any) -> Any:
    """Strings without the space around them."""
    import pyarrow.compute as pc

    if len(texts):
        ends, letters = _letters(texts)
        letters = letters[ends[0] : ends[-1]]
        # To see that there is none takes no time.
        if not len(letters) or (letters.min() > ord(" ") and letters.max() < 128):
            return texts
    return pc.utf8_trim_whitespace(texts)


def _is_one_of(letters: np.ndarray, some: bytes) -> np.ndarray:
    import numpy as np

    is_one = np.zeros(256, bool)
    is_one[list(some)] = True
    found: np.ndarray = is_one.take(letters)
    return found


def _without_words(texts: Any, missing: frozenset[str]) -> Any:
    """Texts without those that mean "missing" and do not begin as numbers do, or are too short to tell."""
    import numpy as np

    first, lengths = _first_letters(texts)
    is_word = (lengths > 0) & ~_is_one_of(first, b"+-.0123456789") | (lengths <= 3) & _is_one_of(first, b"-.")
    words, places = ArrowCells(texts.filter(mask(is_word))).encoded()
    is_word[is_word] = np.array([word in missing for word in words], bool)[places]
    return without(texts, is_word)


def _plain(texts: Any, notation: Notation) -> Any:
    """Numbers in another notation in the plain one; None where some text is not in that notation."""
    import pyarrow.compute as pc

    if notation.sign:
        texts = pc.replace_substring_regex(texts, notation.sign_pattern(), r"\1\2\3")
    if notation.thousands:
        grouped = pc.match_substring(texts, notation.thousands)
        if not pc.all(
            pc.or_(pc.invert(grouped), pc.match_substring_regex(texts, f"^{notation.pattern()}$")),
            min_count=0,
        ).as_py():
            return None
        texts = pc.replace_substring(texts, notation.thousands, "")
    if notation.decimal == ",":
        if pc.any(pc.match_substring(texts, ".")).as_py():
            return None
        texts = pc.replace_substring(texts, ",", ".")
    return texts


class TypedCells(ArrowCells):
    """Cells of numbers, truth values or moments.

    Args:
        array: Of numbers, or of anything that has a text.
    """

    @cached_property
    def _array(self) -> Any:
        import pyarrow as pa
        import pyarrow.compute as pc

        # Made when they are asked for.
        return pc.cast(self._cells, pa.string())

    def first(self, count: int) -> Sequence[str]:
        return TypedCells(self._cells.slice(0, count)).encoded()[0]

    def numbers(self, missing: frozenset[str], notation: Notation = PLAIN) -> np.ndarray | None:
        import numpy as np
        import pyarrow as pa
        import pyarrow.compute as pc

        kind = self._cells.type
        is_numeric = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
        if not is_numeric or any(map(is_number, missing)):
            # How others are written says nothing of a number that is none of text.
            return super().numbers(missing, PLAIN if is_numeric else notation)
        values = numbers(pc.cast(self._cells, pa.float64(), safe=False))
        return None if np.isinf(values).any() else values

    def any_padded(self) -> bool:
        return False


class VectorCells(ArrowCells):
    """Cells that are lists.

    Args:
        array: Of lists.
    """

    @cached_property
    def _array(self) -> Any:
        # For those who want to see them: as they are written.
        return strings(["" if items is None else _written_list(items) for items in self._cells.to_pylist()])

    def vectors(self) -> tuple[np.ndarray, np.ndarray]:
        import numpy as np
        import pyarrow as pa
        import pyarrow.compute as pc

        items = self._cells.type.value_type
        if not (pa.types.is_floating(items) or pa.types.is_integer(items)):
            return super().vectors()
        lengths = numbers(filled(pc.list_value_length(self._cells), NO_VALUE)).astype(np.int64)
        # An item that is null is no number.
        return numbers(pc.cast(self._cells.flatten(), pa.float64(), safe=False)), lengths


def _written_list(items: Sequence[Any]) -> str:
    return f"[{', '.join('null' if item is None else str(item) for item in items)}]"
