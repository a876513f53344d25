"""What is known of a text before it is heard: which words there are, and what follows which in texts."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

# What stands before the first and behind the last character or word of a text; no text has them.
_BEGIN, _END = "\x02", "\x03"
_NEVER = -math.inf


def counted(texts: Iterable[str], longest: int) -> dict[str, int]:
    """How often each run of characters is in texts, by the runs of up to so many characters.

    Args:
        texts: Each is one, whose beginning and end are characters of their own.
        longest: Characters of a run.
    """
    return _counted((f"{_BEGIN}{text}{_END}" for text in texts), longest)


def counted_words(texts: Iterable[str], longest: int) -> dict[str, int]:
    """The same of words, a blank between those of a run."""
    found = _counted(((_BEGIN, *text.split(), _END) for text in texts), longest)
    return {" ".join(run): count for run, count in found.items()}


def _counted(texts: Iterable[Any], longest: int) -> dict[Any, int]:
    counts: Counter[Any] = Counter()
    for whole in texts:
        for end in range(2, len(whole) + 1):
            counts.update(whole[start:end] for start in range(max(0, end - longest), end))
    return dict(sorted(counts.items()))


@dataclass(frozen=True)
class Runs:
    """What follows what.

    Attributes:
        counts: How often each run is there; none: all is as likely.
        weight: What the logarithm of how likely something follows counts.
    """

    counts: Mapping[str, int] = field(default_factory=dict)
    weight: float = 1.0


class _Following:
    """How likely one thing follows others, by longer and longer runs of them (Witten and Bell 1991).

    Args:
        counts: How often each run is there, a sequence of things.
        kinds: How many different things there are.
        weight: What the logarithm counts.
    """

    def __init__(self, counts: Mapping[Any, int], kinds: int, weight: float) -> None:
        self.longest = max(map(len, counts), default=0)
        self._counts, self._kinds, self._weight = counts, kinds, weight
        self._followed: dict[Any, tuple[int, int]] = {}
        for run, count in counts.items():
            total, different = self._followed.get(run[:-1], (0, 0))
            self._followed[run[:-1]] = total + count, different + 1
        self._likely = lru_cache(maxsize=1 << 16)(self._log_share)

    def weighed(self, before: Any, one: Any) -> float:
        """What a run of one counts behind another run; 0 where nothing is known."""
        if not self._counts:
            return 0.0
        return self._weight * self._likely(before[max(0, len(before) - self.longest + 1) :], one)

    def _log_share(self, before: Any, one: Any) -> float:
        share = 1 / self._kinds
        for start in range(len(before), -1, -1):
            total, different = self._followed.get(before[start:], (0, 0))
            if total:
                share = (self._counts.get(before[start:] + one, 0) + different * share) / (total + different)
        return math.log(share)


class Prior:
    """Tells of beginnings of texts how likely they go on with a character, and end.

    Args:
        characters: What ids stand for, in their order; "" is none.
        words: Those that there are; none: any.
        runs: Of characters, as `counted` gives them.
        word_runs: The same of words, as `counted_words` gives them.
    """

    def __init__(
        self, characters: Sequence[str], words: Collection[str], runs: Runs = Runs(), word_runs: Runs = Runs()
    ) -> None:
        self._characters = characters
        self._words = frozenset(words)
        self._begun = {word[:end] for word in words for end in range(1, len(word) + 1)}
        # None is the first of them, and the end is none of them.
        self._letters = _Following(runs.counts, len(characters), runs.weight)
        by_word = {tuple(run.split(" ")): count for run, count in word_runs.counts.items()}
        # Beside those of the texts one that is not known, and the end.
        known = {run[-1] for run in by_word}
        self._following = _Following(by_word, len(known) + 1, word_runs.weight)
        self._looks_at_words = bool(words or by_word)

    def goes_on(self, text: tuple[int, ...], token: int) -> float:
        """What is added to the logarithm of how likely a text is, where a token follows; -inf: none may."""
        character, added = self._characters[token], 0.0
        if self._looks_at_words:
            *before, word = self._split(text)
            if self._words:
                is_known = word in self._words if character == " " else word + character in self._begun
                if not is_known:
                    return _NEVER
            if character == " ":
                added = self._word(before, word)
        return added + self._letter(text, character)

    def ends(self, text: tuple[int, ...]) -> float:
        """The same where it ends."""
        added = 0.0
        if self._looks_at_words:
            *before, word = self._split(text)
            if self._words and word and word not in self._words:
                return _NEVER
            added = self._word(before, word) + self._word([*before, *filter(None, [word])], _END)
        return added + self._letter(text, _END)

    def whole(self, text: tuple[int, ...]) -> tuple[int, ...]:
        """A text without a word of which there is but a beginning."""
        while text and self.ends(text) == _NEVER:
            text = text[:-1]
        return text

    def _split(self, text: tuple[int, ...]) -> list[str]:
        """The words of a text, the last of which may have only begun, or be empty."""
        return "".join(self._characters[one] for one in text).split(" ")

    def _word(self, before: Sequence[str], word: str) -> float:
        """What a word counts behind others; an empty one is none."""
        return self._following.weighed((_BEGIN, *filter(None, before)), (word,)) if word else 0.0

    def _letter(self, text: tuple[int, ...], character: str) -> float:
        last = text[-self._letters.longest :]
        before = "".join(self._characters[one] for one in last)
        return self._letters.weighed(before if len(last) < len(text) else f"{_BEGIN}{before}", character)
