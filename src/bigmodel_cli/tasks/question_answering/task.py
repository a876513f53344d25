"""A question about a text, of which a part is the answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self

from bigmodel_cli.tasks.task import Task

# The place, of beginning and end alike, that says that no answer is in a window; its words come behind it.
NONE = 0


@dataclass(frozen=True)
class QuestionAnswering(Task):
    """The words from which to which a text answers a question.

    Attributes:
        length: Words of a window.
        stride: How many words further on the next window begins.
        longest: Words of an answer that is looked for, at most.
        may_lack: Whether a text may have no answer.
        context: The input that has the text.
        question: The one that has the question.
    """

    name: ClassVar[str] = "question_answering"
    labels: ClassVar[Literal["answers"]] = "answers"
    scores: ClassVar[Sequence[str]] = (
        "answer_f1",
        "answer_exact_match",
        "answered_f1",
        "unanswerable_accuracy",
    )
    target_shape: ClassVar[tuple[int, ...]] = (2,)  # type: ignore[misc]
    has_windows: ClassVar[bool] = True

    length: int
    stride: int
    longest: int
    may_lack: bool
    context: str
    question: str

    @property
    def num_places(self) -> int:
        """Where an answer may begin or end in a window: at each word, or nowhere."""
        return 1 + self.length

    @property
    def described(self) -> str:
        none = ", or none" if self.may_lack else ""
        return f"an answer of up to {self.longest} words in windows of {self.length}{none}"

    @property
    def listed(self) -> str:
        return f"none ({self.described})"

    @property
    def default_metrics(self) -> Sequence[str]:
        return ("accuracy",)

    @property
    def numbers(self) -> Mapping[str, int | None]:
        return {"num_classes": self.num_places}

    def as_json(self) -> dict[str, Any]:
        return {
            "length": self.length,
            "stride": self.stride,
            "longest": self.longest,
            "may_lack": self.may_lack,
            "context": self.context,
            "question": self.question,
        }

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Self:
        return cls(
            record["length"],
            record["stride"],
            record["longest"],
            record["may_lack"],
            record["context"],
            record["question"],
        )
