"""What stands before a LiteRT model that takes no texts: words are looked up in NumPy, as Keras learnt them.

`modeling/lookups.py` describes them, a run keeps the description (`front.json`), and this computes by it. An
export has a copy of this package beside it, so it needs nothing but NumPy.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np

from .hashing import fingerprint64, siphash

# Another way to describe lookups gets another number. Version 1 had neither buckets nor weights, version 2 no
# words of sentences.
VERSION = 3
KNOWN = (1, 2, VERSION)
# Words of a sentence, about.
_WORDS = 64
# What Keras's TextVectorization takes out: the ASCII punctuation.
_PUNCTUATION = rb"""!"#$%&()*+,-./:;<=>?@[\]^_`{|}~'"""


class UnknownToken(LookupError):
    """A word that a layer refuses."""


class Column(Protocol):
    """A column's values.

    Attributes:
        array: Of shape (n, …): the values, or the place of each one among `names`.
        names: Texts that places stand for; the place behind the last one stands for "". None: the array has
            the values.
    """

    @property
    def array(self) -> np.ndarray: ...

    @property
    def names(self) -> Sequence[str] | None: ...


@dataclass(frozen=True, eq=False)
class Values:
    """A column of numbers, or of texts, as an array has them."""

    array: np.ndarray
    names: Sequence[str] | None = None

    @classmethod
    def of(cls, values: np.ndarray) -> Values:
        """Numbers, or objects that are texts, of shape (n, …)."""
        if values.dtype != object:
            return cls(values)
        names, places = np.unique(values.astype(str), return_inverse=True)
        return cls(places.reshape(values.shape), names.tolist())


@dataclass(frozen=True)
class Lookup:
    """One layer that looks words or whole numbers up.

    Attributes:
        column: The column that it takes, as the model calls it.
        tokens: What it knows, in the order of their places.
        first: The place of the first token.
        unknown: The place of what it does not know; -1: it counts as nothing, None: it is refused. Of several
            such places, the first.
        mask: What is no token; None: there is nothing such.
        mask_place: Its place; -1: it counts as nothing.
        mode: `int`, `one_hot`, `multi_hot`, `count` or `tf_idf`, as Keras has them.
        depth: How many places there are, in all modes but `int`.
        axes: Axes of length 1 that places have behind that of the examples, in the mode `int`.
        dtype: NumPy's name of the dtype that comes out.
        text: How a text becomes tokens; None: a text is a token.
        buckets: How what is not known has one of several places: their `count`, the `method` (`farmhash` of
            the token as a text, `floormod` of a whole number), and the `salt` with which it is hashed, two
            whole numbers or None. None: there is one place.
        weights: What a token counts by its place, in the mode `tf_idf`.
        each: The shape of what comes out for a word, of a column of sentences; None: the column is none such.
    """

    column: str
    tokens: Sequence[str] | Sequence[int]
    first: int
    unknown: int | None
    mask: str | int | None
    mask_place: int
    mode: str
    depth: int | None
    axes: int
    dtype: str
    text: Mapping[str, Any] | None = None
    buckets: Mapping[str, Any] | None = None
    weights: Sequence[float] | None = None
    each: Sequence[int] | None = None

    @property
    def width(self) -> int:
        """How many numbers come out for an example; of texts of any length, and of sentences, a guess."""
        if self.each is not None:
            return _WORDS * int(np.prod([*self.each, 1]))
        if self.depth is not None:
            return self.depth
        return 1 if self.text is None else self.text["length"] or 256

    def run(self, column: Column) -> np.ndarray:
        """What comes out for some examples.

        Raises:
            UnknownToken: If a word is not known and the layer refuses such.
        """
        if self.each is not None:
            alone = self._of_one_each(Values(column.array.reshape(-1), column.names))
            return alone.reshape(*column.array.shape, *self.each)
        return self._of_one_each(column)

    def _of_one_each(self, column: Column) -> np.ndarray:
        """The same where an example has one text, or word."""
        if self.text is not None:
            return self._of_texts(column)
        if column.names is None:
            places = self._places_of_numbers(column.array.reshape(-1))
        else:
            used, inverse = np.unique(column.array, return_inverse=True)
            names = [*column.names, ""]
            places = np.array([self._place(names[place]) for place in used.tolist()], np.int64)[inverse]
            # Of a set all words count.
            places = places.reshape(column.array.shape)
        return self._encoded(places)

    def _encoded(self, places: np.ndarray) -> np.ndarray:
        """Places of shape (n,), or (n, words) of sets, as the layer gives them."""
        if self.mode == "int":
            return places.astype(self.dtype).reshape(len(places), *[1] * self.axes)
        assert self.depth is not None
        out = np.zeros((len(places), self.depth), self.dtype)
        known = np.nonzero(places >= 0)
        if self.mode in ("count", "tf_idf"):
            np.add.at(out, (known[0], places[known]), 1)
        else:
            out[known[0], places[known]] = 1
        return self._weighted(out)

    def _weighted(self, counts: np.ndarray) -> np.ndarray:
        return counts if self.weights is None else counts * np.asarray(self.weights, counts.dtype)

    def _place(self, token: Any) -> int:
        place: int | None = self._place_of.get(token)
        if place is not None:
            return place
        if self.unknown is None:
            raise UnknownToken(f"{self.column}: {token!r} is not known, and num_oov_indices is 0")
        return self.unknown if self.buckets is None else self.unknown + bucket_of(token, **self.buckets)

    @cached_property
    def _place_of(self) -> dict[Any, int]:
        found: dict[Any, int] = {token: self.first + place for place, token in enumerate(self.tokens)}
        if self.mask is not None:
            found[self.mask] = self.mask_place
        return found

    def _places_of_numbers(self, numbers: np.ndarray) -> np.ndarray:
        with np.errstate(invalid="ignore"):
            whole, inverse = np.unique(numbers.astype(np.int64), return_inverse=True)
        return np.array([self._place(number) for number in whole.tolist()], np.int64)[inverse]

    def _of_texts(self, column: Column) -> np.ndarray:
        assert self.text is not None and column.names is not None
        # A text that many rows have is taken to pieces once.
        used, inverse = np.unique(column.array, return_inverse=True)
        names = [*column.names, ""]
        tokens = tokenizer(self.text)
        known = {token.encode(): place for token, place in self._place_of.items()}
        rows = [self._places_in(tokens(names[place].encode("utf-8", "replace")), known) for place in used]
        made = self._padded(rows) if self.mode == "int" else self._counted(rows)
        return made[inverse]

    def _places_in(self, tokens: Sequence[bytes], known: Mapping[bytes, int]) -> list[int]:
        places = [known.get(token, self.unknown) for token in tokens]
        return [place for place in places if place is not None]

    def _padded(self, rows: Sequence[Sequence[int]]) -> np.ndarray:
        assert self.text is not None
        # What is not split is a token, or none.
        longest = 1 if self.text["split"] is None else max(map(len, rows), default=0)
        length = self.text["length"] or longest
        out = np.zeros((len(rows), length), self.dtype)
        for row, places in zip(out, rows, strict=True):
            kept = places[:length]
            row[: len(kept)] = kept
        return out

    def _counted(self, rows: Sequence[Sequence[int]]) -> np.ndarray:
        assert self.depth is not None
        out = np.zeros((len(rows), self.depth), self.dtype)
        for row, places in zip(out, rows, strict=True):
            there = np.array([place for place in places if place >= 0], np.int64)
            if self.mode == "multi_hot":
                row[there] = 1
            else:
                np.add.at(row, there, 1)
        return self._weighted(out)


def bucket_of(token: str | int, count: int, method: str, salt: Sequence[int] | None) -> int:
    """Which of several buckets a token falls into that is not known, as `Lookup.buckets` says."""
    if method == "floormod":
        return int(token) % count
    text = str(token).encode("utf-8", "replace")
    return (fingerprint64(text) if salt is None else siphash(text, salt)) % count


def tokenizer(options: Mapping[str, Any]) -> Callable[[bytes], Sequence[bytes]]:
    """How Keras's TextVectorization takes a text to pieces.

    Args:
        options: `standardize`, `split` and `ngrams` as Keras's `get_config` has them.
    """
    standardize, split, widths = options["standardize"] or "", options["split"], options["ngrams"]
    removed = _PUNCTUATION if "strip_punctuation" in standardize else b""

    def pieces(text: bytes) -> list[bytes]:
        # Keras lowers letters of ASCII alone, as bytes do.
        written = (text.lower() if "lower" in standardize else text).translate(None, removed)
        if split is None:
            return [written] if written else []
        if split == "whitespace":
            return written.split()
        return [character.encode() for character in written.decode("utf-8", "replace")]

    if widths is None:
        return pieces
    return lambda text: list(_ngrams(pieces(text), widths))


def _ngrams(tokens: Sequence[bytes], widths: Sequence[int]) -> Iterator[bytes]:
    for width in widths:
        for start in range(len(tokens) - width + 1):
            yield b" ".join(tokens[start : start + width])


@dataclass(frozen=True)
class Front:
    """All that is computed before the LiteRT model of rows.

    Attributes:
        made: Lookups by the names of what the LiteRT model takes.
        needed: Columns of numbers in which no value may be missing, by their own names.
    """

    made: Mapping[str, Lookup]
    needed: Sequence[str] = ()

    @property
    def row_bytes(self) -> int:
        """What the looked up words of a row take as numbers, roughly."""
        return 4 * sum(lookup.width for lookup in self.made.values()) + 1

    def run(self, columns: Mapping[str, Column]) -> dict[str, np.ndarray]:
        """What a LiteRT model takes.

        Args:
            columns: By what the model calls them.

        Returns:
            The columns of numbers as they are, and what lookups give.
        """
        numbers = {name: column.array for name, column in columns.items() if column.names is None}
        return {**numbers, **{name: lookup.run(columns[lookup.column]) for name, lookup in self.made.items()}}

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Front:
        """What `content` wrote, as JSON has it.

        Raises:
            KeyError, TypeError: If it is damaged.
            ValueError: If it is of a version that is not known.
        """
        if document["version"] not in KNOWN:
            raise ValueError(f"version {document['version']} is not known here")
        made = {name: Lookup(**described) for name, described in document["made"].items()}
        return cls(made, document["needed"])

    def content(self) -> str:
        """As front.json has it."""
        made = {name: dict(vars(lookup)) for name, lookup in self.made.items()}
        for described in made.values():
            described.pop("_place_of", None)
        return json.dumps({"version": VERSION, "needed": list(self.needed), "made": made}, ensure_ascii=False)
