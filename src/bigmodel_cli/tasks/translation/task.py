"""Another text, made of one: a translation, a summary, a correction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from bigmodel_cli.tasks.task import PADDING, Task
from bigmodel_cli.vocabulary.record import vocabulary_from_json
from bigmodel_cli.vocabulary.rows import TokenRows, rows_of

if TYPE_CHECKING:
    from bigmodel_cli.vocabulary.vocabulary import Vocabulary

BEAMS, LENGTH_PENALTY = 4, 0.6
# What an evaluation keeps of the right text: −ln of how likely its tokens were, in nats, how many of them
# were the likeliest ones, and how many there are.
SUMS = ("surprise", "foreseen", "tokens")


@dataclass(frozen=True)
class Translation(Task):
    """At each place of another text the token that follows; the text itself is searched for, token by token.

    Attributes:
        length: Tokens of a text at most, its end included.
        vocabulary: What ids stand for.
        beams: Texts that the search keeps in mind.
        length_penalty: By which power of their length texts are compared.
    """

    name: ClassVar[str] = "translation"
    labels: ClassVar[Literal["texts"]] = "texts"
    scores: ClassVar[Sequence[str]] = (
        "bleu",
        "chrf",
        "exact_match",
        "perplexity",
        "token_accuracy",
    )
    is_searched: ClassVar[bool] = True

    length: int
    vocabulary: Vocabulary
    beams: int = BEAMS
    length_penalty: float = LENGTH_PENALTY

    @property
    def target_shape(self) -> tuple[int, ...]:  # type: ignore[override]
        return (self.length,)

    @property
    def described(self) -> str:
        return f"a text of at most {self.length} of {self.vocabulary.described}"

    @property
    def listed(self) -> str:
        return f"none ({self.described})"

    @property
    def default_metrics(self) -> Sequence[str]:
        return ("accuracy",)

    @property
    def numbers(self) -> Mapping[str, int | None]:
        return {"num_classes": self.vocabulary.size, "vocabulary_size": self.vocabulary.size}

    def text(self, ids: Any) -> str:
        """The text of a row of ids, up to its end."""
        return self.vocabulary.decode(list(ids)[: self.num_tokens(ids)])

    def num_tokens(self, ids: Any) -> int:
        """Of a row of ids, how many stand before the end, or the padding."""
        outside = (self.vocabulary.end, self.vocabulary.padding, PADDING)
        return next((place for place, one in enumerate(ids) if one in outside), len(ids))

    def tokenized(self, texts: Sequence[str], where: str) -> TokenRows:
        return rows_of(self.vocabulary, texts, self.length, where, ends=True)

    def as_json(self) -> dict[str, Any]:
        return {
            "length": self.length,
            "beams": self.beams,
            "length_penalty": self.length_penalty,
            **self.vocabulary.as_json(),
        }

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Self:
        vocabulary = vocabulary_from_json(record)
        return cls(record["length"], vocabulary, record["beams"], record["length_penalty"])
