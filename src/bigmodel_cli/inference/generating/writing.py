"""Texts that a model writes behind prompts."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

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
    """

    max_tokens: int = 200
    num: int = 1
    stop: Sequence[str] = ()
    sampling: Sampling = field(default_factory=Sampling)


@dataclass(frozen=True)
class Written:
    """One text.

    Attributes:
        prompt: What it goes on from.
        text: What was written behind it.
        num_tokens: Of what was written, with what belongs to the text that ended it.
        ended_by: `stop` or `max_tokens`.
    """

    prompt: str
    text: str
    num_tokens: int
    ended_by: Literal["stop", "max_tokens"]

    def as_json(self) -> dict[str, Any]:
        return {
            "prompt": self.prompt,
            "text": self.text,
            "tokens": self.num_tokens,
            "ended_by": self.ended_by,
        }


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
        ids = self.vocabulary.encode(prompt or self.vocabulary.beginning, "the prompt")
        sampling = wanted.sampling
        begun = self._stepper.begin(np.tile(ids, (wanted.num, 1)), sampling)
        num_chunks = -(-wanted.max_tokens // _AT_ONCE)
        drawn = sampling.drawn(wanted.num, num_chunks * _AT_ONCE)
        texts = [_Text(self.vocabulary, wanted) for _ in range(wanted.num)]
        for start in range(0, drawn.shape[1], _AT_ONCE):
            tokens = begun.tokens(drawn[:, start : start + _AT_ONCE])
            for row, text in enumerate(texts):
                show(row, text.take(tokens[row]))
            if all(text.ended_by for text in texts):
                break
        return [Written(prompt, text.text, text.num_tokens, text.ended_by or "max_tokens") for text in texts]


class _Text:
    """A text while it is written.

    Attributes:
        text: What is settled of it.
        num_tokens: That were taken.
        ended_by: Why it ended; None: it goes on.
    """

    def __init__(self, vocabulary: Vocabulary, wanted: Wanted) -> None:
        self.text = ""
        self.num_tokens = 0
        self.ended_by: Literal["stop", "max_tokens"] | None = None
        self._vocabulary, self._wanted = vocabulary, wanted
        # Bytes of a letter may come in two pieces.
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._held = ""

    def take(self, tokens: np.ndarray) -> str:
        """Take tokens; gives what can be shown of the text that was not shown before."""
        # One by one, so that what is counted and where a text ends do not depend on how many come at once.
        shown = "".join(self._take(token) for token in tokens.tolist())
        self.text += shown
        return shown

    def _take(self, token: int) -> str:
        if self.ended_by is not None:
            return ""
        self.num_tokens += 1
        is_last = self.num_tokens >= self._wanted.max_tokens
        found = self._held + self._decoder.decode(self._vocabulary.as_bytes([token]), final=is_last)
        places = [place for stop in self._wanted.stop if (place := found.find(stop)) >= 0]
        if places:
            self.ended_by, shown, self._held = "stop", found[: min(places)], ""
        elif is_last:
            self.ended_by, shown, self._held = "max_tokens", found, ""
        else:
            # The beginning of what ends a text is not shown before it is known how it goes on.
            held = max((len(stop) - 1 for stop in self._wanted.stop), default=0)
            settled = max(len(found) - held, 0)
            shown, self._held = found[:settled], found[settled:]
        return shown


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
