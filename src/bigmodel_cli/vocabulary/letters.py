"""Characters and bytes: tokens that nothing has to be learnt for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from bigmodel_cli.errors import DataError
from bigmodel_cli.vocabulary.asked import CHARACTERS
from bigmodel_cli.vocabulary.vocabulary import NUM_BYTES, Spans, Vocabulary

if TYPE_CHECKING:
    import numpy as np

Unit = Literal["characters", "bytes"]
# Of vocabularies with padding, the first ids: of no token, of an unknown one, of a text's beginning and end.
PADDING, UNKNOWN, BEGIN, END = range(4)
NUM_SPECIAL = 4
# Of characters that are heard, of which a text neither begins nor ends with a token.
_BEFORE = 2


@dataclass(frozen=True)
class Letters(Vocabulary):
    """Characters, each by its place among those that there are, or the bytes of UTF-8.

    Attributes:
        unit: What a token is.
        characters: The different ones in the order of their code points; none where tokens are bytes.
    """

    unit: Unit
    characters: str = ""

    @classmethod
    def of(cls, unit: Unit, text: str) -> Self:
        """The tokens of a text.

        Args:
            unit: What a token is.
            text: With every character that there is to be.
        """
        return cls(unit, "".join(sorted(set(text))) if unit == "characters" else "")

    @property
    def size(self) -> int:
        return len(self.characters) if self.unit == "characters" else NUM_BYTES

    def encode(self, text: str, where: str) -> np.ndarray:
        import numpy as np

        if self.unit == "bytes":
            return np.frombuffer(_utf8(text), np.uint8).astype(np.int32)
        points, known = code_points(text), code_points(self.characters)
        ids = np.searchsorted(known, points).clip(max=max(len(known) - 1, 0))
        unknown = known[ids] != points if len(known) else np.ones(len(points), bool)
        if unknown.any():
            raise self._unknown(text, int(unknown.argmax()), where)
        return ids.astype(np.int32)

    def _unknown(self, text: str, place: int, where: str) -> DataError:
        line, character = text.count("\n", 0, place) + 1, text[place]
        return DataError(
            f"{where}:{line}: the model knows no character {character!r} (U+{ord(character):04X})",
            hint=f"it knows {self.size} different characters; tokens: bytes knows all",
        )

    def spans(self, text: str, where: str) -> Spans:
        ids = self.encode(text, where)
        return Spans(ids, _places_of_bytes(text) if self.unit == "bytes" else _each(len(text)))

    def as_bytes(self, ids: Any) -> bytes:
        if self.unit == "bytes":
            return bytes(int(number) for number in ids)
        return _utf8("".join(self.characters[number] for number in ids))

    def as_text(self, ids: Any) -> str:
        if self.unit == "bytes":
            # Characters up to U+00FF.
            return "".join(chr(number) for number in ids)
        return self.decode(ids)

    def from_text(self, text: str) -> np.ndarray:
        import numpy as np

        if self.unit == "bytes":
            return np.frombuffer(text.encode("latin-1"), np.uint8).astype(np.int32)
        return self.encode(text, "text")

    def shown(self, ids: Any) -> str:
        return self.decode(ids)

    def num_bytes(self) -> np.ndarray:
        import numpy as np

        if self.unit == "bytes":
            return np.ones(NUM_BYTES)
        return np.array([len(character.encode("utf-8")) for character in self.characters], np.float64)

    @property
    def beginning(self) -> str:
        return super().beginning if not self.characters or "\n" in self.characters else self.characters[0]

    def as_json(self) -> dict[str, Any]:
        return {"tokens": self.unit, "characters": self.characters}


@dataclass(frozen=True)
class PaddedBytes(Vocabulary):
    """Bytes of UTF-8 behind the tokens for padding, what is unknown, beginning and end."""

    name: ClassVar[str] = "padded_bytes"

    unit: str = field(default="bytes", init=False, repr=False)

    @property
    def size(self) -> int:
        return NUM_BYTES + NUM_SPECIAL

    @property
    def padding(self) -> int:
        return PADDING

    @property
    def unknown(self) -> int:
        return UNKNOWN

    @property
    def begin(self) -> int:
        return BEGIN

    @property
    def end(self) -> int:
        return END

    def encode(self, text: str, where: str) -> np.ndarray:
        import numpy as np

        return np.frombuffer(_utf8(text), np.uint8).astype(np.int32) + NUM_SPECIAL

    def spans(self, text: str, where: str) -> Spans:
        return Spans(self.encode(text, where), _places_of_bytes(text))

    def as_bytes(self, ids: Any) -> bytes:
        return bytes(int(number) - NUM_SPECIAL for number in ids if number >= NUM_SPECIAL)

    def as_text(self, ids: Any) -> str:
        return "".join(chr(number) for number in ids)

    def from_text(self, text: str) -> np.ndarray:
        return code_points(text).astype("int32")

    def shown(self, ids: Any) -> str:
        return self.decode(ids)

    def num_bytes(self) -> np.ndarray:
        import numpy as np

        return np.repeat([0.0, 1.0], [NUM_SPECIAL, NUM_BYTES])

    def as_json(self) -> dict[str, Any]:
        return {"tokens": self.name}


@dataclass(frozen=True)
class PaddedCharacters(Vocabulary):
    """Characters behind the tokens for padding and for one that is not known.

    Attributes:
        characters: The different ones in the order of their code points.
        lowercase: Whether letters of texts are made small first.
    """

    name: ClassVar[str] = "padded_characters"

    characters: str
    lowercase: bool = False
    unit: str = field(default="characters", init=False, repr=False)

    @classmethod
    def of(cls, texts: Sequence[str], *, lowercase: bool) -> Self:
        """Those of some texts."""
        found = {character for text in texts for character in (text.lower() if lowercase else text)}
        return cls("".join(sorted(found)), lowercase)

    @property
    def size(self) -> int:
        return len(self.characters) + _BEFORE

    @property
    def padding(self) -> int:
        return PADDING

    @property
    def unknown(self) -> int:
        return UNKNOWN

    def encode(self, text: str, where: str) -> np.ndarray:
        import numpy as np

        ids = [self._id_of.get(character, UNKNOWN) for character in self._normal(text)]
        return np.array(ids, np.int32)

    def _normal(self, text: str) -> str:
        return text.lower() if self.lowercase else text

    @cached_property
    def _id_of(self) -> dict[str, int]:
        return {character: place for place, character in enumerate(self.characters, _BEFORE)}

    def spans(self, text: str, where: str) -> Spans:
        raise TypeError("characters of what is heard stand in no text")

    def as_bytes(self, ids: Any) -> bytes:
        return self.as_text(ids).encode("utf-8", "replace")

    def as_text(self, ids: Any) -> str:
        """Padding is nothing, and what is unknown U+FFFD."""
        known = f"\ufffd{self.characters}"
        return "".join(known[number - UNKNOWN] for number in ids if number != PADDING)

    def from_text(self, text: str) -> np.ndarray:
        return self.encode(text, "text")

    def num_bytes(self) -> np.ndarray:
        import numpy as np

        return np.array([0, 0, *(len(_utf8(character)) for character in self.characters)], np.float64)

    @property
    def noted(self) -> dict[str, Any]:
        options = {"known": self.characters, **({"lowercase": True} if self.lowercase else {})}
        return {CHARACTERS: options}

    def as_json(self) -> dict[str, Any]:
        return {"tokens": self.name, "characters": self.characters, "lowercase": self.lowercase}


def code_points(text: str) -> np.ndarray:
    """The characters of a text as uint32."""
    import numpy as np

    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)


def _utf8(text: str) -> bytes:
    """UTF-8; bytes of a file that were none come back as they were, other halves of pairs as `?`."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace")


def _each(count: int) -> np.ndarray:
    import numpy as np

    return np.stack([np.arange(count), np.arange(1, count + 1)], axis=1).astype(np.int32)


def _places_of_bytes(text: str) -> np.ndarray:
    import numpy as np

    return np.repeat(_each(len(text)), [len(_utf8(character)) for character in text], axis=0)
