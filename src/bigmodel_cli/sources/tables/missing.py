"""Texts that mean that there is no value."""

from __future__ import annotations

from collections.abc import Mapping

from bigmodel_cli.sources.tables.facts import ColumnKind
from bigmodel_cli.sources.tables.text_format import TextFormat

# In every column. An empty cell is one always.
_EVERYWHERE = frozenset(
    {"?", "-", "NA", "N/A", "n/a", "#N/A", "<NA>", "NaN", "nan", "NAN", "NULL", "null", "Null"}
)
# Among numbers and dates alone: in a column of words they may well be a word like any other.
_AMONG_NUMBERS = frozenset({"--", "---", ".", "..", "None", "none", "nil", "na", "#NV", "#DIV/0!", "#VALUE!"})
_RECOGNISED = _EVERYWHERE | _AMONG_NUMBERS


def marks_for(kind: ColumnKind, told: TextFormat) -> frozenset[str]:
    """The texts that mean "missing" in a column of a kind, besides the empty one.

    Args:
        kind: The column's.
        told: How the table is written; where it says which texts mean so, these alone do.
    """
    if told.missing is not None:
        return frozenset(told.missing)
    if kind in ("number", "date"):
        return _RECOGNISED
    # A text may be any word; only what is not there is missing.
    return frozenset() if kind in ("text", "image", "id", "list") else _EVERYWHERE


def is_mark(text: str) -> bool:
    """Whether a text means "missing" in a column of any kind."""
    return text in _RECOGNISED


def marks_note(marks: Mapping[str, int]) -> str:
    """What was taken for missing besides empty cells."""
    listed = ", ".join(f"{mark!r} ({count:,})" for mark, count in marks.items())
    return f"taken for missing: {listed}"
