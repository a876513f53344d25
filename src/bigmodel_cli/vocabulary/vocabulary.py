"""What a text is cut into, and the number of each piece: all that models of text ask of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

if TYPE_CHECKING:
    import numpy as np

NUM_BYTES = 256
# What configs call how many tokens there are, of a column `review.vocabulary_size`.
VOCABULARY_SIZE = "vocabulary_size"


@dataclass(frozen=True, eq=False)
class Spans:
    """The tokens of a text, and where they stand in it.

    Attributes:
        ids: int32 of shape (tokens,).
        places: Of each token the first character that it has a part of, and the first one behind it, int32 of
            shape (tokens, 2); several tokens may be parts of one character.
    """

    ids: np.ndarray
    places: np.ndarray


class Vocabulary(ABC):
    """Tokens and their numbers.

    Attributes:
        unit: What tokens are, in words.
        is_trained: Whether it is known which tokens there are.
        packages: What has to be installed for `snippet`, as pip calls it.
        padding: The token that stands for none; None: there is no such.
        unknown: The token for what the vocabulary does not know; None: such a text is refused, or there is
            none.
        begin, end: The tokens before the first and behind the last one of a text; None: there are none.
    """

    is_trained: ClassVar[bool] = True
    packages: ClassVar[Sequence[str]] = ()

    unit: str

    @property
    @abstractmethod
    def size(self) -> int:
        """How many different tokens there are, padding and the like among them."""

    @property
    def described(self) -> str:
        """In words for the user: `4,000 subwords (bpe)`."""
        return f"{self.size:,} {self.unit}"

    @property
    def padding(self) -> int | None:
        return None

    @property
    def unknown(self) -> int | None:
        return None

    @property
    def begin(self) -> int | None:
        return None

    @property
    def end(self) -> int | None:
        return None

    @abstractmethod
    def encode(self, text: str, where: str) -> np.ndarray:
        """The ids of a text, int32 of shape (tokens,).

        Args:
            text: Any.
            where: What errors call it.

        Raises:
            DataError: If it has something that is none of the vocabulary; names its line.
        """

    def encode_all(self, texts: Sequence[str], where: str) -> list[np.ndarray]:
        """The ids of several texts.

        Raises:
            DataError: As `encode`.
        """
        return [self.encode(text, where) for text in texts]

    @abstractmethod
    def spans(self, text: str, where: str) -> Spans:
        """The ids of a text with their places in it.

        Raises:
            DataError: As `encode`.
        """

    @abstractmethod
    def as_bytes(self, ids: Any) -> bytes:
        """UTF-8 of the text of ids: what a text goes on with, piece by piece; may end inside of a letter."""

    def begin_with(self, start: bytes) -> np.ndarray:
        """Which tokens begin with bytes, bool of shape (size,)."""
        import numpy as np

        return np.array([self.as_bytes([number]).startswith(start) for number in range(self.size)])

    def decode(self, ids: Any) -> str:
        """The text of ids; bytes that are no UTF-8 become U+FFFD."""
        return self.as_bytes(ids).decode("utf-8", "replace")

    @property
    def snippet(self) -> str:
        """Python without bigmodel that makes a function `text_of(ids)`; files are in the folder `HERE`."""
        tokens = [self.as_bytes([number]) for number in range(self.size)]
        return f"""\
TOKENS = {tokens!r}


def text_of(ids):
    return b"".join(TOKENS[number] for number in ids).decode("utf-8", "replace")
"""

    @abstractmethod
    def as_text(self, ids: Any) -> str:
        """Ids as a text that `from_text` makes the same of."""

    @abstractmethod
    def from_text(self, text: str) -> np.ndarray:
        """What `as_text` wrote."""

    def shown(self, ids: Any) -> str:
        """The text of ids where people look at it."""
        return self.as_text(ids)

    @abstractmethod
    def num_bytes(self) -> np.ndarray:
        """How many bytes of UTF-8 each token is, float64 of shape (size,)."""

    @property
    def beginning(self) -> str:
        """What stands before a text: the end of a line, where that is known."""
        return "\n"

    @abstractmethod
    def as_json(self) -> dict[str, Any]:
        """What run.json has of it; the file of a tokenizer is named there."""

    def found_in(self, folder: Path) -> Self:
        """The same, whose file is in a folder; most have none."""
        return self

    @property
    def noted(self) -> dict[str, Any] | None:
        """What a run's config says instead of how it was learnt; None: nothing else."""
        return None

    @property
    def files(self) -> dict[str, str]:
        """Contents of the files that it cannot be read without, by their names."""
        return {}
