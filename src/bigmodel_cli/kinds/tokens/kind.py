"""A window of a text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

from bigmodel_cli.kinds.kind import Kind
from bigmodel_cli.vocabulary.record import vocabulary_from_json
from bigmodel_cli.vocabulary.vocabulary import Vocabulary


@dataclass(frozen=True)
class TokensKind(Kind):
    """So many tokens of a text, one behind the other, by their ids.

    Attributes:
        length: Tokens of a window.
        vocabulary: What ids stand for.
    """

    name: ClassVar[str] = "tokens"
    plural: ClassVar[str] = "windows"
    placeholder: ClassVar[str] = "TEXT.txt"
    noun: ClassVar[str] = "text"
    may_be_padded: ClassVar[bool] = True

    length: int
    vocabulary: Vocabulary
    dtype: str = field(default="int32", init=False, repr=False)

    @property
    def shape(self) -> tuple[int, ...]:  # type: ignore[override]
        return (self.length,)

    @property
    def described(self) -> str:
        return f"{self.length} {self.vocabulary.unit} of a text as {self.dtype}"

    def as_json(self) -> dict[str, Any]:
        return {"length": self.length, **self.vocabulary.as_json()}

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Self:
        return cls(record["length"], vocabulary_from_json(record))
