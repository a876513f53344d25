"""What a line has room for: lists and texts that are cut end in `…`, so that none is taken for the whole."""

from __future__ import annotations

from collections.abc import Iterable


def some(names: Iterable[str], limit: int = 8, *, count: int | None = None) -> str:
    """`a, b, c`; of more than `limit` names the first ones, and how many there are: `a, b, … (12 in all)`.

    Args:
        names: In their order.
        limit: How many are shown at most.
        count: How many there are, where not all are given.
    """
    listed = list(names)
    total = len(listed) if count is None else count
    more = f", … ({total:,} in all)" if total > limit else ""
    return ", ".join(listed[:limit]) + more


def cut(text: str, limit: int) -> str:
    """A text of at most `limit` letters, by its beginning."""
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def cut_front(text: str, limit: int) -> str:
    """The same by its end, which is what tells one path from another."""
    return text if len(text) <= limit else f"…{text[len(text) - limit + 1 :]}"
