"""A text that is heard, moment by moment."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from bigmodel_cli.tasks.task import Task
from bigmodel_cli.vocabulary.record import vocabulary_from_json
from bigmodel_cli.vocabulary.rows import TokenRows, rows_of

if TYPE_CHECKING:
    from bigmodel_cli.vocabulary.vocabulary import Vocabulary

WORD_ERROR_RATE = "word_error_rate"
BEAMS = 8
# The token that stands for none is the blank of Graves et al. 2006, too: no target has it.
BLANK = 0


@dataclass(frozen=True)
class Transcription(Task):
    """A text of a sequence of frames, of which each has a distribution over tokens and a blank.

    White space is one blank between words.

    Attributes:
        length: Tokens of the longest text there is: models do not depend on it.
        vocabulary: What ids stand for.
        beams: Texts that the search keeps in mind.
    """

    name: ClassVar[str] = "transcription"
    labels: ClassVar[Literal["transcripts"]] = "transcripts"
    scores: ClassVar[Sequence[str]] = (WORD_ERROR_RATE, "character_error_rate", "exact_match")

    length: int = field(compare=False)
    vocabulary: Vocabulary
    beams: int = BEAMS

    @property
    def target_shape(self) -> tuple[int, ...]:  # type: ignore[override]
        return (self.length,)

    @property
    def described(self) -> str:
        return f"a text of at most {self.length} of {self.vocabulary.described}, heard"

    @property
    def listed(self) -> str:
        return f"none (a text of {self.vocabulary.described}, heard)"

    @property
    def default_metrics(self) -> Sequence[str]:
        return (WORD_ERROR_RATE,)

    @property
    def numbers(self) -> Mapping[str, int | None]:
        return {"num_classes": self.vocabulary.size, "vocabulary_size": self.vocabulary.size}

    def holding(self, texts: Collection[str]) -> Transcription:
        counts = (len(ids) for ids in self.vocabulary.encode_all([*map(_spaced, texts)], "transcripts"))
        return replace(self, length=max(counts, default=0))

    def unknown_characters(self, text: str) -> Sequence[str]:
        ids = self.vocabulary.encode(_spaced(text), "transcript")
        if self.vocabulary.unknown is None or len(ids) != len(_spaced(text)):
            return ()
        return [one for one, id_ in zip(_spaced(text), ids, strict=True) if id_ == self.vocabulary.unknown]

    def text(self, ids: Any) -> str:
        """The text of a row of ids, padding left out."""
        return _spaced(self.vocabulary.decode([one for one in ids if one != BLANK]))

    def tokenized(self, texts: Sequence[str], where: str) -> TokenRows:
        spaced = [*map(_spaced, texts)]
        return rows_of(self.vocabulary, spaced, max(1, self.length, self.holding(spaced).length), where)

    def as_json(self) -> dict[str, Any]:
        return {"length": self.length, "beams": self.beams, **self.vocabulary.as_json()}

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Self:
        return cls(record["length"], vocabulary_from_json(record), record["beams"])


def _spaced(text: str) -> str:
    """The text with one blank where there is white space, and none around it."""
    return " ".join(text.split())
