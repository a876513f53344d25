"""A class for each word of a sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Literal, Self

from bigmodel_cli.cut import some
from bigmodel_cli.spans import OUTSIDE, Scheme, Span, parted, spans_of
from bigmodel_cli.tasks.task import PADDING, Task

SPAN_F1 = "span_f1"


@dataclass(frozen=True)
class Tagging(Task):
    """A tag for each word, by which spans of words are something.

    Attributes:
        length: Words of a sentence.
        tags: In index order.
        scheme: How tags say where spans begin and end; `words`: each is of its word alone.
        words: The input whose words they are of.
    """

    name: ClassVar[str] = "tagging"
    labels: ClassVar[Literal["tags"]] = "tags"
    scores: ClassVar[Sequence[str]] = (SPAN_F1, "word_accuracy", "span_precision", "span_recall")

    length: int
    tags: tuple[str, ...]
    scheme: Scheme
    words: str

    @property
    def target_shape(self) -> tuple[int, ...]:  # type: ignore[override]
        return (self.length,)

    @property
    def described(self) -> str:
        if self.scheme == "words":
            return f"a tag of {len(self.tags)} for each word"
        return f"spans of {len(self.types)} types ({self.scheme.upper()})"

    @property
    def label_names(self) -> tuple[str, ...] | None:
        return self.tags

    @property
    def scored_names(self) -> tuple[str, ...]:
        return self.types

    @property
    def weighed_names(self) -> tuple[str, ...]:
        """Types, for all of their tags, and what is in no span."""
        return tuple(dict.fromkeys(map(self.weighed_as, self.tags)))

    def weighed_as(self, tag: str) -> str:
        """The one of `weighed_names` that a tag is of."""
        return tag if self.scheme == "words" or tag == OUTSIDE else parted(tag)[1]

    @cached_property
    def types(self) -> tuple[str, ...]:
        """What spans can be; of single words their tags."""
        if self.scheme == "words":
            return self.tags
        return tuple(dict.fromkeys(parted(tag)[1] for tag in self.tags if tag != OUTSIDE))

    def spans(self, tags: Sequence[str]) -> list[Span]:
        """The spans that the tags of a sentence say."""
        if self.scheme == "words":
            return [Span(tag, place, place + 1) for place, tag in enumerate(tags)]
        return spans_of(tags)

    def written(self, numbers: Sequence[int]) -> list[str]:
        """The tags of a sentence by their numbers, without what is behind its last word."""
        return [self.tags[number] for number in numbers if number != PADDING]

    @property
    def listed(self) -> str:
        return some(self.types, 5)

    @property
    def default_metrics(self) -> Sequence[str]:
        return ("accuracy",) if self.scheme == "words" else (SPAN_F1, "accuracy")

    @property
    def numbers(self) -> Mapping[str, int | None]:
        return {"num_classes": len(self.tags)}

    def as_json(self) -> dict[str, Any]:
        return {
            "length": self.length,
            "tags": list(self.tags),
            "scheme": self.scheme,
            "words": self.words,
        }

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Self:
        return cls(record["length"], tuple(record["tags"]), record["scheme"], record["words"])
