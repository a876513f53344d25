"""A text as the tokens of a tokenizer, which the run keeps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Self

from bigmodel_cli.kinds.kind import ColumnKind
from bigmodel_cli.vocabulary.record import vocabulary_from_json
from bigmodel_cli.vocabulary.rows import TokenRows, rows_of

if TYPE_CHECKING:
    from bigmodel_cli.vocabulary.vocabulary import Vocabulary

LENGTH = 128
LONGEST = 2**20


@dataclass(frozen=True)
class SubwordsKind(ColumnKind):
    """So many tokens of a text, by their ids; behind a shorter one stands padding, 0.

    Attributes:
        length: Tokens of a value; a text that has more is cut.
        vocabulary: What ids stand for; until it is trained, values are texts.
        so_far: The target whose text so far a value is; None: it is a text of its own.
    """

    name: ClassVar[str] = "subwords"
    plural: ClassVar[str] = "tokenized"
    noun: ClassVar[str] = "text"
    has_words: ClassVar[bool] = True
    may_be_padded: ClassVar[bool] = True
    is_json: ClassVar[bool] = False
    placeholder_alone: ClassVar[str | None] = '--text "…"'

    length: int
    vocabulary: Vocabulary
    so_far: str | None = None
    dtype: str = field(default="int32", init=False, repr=False)

    @property
    def shape(self) -> tuple[int, ...]:  # type: ignore[override]
        return (self.length,)

    @property
    def described(self) -> str:
        return f"{self.length} of {self.vocabulary.described} as {self.dtype}"

    def tokenized(self, texts: Sequence[str], where: str) -> TokenRows:
        return rows_of(self.vocabulary, texts, self.length, where)

    def as_json(self) -> dict[str, Any]:
        so_far = {} if self.so_far is None else {"so_far": self.so_far}
        return {"length": self.length, **so_far, **self.vocabulary.as_json()}

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Self:
        return cls(record["length"], vocabulary_from_json(record), record.get("so_far"))
