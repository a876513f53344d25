"""The files of a table: which they are, what is in them, and their bytes, unpacked where need be."""

from __future__ import annotations

import bz2
import glob
import gzip
import lzma
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Literal, cast

from bigmodel_cli.errors import DataError

FileForm = Literal["text", "json lines", "parquet", "arrow", "orc"]
# What files begin with.
_COMPRESSED: dict[bytes, Callable[..., Any]] = {
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ\x00": lzma.open,
}
_FORMS: dict[bytes, FileForm] = {b"PAR1": "parquet", b"ARROW1": "arrow", b"ORC": "orc"}
_REFUSED = {
    b"PK\x03\x04": ("an Excel file or another archive", "save it as CSV (UTF-8), or unpack it"),
    b"\xd0\xcf\x11\xe0": ("an old Excel file", "save it as CSV (UTF-8)"),
    b"\x28\xb5\x2f\xfd": ("compressed with zstd, which is not read here", "unpack it, or use gzip"),
    b"SQLite format 3": ("a database of SQLite", "export the table as CSV"),
    b"\x89HDF": ("an HDF5 file", "save it as CSV or Parquet"),
    b"\x89PNG": ("a PNG image", None),
    b"%PDF": ("a PDF document", None),
}
_PRINTABLE = b"\t\r\n" + bytes(range(32, 127))
_TEXT_SUFFIXES = (".csv", ".tsv", ".tab")
_PACKED_SUFFIXES = (".gz", ".bz2", ".xz")
_JSON_SUFFIXES = (".jsonl", ".ndjson", ".json")
_FORM_BY_SUFFIX: dict[str, FileForm] = {
    ".parquet": "parquet",
    ".pq": "parquet",
    ".feather": "arrow",
    ".arrow": "arrow",
    ".orc": "orc",
}


def find_files(paths: Path | str | Sequence[Path | str]) -> tuple[Path, ...]:
    """The files that are meant, in the order given; those of a pattern (`part-*.csv`) by their names.

    Raises:
        DataError: If there is no such file, or it is a folder.
    """
    given = [paths] if isinstance(paths, Path | str) else list(paths)
    found = [path for pattern in given for path in _files_of(Path(pattern))]
    if not found:
        raise DataError("no files were given")
    for path in found:
        if found.count(path) > 1:
            raise DataError(f"{path}: given {found.count(path)} times")
    return tuple(found)


def _files_of(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    if path.is_dir():
        raise DataError(
            f"{path}: a folder, not a table", hint=f"a pattern names the files in it: {path}/*.csv"
        )
    # A name with a bracket in it may be a pattern or a name; the file has been looked for.
    if glob.has_magic(str(path)):
        found = [Path(name) for name in sorted(glob.glob(str(path), recursive=True))]  # noqa: PTH207 - absolute
        if files := [name for name in found if name.is_file()]:
            return files
        raise DataError(f"{path}: no file has such a name")
    raise DataError(f"{path}: no such file")


def is_table_name(path: Path) -> bool:
    """Whether a file is called as tables are: `a.csv`, `a.parquet`, `a.jsonl.gz`."""
    known = {*_TEXT_SUFFIXES, *_JSON_SUFFIXES, *_FORM_BY_SUFFIX}
    suffixes = [suffix.lower() for suffix in path.suffixes[-2:]]
    return bool(suffixes) and (
        suffixes[-1] in known or (suffixes[-1] in _PACKED_SUFFIXES and suffixes[0] in known)
    )


def form_of(path: Path) -> FileForm:
    """What a file is, by what it begins with and by its name.

    Raises:
        DataError: If it is no table, or cannot be read.
    """
    with unpacked(path) as stream:
        start = stream.read(64)
    for begins, form in _FORMS.items():
        # A column may be called ORCID.
        if start.startswith(begins) and start.translate(None, _PRINTABLE):
            return form
    if found := other_form(start):
        raise DataError(f"{path}: {found[0]}, not a table", hint=found[1])
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if not start:
        raise DataError(f"{path}: an empty file")
    if suffixes and suffixes[-1] in _FORM_BY_SUFFIX:
        raise DataError(f"{path}: expected {_FORM_BY_SUFFIX[suffixes[-1]]} by its name, found another format")
    return "json lines" if any(suffix in _JSON_SUFFIXES for suffix in suffixes[-2:]) else "text"


def other_form(start: bytes) -> tuple[str, str | None] | None:
    """What a file is that begins so, where it holds neither a table nor a text, and what to do about it."""
    return next((found for begins, found in _REFUSED.items() if start.startswith(begins)), None)


@contextmanager
def unpacked(path: Path) -> Iterator[BinaryIO]:
    """The bytes of a file, unpacked where it is compressed.

    Raises:
        DataError: If it cannot be read, or what is compressed in it is damaged; also while it is read.
    """
    stream: BinaryIO | None = None
    try:
        file = path.open("rb")
        start = file.read(8)
        file.seek(0)
        stream = cast(
            "BinaryIO",
            next((opens(file) for begins, opens in _COMPRESSED.items() if start.startswith(begins)), file),
        )
        with file:
            yield stream
    except EOFError as error:
        raise DataError(
            f"{path}: cut off: what is compressed in it has no end", hint="copy or download it again"
        ) from error
    except (gzip.BadGzipFile, zlib.error, lzma.LZMAError) as error:
        raise DataError(f"{path}: damaged: {error}", hint="copy or download it again") from error
    except OSError as error:
        what = error.strerror or (f"damaged: {error}" if stream is not None else str(error))
        raise DataError(f"{path}: cannot be read: {what}") from error
