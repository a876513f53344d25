"""The text itself, one token on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self

from bigmodel_cli.tasks.task import Task
from bigmodel_cli.vocabulary.record import vocabulary_from_json
from bigmodel_cli.vocabulary.vocabulary import VOCABULARY_SIZE, Vocabulary

BITS_PER_BYTE, PERPLEXITY = "bits_per_byte", "perplexity"


@dataclass(frozen=True)
class Generation(Task):
    """At each place of a window, the token that follows.

    Attributes:
        length: Tokens of a window.
        vocabulary: What ids stand for.
    """

    name: ClassVar[str] = "generation"
    labels: ClassVar[Literal["tokens"]] = "tokens"
    scores: ClassVar[Sequence[str]] = (BITS_PER_BYTE, PERPLEXITY, "bits_per_token", "token_accuracy")
    goes_on: ClassVar[bool] = True

    length: int
    vocabulary: Vocabulary

    @property
    def target_shape(self) -> tuple[int, ...]:  # type: ignore[override]
        return (self.length,)

    @property
    def described(self) -> str:
        known = self.vocabulary
        return f"the next of {known.size} different {known.unit}" if known.is_trained else known.described

    @property
    def listed(self) -> str:
        return f"none ({self.described})"

    @property
    def default_metrics(self) -> Sequence[str]:
        return (BITS_PER_BYTE, PERPLEXITY, "accuracy")

    @property
    def numbers(self) -> Mapping[str, int | None]:
        size = self.vocabulary.size if self.vocabulary.is_trained else None
        return {"num_classes": size, VOCABULARY_SIZE: size}

    def as_json(self) -> dict[str, Any]:
        return {"length": self.length, **self.vocabulary.as_json()}

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Self:
        return cls(record["length"], vocabulary_from_json(record))
