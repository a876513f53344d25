"""Texts that a model writes behind prompts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from bigmodel_cli.inference.generating.beams import Beams, likeliest
from bigmodel_cli.inference.generating.growing import GrowingText
from bigmodel_cli.inference.generating.prompts import Prompt
from bigmodel_cli.inference.generating.sampling import Sampling
from bigmodel_cli.inference.generating.stepping import Stepper, WholeWindows, kept_tokens
from bigmodel_cli.vocabulary.vocabulary import Vocabulary

# Tokens that are computed before somebody sees them.
_AT_ONCE = 16


@dataclass(frozen=True)
class Wanted:
    """What is to be written.

    Attributes:
        max_tokens: At most so many tokens behind a prompt.
        num: Texts for each prompt.
        stop: A text ends before the first of these.
        sampling: How tokens are drawn.
        beams: How the likeliest texts are searched for; None: tokens are drawn.
    """

    max_tokens: int = 200
    num: int = 1
    stop: Sequence[str] = ()
    sampling: Sampling = field(default_factory=Sampling)
    beams: Beams | None = None


@dataclass(frozen=True)
class Written:
    """One text.

    Attributes:
        prompt: What it goes on from.
        text: What was written behind it.
        num_tokens: Of what was written, with what belongs to the text that ended it.
        ended_by: `stop` or `max_tokens`.
        score: The logarithm of how likely it is, by its length; None: it was drawn.
    """

    prompt: str
    text: str
    num_tokens: int
    ended_by: Literal["stop", "max_tokens"]
    score: float | None = None

    @classmethod
    def of(cls, prompt: str, text: GrowingText, score: float | None = None) -> Written:
        return cls(prompt, text.text, text.num_tokens, text.ended_by or "max_tokens", score)

    def as_json(self) -> dict[str, Any]:
        found = {
            "prompt": self.prompt,
            "text": self.text,
            "tokens": self.num_tokens,
            "ended_by": self.ended_by,
        }
        return found if self.score is None else {**found, "score": round(self.score, 6)}


class Writer:
    """A model that writes.

    Args:
        model: From ids (n, length) to (n, length, vocabulary), each place foreseeing the next one.
        vocabulary: What ids stand for.
        are_logits: Whether outputs are logits.
        keeps: Whether what earlier tokens have given is kept, where the model's layers allow it.

    Attributes:
        keeps: Whether it is.
    """

    def __init__(self, model: Any, vocabulary: Vocabulary, *, are_logits: bool, keeps: bool = True) -> None:
        self.vocabulary = vocabulary
        quick = kept_tokens(model, are_logits=are_logits) if keeps else None
        self.keeps = quick is not None
        self._stepper: Stepper = quick or WholeWindows(model, are_logits=are_logits)

    def write(
        self, prompt: str, wanted: Wanted, show: Callable[[int, str], None] = lambda _row, _piece: None
    ) -> list[Written]:
        """Write behind a prompt.

        Args:
            prompt: May be empty: then a text begins as after the end of a line.
            wanted: How much, and how.
            show: Is given pieces of texts as they come, with the number of the text; also where there is
                nothing to show of one yet, so that it can stop what nobody waits for.

        Raises:
            DataError: If the prompt has characters that the model does not know.
        """
        begun = Prompt.of(prompt, self.vocabulary)
        if wanted.beams is not None:
            return self._search(begun, wanted, wanted.beams, show)
        sampling = wanted.sampling
        writing = self._stepper.begin(np.tile(begun.ids, (wanted.num, 1)), sampling)
        num_chunks = -(-(wanted.max_tokens + begun.is_healed) // _AT_ONCE)
        drawn = sampling.drawn(wanted.num, num_chunks * _AT_ONCE)
        texts = [self._text(begun, wanted) for _ in range(wanted.num)]
        first = begun.first
        for start in range(0, drawn.shape[1], _AT_ONCE):
            tokens = writing.tokens(drawn[:, start : start + _AT_ONCE], first)
            first = np.zeros_like(first)
            for row, text in enumerate(texts):
                show(row, text.take(tokens[row]))
            if all(text.ended_by for text in texts):
                break
        return [Written.of(prompt, text) for text in texts]

    def _text(self, begun: Prompt, wanted: Wanted) -> GrowingText:
        return GrowingText(self.vocabulary, wanted.max_tokens, wanted.stop, begun.healed)

    def _search(
        self, begun: Prompt, wanted: Wanted, beams: Beams, show: Callable[[int, str], None]
    ) -> list[Written]:
        found = likeliest(
            self._stepper, begun, self._text(begun, wanted), beams, (wanted.num, wanted.max_tokens), show
        )
        for row, beam in enumerate(found):
            show(row, beam.text.text)
        return [Written.of(begun.text, beam.text, beam.likely) for beam in found]


def longest_common_run(text: str, training: str) -> str:
    """The longest part of a text that stands word for word in another one, the first of several."""
    best, start = "", 0
    while start + len(best) < len(text):
        longer = text[start : start + len(best) + 1]
        if longer in training:
            best = longer
        else:
            start += 1
    return best
