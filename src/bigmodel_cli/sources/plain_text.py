"""Plain text from files: whole files, or a field of JSON lines."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from bigmodel_cli.errors import DataError
from bigmodel_cli.sources.tables.encodings import check_text, recognised_encoding, utf8_chunks
from bigmodel_cli.sources.tables.files import find_files, unpacked

_JSON_SUFFIXES = frozenset({".jsonl", ".ndjson"})


def read_texts(
    paths: Path | Sequence[Path], *, field: str | None, encoding: str | None, separator: str
) -> str:
    """The text of files, one behind the other; each end of a line is one `\\n`.

    Args:
        paths: Files or patterns; what is compressed is unpacked.
        field: The key of JSON lines that has the text; None: files are the text.
        encoding: Of the characters; None: recognised by how a file begins.
        separator: What stands between two files, or two lines of JSON.

    Raises:
        DataError: If a file cannot be read, is no text in its encoding, or a line lacks the field; names the
            line.
    """
    parts: list[str] = []
    for path in find_files(paths):
        text = file_text(path, encoding)
        if field is None:
            if is_json_lines(path):
                raise DataError(f"{path}: JSON lines", hint="say which key has the text: field: text")
            parts.append(text)
        else:
            parts += _of_lines(path, text, field)
    return separator.join(parts)


def is_json_lines(path: Path) -> bool:
    """Whether a file is called as JSON lines are: `a.jsonl`, `a.jsonl.gz`."""
    return any(suffix in _JSON_SUFFIXES for suffix in path.suffixes[-2:])


def file_text(path: Path, encoding: str | None) -> str:
    """The text of one file; each end of a line is one `\\n`.

    Raises:
        DataError: If it cannot be read, or is no text in its encoding; names the line.
    """
    with unpacked(path) as stream:
        found = encoding or recognised_encoding(stream.read(4000))
    with unpacked(path) as stream:
        text = b"".join(utf8_chunks(stream, found, path))
    check_text(text, 1, path)
    return text.decode("utf-8")


def _of_lines(path: Path, text: str, field: str) -> Iterator[str]:
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            found = json.loads(line)
        except ValueError as error:
            raise DataError(f"{path}:{number}: expected a JSON object in each line: {error}") from None
        value = found.get(field) if isinstance(found, dict) else None
        if not isinstance(value, str):
            has = ", ".join(found) if isinstance(found, dict) else type(found).__name__
            raise DataError(f"{path}:{number}: expected text in {field!r}, found {has}")
        yield value
