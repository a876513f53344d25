"""What is known of a text before it is heard: which words there are, and which character follows which."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache

# What stands before the first and behind the last character of a text; no text has them.
_BEGIN, _END = "\x02", "\x03"
_NEVER = -math.inf


def counted(texts: Iterable[str], longest: int) -> dict[str, int]:
    """How often each run of characters is in texts, by the runs of up to so many characters.

    Args:
        texts: Each is one, whose beginning and end are characters of their own.
        longest: Characters of a run.
    """
    counts: Counter[str] = Counter()
    for text in texts:
        whole = f"{_BEGIN}{text}{_END}"
        for end in range(2, len(whole) + 1):
            counts.update(whole[start:end] for start in range(max(0, end - longest), end))
    return dict(sorted(counts.items()))


class Prior:
    """Tells of beginnings of texts how likely they go on with a character, and end.

    Args:
        characters: What ids stand for, in their order; "" is none.
        words: Those that there are; none: any.
        runs: As `counted` gives them; none: all characters are as likely.
        weight: What the logarithm of that counts.
    """

    def __init__(
        self, characters: Sequence[str], words: Collection[str], runs: Mapping[str, int], weight: float
    ) -> None:
        self._characters = characters
        self._words = frozenset(words)
        self._begun = {word[:end] for word in words for end in range(1, len(word) + 1)}
        self._runs, self._weight = runs, weight
        self._longest = max(map(len, runs), default=0)
        self._followed: dict[str, tuple[int, int]] = {}
        for run, count in runs.items():
            total, kinds = self._followed.get(run[:-1], (0, 0))
            self._followed[run[:-1]] = total + count, kinds + 1
        self._likely = lru_cache(maxsize=1 << 16)(self._log_share)

    def goes_on(self, text: tuple[int, ...], token: int) -> float:
        """What is added to the logarithm of how likely a text is, where a token follows; -inf: none may."""
        character = self._characters[token]
        if self._words:
            word = self._last_word(text)
            is_known = word in self._words if character == " " else word + character in self._begun
            if not is_known:
                return _NEVER
        return self._weighed(text, character)

    def ends(self, text: tuple[int, ...]) -> float:
        """The same where it ends."""
        word = self._last_word(text)
        return _NEVER if self._words and word and word not in self._words else self._weighed(text, _END)

    def whole(self, text: tuple[int, ...]) -> tuple[int, ...]:
        """A text without a word of which there is but a beginning."""
        while text and self.ends(text) == _NEVER:
            text = text[:-1]
        return text

    def _last_word(self, text: tuple[int, ...]) -> str:
        return "".join(self._characters[one] for one in text).rpartition(" ")[2]

    def _weighed(self, text: tuple[int, ...], character: str) -> float:
        if not self._runs:
            return 0.0
        last = text[-self._longest :]
        before = "".join(self._characters[one] for one in last)
        before = before if len(last) < len(text) else f"{_BEGIN}{before}"
        return self._weight * self._likely(before[max(0, len(before) - self._longest + 1) :], character)

    def _log_share(self, before: str, character: str) -> float:
        """How likely a character follows others, by longer and longer ones of them (Witten and Bell 1991)."""
        # None is the first of them, and the end is none of them.
        share = 1 / len(self._characters)
        for start in range(len(before), -1, -1):
            total, kinds = self._followed.get(before[start:], (0, 0))
            if total:
                count = self._runs.get(before[start:] + character, 0)
                share = (count + kinds * share) / (total + kinds)
        return math.log(share)
