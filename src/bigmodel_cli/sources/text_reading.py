"""Files that are one text each: whatever their encoding and ends of lines, they become plain letters."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

from bigmodel_cli.errors import DataError
from bigmodel_cli.sources.tables.encodings import check_text, recognised_encoding, utf8_chunks
from bigmodel_cli.sources.tables.files import other_form


def read_text(path: Path, encoding: str | None = None) -> str:
    """As `whole_text`, without white space round it."""
    return whole_text(path, encoding).strip()


def whole_text(path: Path, encoding: str | None = None) -> str:
    """The text of a file, each end of a line as one `\\n`.

    Args:
        path: The file.
        encoding: Of its letters; None: recognised by a mark or by zeros between letters, else UTF-8.

    Raises:
        DataError: If it cannot be read, or is no text; names the line.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from error
    return text_of(content, path, encoding)


def text_of(content: bytes, path: Path, encoding: str | None = None) -> str:
    """The same of a file whose bytes are there."""
    try:
        text = b"".join(utf8_chunks(BytesIO(content), encoding or recognised_encoding(content), path))
        check_text(text, 1, path)
    except DataError:
        if (other := other_form(content)) is None:
            raise
        raise DataError(f"{path}: {other[0]}, not a text", hint=other[1]) from None
    return text.decode("utf-8", "replace")
