"""Several of few words: genres, tags, colours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as field_of
from typing import Any, ClassVar, Self

from bigmodel_cli.kinds.kind import ColumnKind

# What a word takes in memory, on average.
_WORD_BYTES = 16


@dataclass(frozen=True)
class SetKind(ColumnKind):
    """So many words, of which all behind the last one are "", which is none.

    Attributes:
        words: Those of the training data, the most frequent one first.
        length: Words that a value has at most.
        separator: What stands between them in a cell.
    """

    name: ClassVar[str] = "set"
    plural: ClassVar[str] = "sets"
    noun: ClassVar[str] = "set"
    is_json: ClassVar[bool] = False

    words: tuple[str, ...]
    length: int
    separator: str
    dtype: str = field_of(default="string", init=False, repr=False)

    @property
    def shape(self) -> tuple[int, ...]:  # type: ignore[override]
        return (self.length,)

    @property
    def described(self) -> str:
        return f"up to {self.length} of {len(self.words)} words"

    @property
    def num_bytes(self) -> int:
        return _WORD_BYTES * self.length

    def as_json(self) -> dict[str, Any]:
        return {"words": list(self.words), "length": self.length, "separator": self.separator}

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Self:
        return cls(tuple(record["words"]), int(record["length"]), str(record["separator"]))
