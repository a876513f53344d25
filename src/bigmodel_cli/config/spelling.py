"""What was probably meant by a misspelt word or by a value in the notation of another language."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from bigmodel_cli.cut import some


def closest(word: str, candidates: Iterable[str], *, cutoff: float = 0.6) -> str | None:
    """The candidate that is nearest in spelling, or None where none is near.

    Case, underscores and hyphens count for nothing: `conv2d` is `Conv2D`, `batch-size` is `batch_size`.
    A single typing error wins over more letters in common: `Adma` is `Adam` and not `Adamax`.
    """
    from difflib import get_close_matches

    by_folded: dict[str, str] = {}
    for candidate in candidates:
        by_folded.setdefault(fold(candidate), candidate)
    folded = fold(word)
    # The best match comes first, so that what differs in case alone wins over a slip.
    matches = get_close_matches(folded, by_folded, n=3, cutoff=cutoff)
    slips = [match for match in matches if typing_errors(folded, match) <= 1]
    return by_folded[(slips or matches)[0]] if matches else None


def meant(name: str, known: Iterable[str]) -> str | None:
    """What to do with a name that is not known: the nearest one, or all that there are."""
    known = list(known)
    near = closest(name, known)
    if near:
        return f"did you mean {near}?"
    return f"there are: {some(known, 12)}" if known else None


def fold(word: str) -> str:
    """A word as it is compared: lower case, with no underscores, hyphens or spaces."""
    return word.lower().replace("_", "").replace("-", "").replace(" ", "")


def typing_errors(word: str, meant: str) -> int:
    """Letters left out, added, mistaken for another, or swapped with their neighbour."""
    rows: list[list[int]] = [list(range(len(meant) + 1))]
    for i, letter in enumerate(word, 1):
        row = [i]
        for j, other in enumerate(meant, 1):
            costs = [rows[-1][j] + 1, row[-1] + 1, rows[-1][j - 1] + (letter != other)]
            if i > 1 and j > 1 and word[i - 2 : i] == meant[j - 1] + meant[j - 2]:
                costs.append(rows[-2][j - 2] + 1)
            row.append(min(costs))
        rows.append(row)
    return rows[-1][-1]


_TRUTH = {"yes": "true", "on": "true", "y": "true", "no": "false", "off": "false", "n": "false"}
_TRUTH |= {"true": "true", "false": "false", "0": "false", "1": "true"}
_NUMBER = r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?"


def as_yaml(text: str, kinds: Iterable[str]) -> str | None:
    """How YAML writes what a text means in other notations: `3x3`, `(3, 3)`, `50%`, `yes`, `None`, `"10"`.

    Args:
        text: The text that was found.
        kinds: Kinds of value that are right there, as in `Parameter.accepts`.
    """
    kinds = set(kinds)
    # Digits of other scripts, and those as wide as Chinese characters, are none of YAML's.
    text = "".join(str(unicodedata.decimal(character, character)) for character in text)
    bare = text.strip().rstrip(",").strip()
    if "boolean" in kinds and bare.lower() in _TRUTH:
        return _TRUTH[bare.lower()]
    if "null" in kinds and bare.lower() in ("none", "nil"):
        return "null"
    if kinds & {"integer", "number"} and (number := _number(bare, whole="number" not in kinds)):
        return number
    return _list(bare) if "list" in kinds else None


def _number(text: str, *, whole: bool) -> str | None:
    if percent := re.fullmatch(rf"({_NUMBER})\s*%", text):
        return None if whole else f"{float(percent.group(1)) / 100:g}"
    if re.fullmatch(r"[0-9]{1,3}([_,' ][0-9]{3})+", text):
        return re.sub(r"\D", "", text)
    if whole:
        return text if re.fullmatch(r"[-+]?[0-9]+", text) else None
    text = re.sub(r"^([-+]?[0-9]+),([0-9]+)$", r"\1.\2", text)
    return text if re.fullmatch(_NUMBER, text) else None


def _list(text: str) -> str | None:
    inner = re.fullmatch(r"\((.*?),?\s*\)", text)
    items = re.split(r"\s*,\s*", inner.group(1)) if inner else re.split(r"\s*[x×]\s*", text)
    numbers = len(items) > 1 and all(re.fullmatch(_NUMBER, item) for item in items)
    return f"[{', '.join(items)}]" if numbers else None
