"""Names of classes as they are compared: folders, labels, configs and options write them in several forms."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable


def class_name(text: str) -> str:
    """A name in the one form in which names are kept, compared and shown.

    `é` may be written as one character or as two (`e` and an accent), as macOS does in the names of files;
    nobody sees a difference. Unicode calls the first form NFC.
    """
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def alike_but_for_case(names: Iterable[str]) -> str | None:
    """The first two names that differ in upper and lower case alone, in words; None where none do."""
    seen: dict[str, str] = {}
    for name in names:
        if (other := seen.setdefault(name.casefold(), name)) != name:
            return f"{other} and {name}"
    return None
