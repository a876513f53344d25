"""A text while it is written: tokens become letters, and something ends it."""

from __future__ import annotations

import codecs
from collections.abc import Sequence
from copy import copy
from typing import Literal

import numpy as np

from bigmodel_cli.vocabulary.vocabulary import Vocabulary


class GrowingText:
    """A text while it is written.

    Args:
        vocabulary: What tokens stand for.
        max_tokens: It ends with so many.
        stop: It ends before the first of these.
        healed: The end of the prompt that its first token says again, with which it is not counted.

    Attributes:
        text: What is settled of it.
        num_tokens: That were taken.
        ended_by: Why it ended; None: it goes on.
    """

    def __init__(
        self, vocabulary: Vocabulary, max_tokens: int, stop: Sequence[str], healed: bytes = b""
    ) -> None:
        self.text = ""
        self.num_tokens = 0
        self.ended_by: Literal["stop", "max_tokens"] | None = None
        self._vocabulary, self._max_tokens, self._stop, self._healed = vocabulary, max_tokens, stop, healed
        # Bytes of a letter may come in two pieces.
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._held = ""

    def forked(self) -> GrowingText:
        """Another one that begins as this one."""
        other = copy(self)
        other._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        other._decoder.setstate(self._decoder.getstate())
        return other

    def take(self, tokens: np.ndarray) -> str:
        """Take tokens; gives what can be shown of the text that was not shown before."""
        # One by one, so that what is counted and where a text ends do not depend on how many come at once.
        shown = "".join(self._take(token) for token in tokens.tolist())
        self.text += shown
        return shown

    def _take(self, token: int) -> str:
        if self.ended_by is not None:
            return ""
        written, healed = self._vocabulary.as_bytes([token]), self._healed
        self._healed = b""
        self.num_tokens += not healed
        is_last = self.num_tokens >= self._max_tokens
        found = self._held + self._decoder.decode(written[len(healed) :], final=is_last)
        places = [place for stop in self._stop if (place := found.find(stop)) >= 0]
        if places:
            self.ended_by, shown, self._held = "stop", found[: min(places)], ""
        elif is_last:
            self.ended_by, shown, self._held = "max_tokens", found, ""
        else:
            # The beginning of what ends a text is not shown before it is known how it goes on.
            held = max((len(stop) - 1 for stop in self._stop), default=0)
            settled = max(len(found) - held, 0)
            shown, self._held = found[:settled], found[settled:]
        return shown
