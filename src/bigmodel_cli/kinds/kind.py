"""What a value of a column is. `predict` starts with it at once, so nothing heavy is imported."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

from bigmodel_cli.parts import class_called
from bigmodel_cli.vocabulary.vocabulary import VOCABULARY_SIZE

if TYPE_CHECKING:
    from bigmodel_cli.vocabulary.rows import TokenRows
    from bigmodel_cli.vocabulary.vocabulary import Vocabulary

# What a text takes in memory, on average: batches are no larger than memory has room for.
TEXT_BYTES = 64


class Kind(ABC):
    """One kind of values.

    Attributes:
        name: What configs and run.json call it.
        plural: What a config calls all columns of it, side by side.
        stands_alone: Whether a value can be an example of its own; of the others an example is a row, even
            where that has one column.
        is_composed: Whether a value is made of values of several columns.
        has_words: Whether a value is a text, of which each word can be left out.
        may_be_padded: Whether values may be texts of several lengths, with padding behind the shorter ones.
        is_json: Whether JSON has a value of it as it is.
        placeholder: What stands for a value of it where a command is shown.
        placeholder_alone: The same for a row that is one value of it; None: a row's own.
        noun: What a person calls one value.
        shape: Of one value as the saved model takes it, without the batch axis.
        dtype: NumPy's name of the dtype that the saved model takes, for instance `uint8`.
        vocabulary: What the numbers of a value stand for, where it is tokens of a text; None: it is none.
        sample_rate: How many numbers of a value a second has, where it is a sound; None: it is none.
    """

    name: ClassVar[str]
    plural: ClassVar[str] = ""
    stands_alone: ClassVar[bool] = True
    is_composed: ClassVar[bool] = False
    has_words: ClassVar[bool] = False
    may_be_padded: ClassVar[bool] = False
    is_json: ClassVar[bool] = True
    placeholder: ClassVar[str]
    placeholder_alone: ClassVar[str | None] = None
    noun: ClassVar[str]

    shape: tuple[int, ...]
    dtype: str
    vocabulary: Vocabulary | None = None

    @property
    def sample_rate(self) -> int | None:
        return None

    @property
    def words_of(self) -> str | None:
        """The column whose words a value is made of: both have one vocabulary. None: it has its own."""
        return None

    @property
    def so_far(self) -> str | None:
        """The target whose text so far a value is; None: it is given by whoever predicts."""
        return None

    @property
    def described(self) -> str:
        """Shape and dtype in words for the user."""
        return f"{' × '.join(map(str, self.shape))} {self.dtype}"

    @property
    def num_bytes(self) -> int:
        """What one value takes in memory."""
        import numpy as np

        return math.prod(self.shape) * np.dtype(self.dtype).itemsize

    @property
    def to_predict(self) -> str:
        """What stands for what is given to `predict`, where the command is shown."""
        return self.placeholder

    @property
    def numbers(self) -> Mapping[str, int | None]:
        """Numbers of the data that a config may use, by what stands behind the column's name."""
        known = self.vocabulary is not None and self.vocabulary.is_trained
        return {VOCABULARY_SIZE: self.vocabulary.size} if known and self.vocabulary is not None else {}

    def with_vocabulary(self, vocabulary: Vocabulary) -> Kind:
        """The same with a vocabulary that was trained, or with its files found; only such kinds have one."""
        return replace(self, vocabulary=vocabulary)  # type: ignore[type-var]

    def tokenized(self, texts: Sequence[str], where: str) -> TokenRows:
        """Texts as values of a kind that has a vocabulary; `where` is what errors call them."""
        raise TypeError(f"a {self.noun} is no text")

    def as_it_is(self) -> Kind:
        """The same kind, but nothing is brought to the form that the training data have."""
        return self

    @abstractmethod
    def as_json(self) -> dict[str, Any]:
        """Its options, but for the name of the kind."""

    @classmethod
    @abstractmethod
    def from_json(cls, record: Mapping[str, Any]) -> Self:
        """What `as_json` wrote.

        Raises:
            KeyError, TypeError: If it is damaged.
        """


class ColumnKind(Kind):
    """A kind of cells: an example of them is a row."""

    stands_alone: ClassVar[bool] = False
    placeholder: ClassVar[str] = "ROWS.csv"


def kind_from_json(record: Mapping[str, Any]) -> Kind:
    """A kind by its name and options.

    Raises:
        KeyError, TypeError: If they are damaged.
    """
    kind: Kind = class_called("kinds", record["kind"], "kind", "Kind").from_json(record)
    return kind
