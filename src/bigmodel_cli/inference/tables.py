"""CSV files that can be read again whatever is in their cells."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any


class _Lines:
    """Ends lines as Unix does; `csv` quotes a carriage return only where its own lines end with one.

    Args:
        file: Where they go.
    """

    def __init__(self, file: IO[str]) -> None:
        self._file = file

    def write(self, line: str) -> int:
        return self._file.write(line.removesuffix("\r\n") + "\n")


@contextmanager
def csv_writer(path: Path) -> Iterator[Any]:
    """A writer of rows into a CSV file in UTF-8; bytes of a file's name that are no text become escapes."""
    with path.open("w", encoding="utf-8", errors="backslashreplace", newline="") as file:
        yield csv.writer(_Lines(file), lineterminator="\r\n")
