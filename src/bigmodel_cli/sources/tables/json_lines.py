"""A file of JSON lines: an object in each line, or one array of objects."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from bigmodel_cli.cut import cut
from bigmodel_cli.errors import DataError
from bigmodel_cli.plain_numbers import plain_number
from bigmodel_cli.sources.tables.cells import Use
from bigmodel_cli.sources.tables.encodings import check_text, readable, recognised_encoding, utf8_chunks
from bigmodel_cli.sources.tables.files import unpacked
from bigmodel_cli.sources.tables.lists import as_text
from bigmodel_cli.sources.tables.names import listed, shown
from bigmodel_cli.sources.tables.parsing import cells_of
from bigmodel_cli.sources.tables.table import Block, TableFile
from bigmodel_cli.sources.tables.text_format import TextFormat

_FIRST = 100


class JsonLinesFile(TableFile):
    """A file of JSON lines, opened; its columns are the keys of its first 100 lines.

    A key that is lacking is a missing value, as null is.

    Args:
        path: It.
        told: How it is written.
        block_size: In how large pieces it is read.
        keeps_wrong: Whether lines that are wrong are kept, and named by their block.

    Raises:
        DataError: If the first lines are no objects.
    """

    def __init__(self, path: Path, told: TextFormat, *, block_size: int, keeps_wrong: bool = False) -> None:
        self.path = path
        self._block_size = block_size
        # By line, as it follows the place.
        self._wrong: dict[int, str] | None = {} if keeps_wrong else None
        with unpacked(path) as stream:
            self._encoding = told.encoding or recognised_encoding(stream.read(4000))
        names: dict[str, None] = {}
        is_list: dict[str, bool] = {}
        vectors, texts = set[str](), set[str]()
        for count, (_, row) in enumerate(row for lines in self._lines() for row in self._objects(lines)):
            names.update(dict.fromkeys(row))
            for name, value in row.items():
                if value is not None:
                    is_list.setdefault(name, isinstance(value, list))
                if isinstance(value, list):
                    vectors.update([name] if any(isinstance(item, _Fraction) for item in value) else [])
                    texts.update([] if all(map(_is_number, value)) else [name])
            if count >= _FIRST:
                break
        if not names:
            raise DataError(f"{path}: no rows")
        self.names = list(names)
        self._known = frozenset(names)
        self.vectors = frozenset(name for name in vectors - texts if is_list[name])
        self.lists = frozenset(name for name, is_one in is_list.items() if is_one) - self.vectors
        if empty := [name for name in names if not name.strip()]:
            raise DataError(f"{path}: a key without a name ({empty[0]!r})", hint="give it a name")

    def pieces(self, wanted: Mapping[str, Use]) -> Iterator[Callable[[], Block]]:
        for lines in self._lines():
            # What is asked for changes while pieces are made.
            yield partial(self._piece, lines, dict(wanted))

    def _lines(self) -> Iterator[tuple[int, bytes]]:
        """Whole lines in blocks, with the number of the first one."""
        held, line = b"", 1
        with unpacked(self.path) as stream:
            chunks = utf8_chunks(stream, self._encoding, self.path, size=self._block_size)
            if self._wrong is not None:
                chunks = readable(chunks, self._wrong)
            for chunk in chunks:
                text = held + chunk
                end = text.rfind(b"\n") + 1
                held = text[end:]
                if end:
                    yield line, text[:end]
                    line += text.count(b"\n", 0, end)
        if held:
            yield line, held

    def _objects(self, lines: tuple[int, bytes]) -> Iterator[tuple[int, dict[str, Any]]]:
        """The objects with their lines; where wrong ones are kept they are empty, and `_wrong` says why."""
        first, text = lines
        check_text(text, first, self.path)
        for line, written in enumerate(text.decode("utf-8").split("\n"), first):
            if not written.strip():
                continue
            try:
                yield line, self._object(line, written)
            except DataError as error:
                yield line, self._kept(line, error)

    def _kept(self, line: int, error: DataError) -> dict[str, Any]:
        """What stands for an object that is wrong, where such are kept."""
        if self._wrong is None:
            raise error
        self._wrong.setdefault(line, error.message.removeprefix(f"{self.path}:{line}"))
        return {}

    def _object(self, line: int, written: str) -> dict[str, Any]:
        where = f"{self.path}:{line}"
        hint = 'in each line stands one object, such as {"age": 39, "work": "Private"}'
        try:
            row = json.loads(written, parse_float=_Fraction, parse_int=str, parse_constant=_constant)
        except (ValueError, RecursionError) as error:
            raise DataError(f"{where}: no JSON: {_reason(error)}", hint=hint) from error
        if not isinstance(row, dict):
            raise DataError(f"{where}: expected an object, found {cut(written, 60)}", hint=hint)
        return row

    def _piece(self, lines: tuple[int, bytes], wanted: Mapping[str, Use]) -> Block:
        numbers: list[int] = []
        rows: list[list[str]] = []
        for line, row in self._objects(lines):
            numbers.append(line)
            try:
                rows.append(self._texts(line, row, wanted))
            except DataError as error:
                rows.append(self._texts(line, self._kept(line, error), wanted))
        columns = [cells_of([row[place] for row in rows]) for place in range(len(wanted))]
        known = self._wrong or {}
        wrong = {place: known[line] for place, line in enumerate(numbers) if line in known}
        return Block(self, len(numbers), columns, lambda: numbers, wrong=wrong)

    def _texts(self, line: int, row: Mapping[str, Any], wanted: Mapping[str, Use]) -> list[str]:
        if more := [name for name in row if name not in self._known]:
            raise DataError(
                f"{self.path}:{line}: unknown key {listed(sorted(more))}; "
                f"the first {_FIRST} lines have {listed(self.names)}",
                hint="a key that is seldom there has to be in the first line as well, as null",
            )
        return [
            _list_text(row.get(name))
            if use == "vector" or name in self.vectors
            else self._text(row.get(name), name, line)
            for name, use in wanted.items()
        ]

    def _text(self, value: Any, name: str, line: int) -> str:
        if value is None:
            return ""
        if name in self.lists:
            if isinstance(value, list) and all(_is_item(item) for item in value):
                return as_text(map(_as_utf8, value))
            expected, hint = "a list of texts or null", 'a list of one text is written ["a"]'
        else:
            if isinstance(value, bool):
                return "true" if value else "false"
            if isinstance(value, _Fraction):
                return value.replace(".", self.decimals.get(name, "."))
            if isinstance(value, str):
                return _as_utf8(value)
            expected = "a number, a text, true, false or null"
            hint = "lists of texts can be read where the first one of a column is a list"
            if isinstance(value, dict):
                hint = "give each of its keys a column of its own, or leave it out"
        raise DataError(
            f"{self.path}:{line}, {shown(name)}: expected {expected}, found {cut(json.dumps(value), 60)}",
            hint=hint,
        )


def _reason(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg[:1].lower()}{error.msg[1:]}, at letter {error.colno}"
    return "it is nested too deeply" if isinstance(error, RecursionError) else str(error)


def _list_text(value: Any) -> str:
    """A list of numbers as it is written; of anything else a text that is no such list."""
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return f"[{', '.join(value)}]"
    return "" if value is None else value if isinstance(value, str) else json.dumps(value)


class _Fraction(str):
    """A number that is not whole, as it is written."""

    __slots__ = ()


def _is_item(value: Any) -> bool:
    """Whether a value may be one of a list: a text, or a whole number that names something."""
    return isinstance(value, str) and not isinstance(value, _Fraction)


def _is_number(value: Any) -> bool:
    return isinstance(value, str) and plain_number(value) is not None


def _as_utf8(text: str) -> str:
    # Half of a pair, which JSON can write and UTF-8 cannot.
    return text.encode("utf-8", "replace").decode()


def _constant(text: str) -> str:
    """`NaN` and `Infinity`, which Python takes in JSON."""
    return text
