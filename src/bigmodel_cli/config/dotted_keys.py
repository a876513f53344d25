"""Dotted keys as messages, overrides and `show --explain` have them; a key with a dot stands in quotes."""

from __future__ import annotations

import re
from collections.abc import Iterable

_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"|\'([^\']*)\'', re.DOTALL)
_NEEDS_QUOTES = re.compile(r"""["'.=\[\]/]|^~|^$""")


def quoted_key(key: str | int) -> str:
    """A key as it stands between dots."""
    text = str(key)
    if not isinstance(key, str) or not _NEEDS_QUOTES.search(text):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def joined(keys: Iterable[str | int]) -> str:
    """Keys with dots between them.

    >>> joined(["preprocessing", "a.b", 0])
    'preprocessing."a.b".0'
    """
    return ".".join(map(quoted_key, keys))


def parts(text: str) -> list[tuple[str, int, int]]:
    """The keys of a dotted text, each with where it begins and how long it is as written.

    >>> parts('data."a.b".c')
    [('data', 0, 4), ('a.b', 5, 5), ('c', 11, 1)]
    """
    found, start = [], 0
    while True:
        match = _QUOTED.match(text, start)
        if match and text[match.end() : match.end() + 1] in ("", "."):
            end = match.end()
            inner = match.group(1)
            key = match.group(2) if inner is None else re.sub(r"\\(.)", r"\1", inner, flags=re.DOTALL)
        else:
            dot = text.find(".", start)
            end = len(text) if dot < 0 else dot
            key = text[start:end]
        found.append((key, start, end - start))
        if end >= len(text):
            return found
        start = end + 1


def end_of_keys(word: str) -> int:
    """Where the keys of `KEY=VALUE` end, at the first `=` outside of quotes; -1 where there is none."""
    position = 0
    while position < len(word):
        is_start = position == 0 or word[position - 1] in ".~"
        match = _QUOTED.match(word, position) if is_start else None
        if match and word[match.end() : match.end() + 1] in ("", ".", "="):
            position = match.end()
            continue
        if word[position] == "=":
            return position
        position += 1
    return -1
