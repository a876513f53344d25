"""What was probably meant by a misspelt word."""

from __future__ import annotations

from collections.abc import Iterable


def closest(word: str, candidates: Iterable[str], *, cutoff: float = 0.6) -> str | None:
    """The candidate that is nearest in spelling, or None where none is near.

    Case, underscores and hyphens count for nothing: `conv2d` is `Conv2D`, `batch-size` is `batch_size`.
    """
    from difflib import get_close_matches

    by_folded: dict[str, str] = {}
    for candidate in candidates:
        by_folded.setdefault(fold(candidate), candidate)
    matches = get_close_matches(fold(word), by_folded, n=1, cutoff=cutoff)
    return by_folded[matches[0]] if matches else None


def fold(word: str) -> str:
    """A word as it is compared: lower case, with no underscores, hyphens or spaces."""
    return word.lower().replace("_", "").replace("-", "").replace(" ", "")
