"""Rows that were sent as JSON objects, as cells."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from bigmodel_cli.cut import cut, some
from bigmodel_cli.errors import DataError
from bigmodel_cli.kinds.cells import Cells
from bigmodel_cli.kinds.image.files.opening import EncodedImage
from bigmodel_cli.kinds.row.kind import RowKind
from bigmodel_cli.parts import part_of
from bigmodel_cli.signature import slugs
from bigmodel_cli.sources.tables.cells import ListCells
from bigmodel_cli.sources.tables.facts import ColumnFacts
from bigmodel_cli.sources.tables.lists import as_text
from bigmodel_cli.sources.tables.names import listed, shown

# What a request's rows are called where they are named.
REQUEST = "request"
# How keys are read, whatever their columns are.
_OF_KEYS = ColumnFacts("", "text", reason="names a row", rows=0)


@dataclass
class SentCells:
    """Cells of the model's columns.

    Attributes:
        texts: By column, of each row.
        wrong: What is wrong with some rows, as it follows the name of the row.
        files: Those that came with the rows, by what cells call them.
    """

    texts: dict[str, list[str]]
    wrong: dict[int, str] = field(default_factory=dict)
    files: dict[str, EncodedImage] = field(default_factory=dict)

    @property
    def cells(self) -> dict[str, ListCells]:
        return {name: ListCells(texts) for name, texts in self.texts.items()}


def cells_of_sent(
    rows: Sequence[Mapping[str, Any]], kind: RowKind, facts: Mapping[str, ColumnFacts]
) -> SentCells:
    """The cells of rows that were sent; a column that a row has not is missing in it.

    What a row has more than the model takes is passed over where all of the model's columns are there; where
    one is not, it may be what that was meant to be, and the row is wrong.

    Args:
        rows: Values by the names of columns, or by what a saved model calls them.
        kind: What the model takes.
        facts: How the cells of each column are read.
    """
    found = SentCells({name: [] for name in kind.columns})
    column_of = {slug: name for name, slug in slugs(kind.columns).items()} | {
        name: name for name in kind.columns
    }
    for number, row in enumerate(rows):
        named = {column_of[key]: value for key, value in row.items() if key in column_of}
        if len(named) < len(kind.columns) and (more := [key for key in row if key not in column_of]):
            found.wrong[number] = _unknown(more[0], [name for name in kind.columns if name not in named])
        for name in kind.columns:
            text = ""
            try:
                text = _text(named.get(name), name, number, found, kind, facts[name])
            except DataError as error:
                found.wrong.setdefault(number, f", {shown(name)}: {error.message}")
            found.texts[name].append(text)
    return found


def key_of_sent(value: Any) -> str | None:
    """What names a row of another table, as a cell would have it; None where a value names none."""
    if isinstance(value, list) and len(value) == 1:
        # As of columns.
        value = value[0]
    text = _scalar_text(value, _OF_KEYS)
    return None if text is None else text.strip()


def _unknown(key: str, lacking: Sequence[str]) -> str:
    close = get_close_matches(key, lacking, 1, 0.6)
    hint = f"did you mean {shown(close[0])}?" if close else f"columns that lack: {listed(lacking, 20)}"
    return f": the model has no column {shown(cut(key, 60))}; {hint}"


def _text(value: Any, name: str, number: int, found: SentCells, kind: RowKind, facts: ColumnFacts) -> str:
    """A value as a cell would have it."""
    column = kind.columns[name]
    if value is None:
        return ""
    if part_of(column, Cells).are_paths:
        if not isinstance(value, EncodedImage):
            raise DataError(f'expected a file as {{"b64": "…"}}, found {_shown(value)}')
        called = f"{number} {name}"
        found.files[called] = value
        return called
    if isinstance(value, list) and len(value) == 1 and not column.shape and facts.kind != "list":
        # Others serve a column as an axis of length 1.
        value = value[0]
    text = _list_text(value, facts) if isinstance(value, list) else _scalar_text(value, facts)
    if text is None:
        raise DataError(f"expected {part_of(column, Cells).expected}, found {_shown(value)}")
    return text


def _list_text(value: list[Any], facts: ColumnFacts) -> str | None:
    if facts.kind == "list" and all(isinstance(item, str | int) for item in value):
        # Names may be numbers, as of categories.
        return as_text([_scalar_text(item, facts) or "" for item in value])
    if facts.kind == "array" and all(isinstance(item, int | float) for item in value):
        return json.dumps(value)
    return None


def _scalar_text(value: Any, facts: ColumnFacts) -> str | None:
    if isinstance(value, str):
        return _as_utf8(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, EncodedImage):
        # As TensorFlow Serving has texts that need not be UTF-8.
        return value.content.decode("utf-8", "replace")
    if isinstance(value, int | float):
        text = json.dumps(value)
        return text.replace(".", facts.notation.decimal)
    return None


def _shown(value: Any) -> str:
    if isinstance(value, EncodedImage):
        return "a file"
    if isinstance(value, Mapping):
        return f"an object with {some(map(str, value), 5) or 'nothing in it'}"
    return cut(json.dumps(value, default=lambda _: "a file"), 60)


def _as_utf8(text: str) -> str:
    """A text without halves of pairs, which JSON can write and UTF-8 cannot."""
    return text.encode("utf-8", "replace").decode()
