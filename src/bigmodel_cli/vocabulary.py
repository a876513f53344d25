"""Which tokens a text is made of, and the number of each: what a model that writes text reads and gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Self

from bigmodel_cli.errors import DataError

if TYPE_CHECKING:
    import numpy as np

Unit = Literal["characters", "bytes"]
NUM_BYTES = 256


@dataclass(frozen=True)
class Vocabulary:
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
        """How many different tokens there are."""
        return len(self.characters) if self.unit == "characters" else NUM_BYTES

    def encode(self, text: str, where: str) -> np.ndarray:
        """The ids of a text, int32 of shape (tokens,).

        Args:
            text: Any.
            where: What errors call it.

        Raises:
            DataError: If a character is none of the vocabulary; names its line.
        """
        import numpy as np

        if self.unit == "bytes":
            return np.frombuffer(text.encode("utf-8", "surrogateescape"), np.uint8).astype(np.int32)
        points, known = _points(text), _points(self.characters)
        ids = np.searchsorted(known, points).clip(max=max(len(known) - 1, 0))
        unknown = known[ids] != points if len(known) else np.ones(len(points), bool)
        if unknown.any():
            raise self._unknown(text, int(unknown.argmax()), where)
        return ids.astype(np.int32)

    def _unknown(self, text: str, place: int, where: str) -> DataError:
        line, character = text.count("\n", 0, place) + 1, text[place]
        return DataError(
            f"{where}:{line}: the model knows no character {character!r} (U+{ord(character):04X})",
            hint=f"it was trained on {self.size} different characters; tokens: bytes knows all",
        )

    def decode(self, ids: Any) -> str:
        """The text of ids; bytes that are no UTF-8 become U+FFFD."""
        if self.unit == "bytes":
            return bytes(int(number) for number in ids).decode("utf-8", "replace")
        return "".join(self.characters[number] for number in ids)

    def as_text(self, ids: Any) -> str:
        """Ids as a text that `from_text` makes the same of: bytes are characters up to U+00FF."""
        if self.unit == "bytes":
            return "".join(chr(number) for number in ids)
        return self.decode(ids)

    def from_text(self, text: str) -> np.ndarray:
        """What `as_text` wrote."""
        import numpy as np

        if self.unit == "bytes":
            return np.frombuffer(text.encode("latin-1"), np.uint8).astype(np.int32)
        return self.encode(text, "text")

    def num_bytes(self) -> np.ndarray:
        """How many bytes of UTF-8 each token is, float64 of shape (size,)."""
        import numpy as np

        if self.unit == "bytes":
            return np.ones(NUM_BYTES)
        return np.array([len(character.encode("utf-8")) for character in self.characters], np.float64)

    def as_json(self) -> dict[str, Any]:
        return {"tokens": self.unit, "characters": self.characters}

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Self:
        """What `as_json` wrote.

        Raises:
            KeyError, TypeError: If it is damaged.
        """
        return cls(record["tokens"], record["characters"])


def _points(text: str) -> np.ndarray:
    import numpy as np

    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
