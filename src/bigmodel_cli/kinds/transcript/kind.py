"""A text that is to be heard."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

from bigmodel_cli.kinds.text.kind import TextKind
from bigmodel_cli.vocabulary.record import vocabulary_from_json

if TYPE_CHECKING:
    from bigmodel_cli.vocabulary.vocabulary import Vocabulary


@dataclass(frozen=True)
class TranscriptKind(TextKind):
    """A text as it is written, and what it is cut into.

    Attributes:
        vocabulary: What tokens stand for.
    """

    name: ClassVar[str] = "transcript"
    plural: ClassVar[str] = "transcripts"
    noun: ClassVar[str] = "transcript"

    vocabulary: Vocabulary

    def as_json(self) -> dict[str, Any]:
        return self.vocabulary.as_json()

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Self:
        return cls(vocabulary_from_json(record))
