"""A text, word by word, in windows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from bigmodel_cli.kinds.sentence.kind import SentenceKind


@dataclass(frozen=True)
class PassageKind(SentenceKind):
    """So many words of a text, each sign a word of its own.

    Attributes:
        length: Words that the model takes.
        stride: How many words further on the next window of a longer text begins; 0: a longer one is
            refused.
    """

    name: ClassVar[str] = "passage"
    plural: ClassVar[str] = "passages"
    noun: ClassVar[str] = "text"
    placeholder_alone: ClassVar[str | None] = None
    is_json: ClassVar[bool] = True

    stride: int = 0

    @property
    def described(self) -> str:
        return f"windows of {self.length} words" if self.stride else super().described

    def as_json(self) -> dict[str, Any]:
        return {**super().as_json(), "stride": self.stride}

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Self:
        return cls(int(record["length"]), stride=int(record["stride"]))
