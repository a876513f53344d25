"""The tags of sentences, and the spans that they say, in the text where that is known."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bigmodel_cli.config.reading import Reading
from bigmodel_cli.cut import cut
from bigmodel_cli.scoring.probabilities import as_numbers
from bigmodel_cli.scoring.rule import DecisionRule
from bigmodel_cli.spans import Span
from bigmodel_cli.tasks.predictions import Answer, Asked, Predictions
from bigmodel_cli.tasks.tagging.decoding import decoded
from bigmodel_cli.tasks.tagging.task import Tagging
from bigmodel_cli.words import Piece, Word

# Letters of a caption.
_ROOM = 60


@dataclass(frozen=True, slots=True)
class Tagged(Answer):
    """What a model says of one sentence.

    Attributes:
        values: The probability of each tag at each word, shape (words, tags).
        decided: The number of each word's tag.
        task: Which tags there are.
        piece: The text; None: nobody knows it, nor how many of the words are none.
    """

    values: np.ndarray
    decided: np.ndarray
    task: Tagging
    piece: Piece | None = None

    @property
    def tags(self) -> list[str]:
        return self.task.written(self.decided.tolist())

    @property
    def spans(self) -> list[Span]:
        return self.task.spans(self.tags)

    def line(self, top: int) -> str:
        """`[Empire State Building location] is in [New York location]`; the tags where no text is known."""
        if self.piece is None:
            return " ".join(self.tags)
        return self._marked(str, lambda text, type_: f"[{text} {type_}]")

    def terminal_line(self, top: int, shown: Callable[[str], str], mark: Callable[[str, int], str]) -> str:
        if self.piece is None:
            return shown(self.line(top))
        number_of = self.task.types.index
        return self._marked(shown, lambda text, type_: mark(f" {text} {type_} ", number_of(type_)))

    def _marked(self, shown: Callable[[str], str], mark: Callable[[str, str], str]) -> str:
        """The text, each span of which is marked."""
        assert self.piece is not None
        parts, done = [], 0
        for span in self.spans:
            start, stop = self._ends(span)
            parts += [shown(self.piece.text[done:start]), mark(self.piece.text[start:stop], span.type)]
            done = stop
        return "".join([*parts, shown(self.piece.text[done:])])

    def _ends(self, span: Span) -> tuple[int, int]:
        """Where a span begins and ends in the piece."""
        assert self.piece is not None
        last = self.piece.words[span.stop - 1]
        return self.piece.words[span.first].start, last.start + len(last.text)

    def caption(self, shown: Callable[[str], str]) -> str:
        return shown(cut(self.line(1), _ROOM))

    def as_json(self, top: int) -> dict[str, Any]:
        """Tags of the words, and the spans with their places in the text, in characters from 0."""
        tags = self.tags
        document: dict[str, Any] = {"prediction": " ".join(tags)}
        if self.piece is None:
            return document
        words = [word.text for word in self.piece.words]
        return {
            **document,
            "text": self.piece.text,
            "words": words,
            "tags": tags,
            "spans": [self._span_as_json(span) for span in self.spans],
        }

    def _span_as_json(self, span: Span) -> dict[str, Any]:
        assert self.piece is not None
        start, stop = self._ends(span)
        chosen = self.decided[span.first : span.stop]
        shares = self.values[np.arange(span.first, span.stop), chosen]
        return {
            "type": span.type,
            "text": self.piece.text[start:stop],
            "start": self.piece.start + start,
            "end": self.piece.start + stop,
            "words": [span.first, span.stop],
            # That all of its words are as they were tagged, as if none told of another.
            "probability": float(np.prod(shares)),
        }

    def cells(self) -> list[str]:
        return [" ".join(self.tags)]


class TaggingPredictions(Predictions[Tagging]):
    """Of each word a tag, so that all of a sentence say spans."""

    def values(self, outputs: np.ndarray, reading: Reading) -> np.ndarray:
        return as_numbers(outputs, reading)

    def answers(self, values: np.ndarray, reading: Reading, rule: DecisionRule) -> Iterator[Answer]:
        counts = [values.shape[1]] * len(values)
        return self._answers(values, counts, [None] * len(values))

    def answers_to(
        self, asked: Asked, values: np.ndarray, reading: Reading, rule: DecisionRule
    ) -> Iterator[Answer]:
        pieces = [
            _piece(words) if given is None else given
            for given, words in zip(asked.pieces, asked.values(self.task.words), strict=True)
        ]
        return self._answers(values, [len(piece.words) for piece in pieces], pieces)

    def _answers(
        self, values: np.ndarray, counts: Sequence[int], pieces: Sequence[Piece | None]
    ) -> Iterator[Answer]:
        task = self.task
        tags = decoded(values, counts, task.tags, task.scheme)
        for row, count in enumerate(counts):
            yield Tagged(values[row, :count], tags[row, :count], task, pieces[row])

    def columns(self, reading: Reading) -> list[str]:
        return ["prediction"]


def _piece(words: np.ndarray) -> Piece:
    """Words that stand in no text, as one."""
    there = [word for word in words.tolist() if word]
    placed, start = [], 0
    for word in there:
        placed.append(Word(word, start))
        start += len(word) + 1
    return Piece(" ".join(there), 0, placed)
