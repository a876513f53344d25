"""The characters of a text file: their encoding, and they as UTF-8 with `\\n` at each end of a line."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from bigmodel_cli.sources.tables.refusing import TableError

_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
# What text that is no UTF-8 is most often, for the hint alone: which one it is, nobody can tell for certain.
_GUESS = "cp1252"
_CHUNK = 4 << 20
_COPY = "copy or download it again if it is damaged"
_ANOTHER = "encoding, if it is text in another one"
# How Python calls a letter of which some bytes are lacking at the end.
_CUT_OFF = ("truncated data", "unexpected end of data", "incomplete multibyte sequence")


def recognised_encoding(start: bytes) -> str:
    """The encoding of a file that begins so: by its mark, by zeros between letters, else UTF-8."""
    for mark, encoding in _MARKS.items():
        if start.startswith(mark):
            return encoding
    sample = start[:2000]
    if len(sample) >= 4:
        zeros = sample[::2].count(0), sample[1::2].count(0)
        half = len(sample) // 2
        if zeros[1] > 0.4 * half and not zeros[0]:
            return "utf-16-le"
        if zeros[0] > 0.4 * half and not zeros[1]:
            return "utf-16-be"
    return "utf-8"


def problem_of_encoding(encoding: str | None) -> str | None:
    """What is wrong with the name of an encoding of text that somebody wrote; None: nothing."""
    if encoding is None:
        return None
    try:
        codecs.lookup(encoding)
    except (LookupError, ValueError):
        return "expected the name of an encoding, such as utf-8, utf-16, latin-1 or cp1252"
    try:
        "".encode(encoding)
    except LookupError:
        # `base64` and the like encode bytes.
        return "expected an encoding of text"
    except UnicodeError:
        pass
    return None


def utf8_chunks(stream: BinaryIO, encoding: str, path: Path, *, size: int = _CHUNK) -> Iterator[bytes]:
    """The text of a file in pieces, as UTF-8, each end of a line as one `\\n`.

    Bytes that are no UTF-8 pass through where the encoding is that: who knows the lines refuses them.

    Raises:
        DataError: If text in another encoding cannot be decoded; names the line.
    """
    is_utf8 = codecs.lookup(encoding.replace("-sig", "").replace("_sig", "")).name == "utf-8"
    pieces = _raw(stream, size) if is_utf8 else _decoded(stream, encoding, path, size)
    held = b""
    for number, piece in enumerate(pieces):
        if not number and is_utf8:
            piece = piece.removeprefix(codecs.BOM_UTF8)
        # The two characters of one end may stand in two pieces.
        text = held + piece
        held = b"\r" if text.endswith(b"\r") else b""
        text = text[: len(text) - len(held)]
        if b"\r" in text:
            text = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        if text:
            yield text
    if held:
        yield b"\n"


def _raw(stream: BinaryIO, size: int) -> Iterator[bytes]:
    while piece := stream.read(size):
        yield piece


def _decoded(stream: BinaryIO, encoding: str, path: Path, size: int) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(encoding)()
    line = 1
    piece = b"first"
    while piece:
        piece = stream.read(size)
        try:
            text = decoder.decode(piece, final=not piece)
        except UnicodeError as error:
            # What is before the bad byte in this piece tells the line.
            before = piece[: getattr(error, "start", 0)].decode(encoding, "ignore")
            raise _not_decoded(f"{path}:{line + before.count(chr(10))}", encoding, error) from error
        line += text.count("\n")
        yield text.encode("utf-8", "surrogatepass")


def _not_decoded(place: str, encoding: str, error: UnicodeError) -> TableError:
    """The error for bytes that are no text in an encoding."""
    if not isinstance(error, UnicodeDecodeError):
        # Some say it in words of their own: that a file lacks what it has to begin with.
        return TableError(f"{place}: not {encoding} text", fix=_COPY, say=_ANOTHER)
    found = error.object[error.start : error.end]
    if error.end == len(error.object) and error.reason in _CUT_OFF:
        return TableError(f"{place}: the {encoding} text ends within a letter", fix=_COPY, say=_ANOTHER)
    word = "byte" if len(found) == 1 else "bytes"
    written = " ".join(f"0x{one:02x}" for one in found[:8])
    return TableError(f"{place}: not {encoding} text: {word} {written}", fix=_COPY, say=_ANOTHER)


def readable(chunks: Iterator[bytes], unreadable: dict[int, str]) -> Iterator[bytes]:
    """Text in which whatever is no letter is one that says so.

    Args:
        chunks: The text in pieces.
        unreadable: Gets the lines where that was so, and what is wrong with each, as it follows the place.
    """
    held, line = b"", 1
    for chunk in chunks:
        text = held + chunk
        end = text.rfind(b"\n") + 1
        held = text[end:]
        if end:
            yield _readable(text[:end], line, unreadable)
            line += text.count(b"\n", 0, end)
    if held:
        yield _readable(held, line, unreadable)


def _readable(text: bytes, line: int, unreadable: dict[int, str]) -> bytes:
    if problem_of(text) is None:
        return text
    lines = text.split(b"\n")
    for place, written in enumerate(lines):
        if problem := problem_of(written):
            unreadable[line + place] = f": {problem[1]}"
            lines[place] = written.decode("utf-8", "replace").replace("\0", "\ufffd").encode("utf-8")
    return b"\n".join(lines)


def problem_of(text: bytes) -> tuple[int, str] | None:
    """Where bytes are first that no text has, and which; None: nowhere."""
    place = text.find(b"\0")
    if place >= 0:
        return place, "the character 0, which no text has"
    if text.isascii():
        return None
    try:
        text.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start, f"not UTF-8 text: byte 0x{text[error.start]:02x}"
    return None


def check_text(text: bytes, line: int, path: Path, separator: str | None = None) -> None:
    """Refuse what no text has: bytes that are no UTF-8, and the character 0.

    Args:
        text: Whole lines.
        line: The number of the first one.
        path: The file, for errors.
        separator: What stands between cells, so that the cell can be named.

    Raises:
        DataError: Naming line and cell.
    """
    found = problem_of(text)
    if found is None:
        return
    place, problem = found
    message = f"{_place(text, place, line, path, separator)}: {problem}"
    if not text[place]:
        raise TableError(
            message,
            fix=_COPY,
            say=_ANOTHER,
        )
    letter = text[place : place + 1].decode(_GUESS, "replace")
    raise TableError(
        message,
        fix="save it as UTF-8",
        say=f"encoding: {_GUESS} or another one; in {_GUESS} this byte is {letter}",
    )


def _place(text: bytes, place: int, line: int, path: Path, separator: str | None) -> str:
    start = text.rfind(b"\n", 0, place) + 1
    number = line + text.count(b"\n", 0, place)
    where = f"{path}:{number}"
    if separator is None:
        return where
    return f"{where}, cell {text.count(separator.encode(), start, place) + 1}"
