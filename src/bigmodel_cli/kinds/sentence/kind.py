"""A sentence, word by word."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

from bigmodel_cli.kinds.kind import ColumnKind

# What a word takes in memory, on average.
_WORD_BYTES = 16


@dataclass(frozen=True)
class SentenceKind(ColumnKind):
    """So many words, the last of which may be "", which is none.

    Attributes:
        length: Words that the model takes; what is longer is cut.
    """

    name: ClassVar[str] = "sentence"
    plural: ClassVar[str] = "sentences"
    noun: ClassVar[str] = "sentence"
    placeholder_alone: ClassVar[str | None] = '--text "…"'
    is_json: ClassVar[bool] = False
    may_be_padded: ClassVar[bool] = True

    length: int
    dtype: str = field(default="string", init=False, repr=False)

    @property
    def shape(self) -> tuple[int, ...]:  # type: ignore[override]
        return (self.length,)

    @property
    def described(self) -> str:
        return f"up to {self.length} words"

    @property
    def num_bytes(self) -> int:
        return _WORD_BYTES * self.length

    def as_json(self) -> dict[str, Any]:
        return {"length": self.length}

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Self:
        return cls(int(record["length"]))
