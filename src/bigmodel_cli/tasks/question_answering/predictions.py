"""The part of a text that answers a question, and where it stands."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bigmodel_cli.config.reading import Reading
from bigmodel_cli.cut import cut
from bigmodel_cli.scoring.probabilities import as_numbers
from bigmodel_cli.scoring.rule import DecisionRule
from bigmodel_cli.tasks.predictions import Answer, Asked, Predictions
from bigmodel_cli.tasks.question_answering.decoding import best_spans
from bigmodel_cli.tasks.question_answering.sought import Context
from bigmodel_cli.tasks.question_answering.task import QuestionAnswering
from bigmodel_cli.words import parts_in

NO_ANSWER = "(no answer)"
# Letters of a caption, and of the text that stands around an answer in a line.
_ROOM, _AROUND = 60, 60


@dataclass(frozen=True, slots=True)
class Answered(Answer):
    """An answer.

    Attributes:
        values: How probable it is, and how probable it is that the text has none; shape (2,).
        first: Its first word among those of the text, from 0.
        last: Its last word; before `first` where there is no answer.
        context: The text; None: nobody knows it.
    """

    values: np.ndarray
    first: int
    last: int
    context: Context | None = None

    @property
    def has_answer(self) -> bool:
        return self.last >= self.first

    @property
    def text(self) -> str:
        """The answer; "" for none; of a text that nobody knows the numbers of its words."""
        if not self.has_answer:
            return ""
        if self.context is None:
            return numbered(self.first, self.last)
        return self.context.part(self.first, self.last)

    @property
    def _ends(self) -> tuple[int, int]:
        """Where it begins and ends in the text, in characters from 0."""
        assert self.context is not None
        return int(self.context.places[self.first, 0]), int(self.context.places[self.last, 1])

    def line(self, top: int) -> str:
        return " ".join(self.text.split()) or NO_ANSWER

    def terminal_line(self, top: int, shown: Callable[[str], str], mark: Callable[[str, int], str]) -> str:
        """The answer marked, with what stands around it."""
        if self.context is None or not self.has_answer:
            return shown(self.line(top))
        text, (start, end) = self.context.text, self._ends
        before, behind = text[max(0, start - _AROUND) : start], text[end : end + _AROUND]
        dots = ["…" if start > _AROUND else "", "…" if end + _AROUND < len(text) else ""]
        return f"{dots[0]}{shown(before)}{mark(text[start:end], 0)}{shown(behind)}{dots[1]}"

    def caption(self, shown: Callable[[str], str]) -> str:
        return shown(cut(self.line(1), _ROOM))

    def as_json(self, top: int) -> dict[str, Any]:
        document: dict[str, Any] = {"prediction": self.text, "score": float(self.values[0])}
        if self.has_answer and self.context is not None:
            document["start"], document["end"] = self._ends
        return {**document, "no_answer": float(self.values[1])}

    def cells(self) -> list[str]:
        return [self.text, *(f"{value:.6g}" for value in self.values.tolist())]


class QuestionAnsweringPredictions(Predictions[QuestionAnswering]):
    """Of texts. Values are how likely each place of a window is; where windows were put together, they are
    answers as `decoding.voted` has them."""

    def values(self, outputs: np.ndarray, reading: Reading) -> np.ndarray:
        return outputs if outputs.ndim == 2 else as_numbers(outputs, reading)

    def answers(self, values: np.ndarray, reading: Reading, rule: DecisionRule) -> Iterator[Answer]:
        return self._answers(values, [None] * len(values))

    def answers_to(
        self, asked: Asked, values: np.ndarray, reading: Reading, rule: DecisionRule
    ) -> Iterator[Answer]:
        texts = asked.features[self.task.context].texts
        return self._answers(values, [None] * len(values) if texts is None else map(context_of, texts))

    def _answers(
        self, values: np.ndarray, contexts: Iterator[Context] | Sequence[Context | None]
    ) -> Iterator[Answer]:
        for row, context in zip(in_texts(values, self.task.longest), contexts, strict=True):
            first, last = row[:2].astype(int).tolist()
            # A text without a word has no answer, whatever is looked for.
            has_words = context is None or last < len(context.places)
            is_none = not has_words or (self.task.may_lack and row[3] > row[2])
            yield Answered(row[2:], first, first - 1 if is_none else last, context)

    def columns(self, reading: Reading) -> list[str]:
        return ["prediction", "score", "no_answer"]


def context_of(text: str) -> Context:
    """A text with the places of its words."""
    places = [(word.start, word.start + len(word.text)) for word in parts_in(text)]
    return Context(text, np.array(places, np.int32).reshape(-1, 2))


def in_texts(values: np.ndarray, longest: int) -> np.ndarray:
    """Answers by the words of a text, from 0.

    Args:
        values: As `QuestionAnsweringPredictions` has them; a window is taken for the whole text.
        longest: Words of an answer, at most.
    """
    if values.ndim == 2:
        return values
    found = best_spans(values, longest)
    found[:, :2] -= 1
    return found


def numbered(first: int, last: int) -> str:
    """Words of a text that nobody knows: `3 4 5`."""
    return " ".join(map(str, range(first, last + 1)))
