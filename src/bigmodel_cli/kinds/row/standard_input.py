"""A table on standard input, kept in a file, since it is looked at before it is read."""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from bigmodel_cli.errors import UsageError

STANDARD_INPUT = "-"
# What begins so is JSON lines, for no table of texts does.
_JSON = (b"{", b"[")
_OBJECTS = re.compile(rb'(\xef\xbb\xbf)?\s*\[?\s*\{\s*"')


@dataclass(frozen=True)
class KeptInput:
    """What came on standard input; the file goes when this does.

    Attributes:
        folder: Has it.
        path: The file.
    """

    folder: tempfile.TemporaryDirectory[str]
    path: Path

    @property
    def has_objects(self) -> bool:
        """Whether it begins as objects of JSON do, which nobody writes by chance."""
        with self.path.open("rb") as file:
            return _OBJECTS.match(file.read(1000)) is not None


def kept_input() -> KeptInput:
    """Read standard input to its end.

    Raises:
        UsageError: If there is nothing.
    """
    folder = tempfile.TemporaryDirectory(prefix="bigmodel-")
    path = Path(folder.name) / STANDARD_INPUT
    with path.open("wb") as file:
        shutil.copyfileobj(sys.stdin.buffer, file)
    with path.open("rb") as file:
        start = file.read(1000).lstrip(b"\xef\xbb\xbf \t\r\n")
    if not start:
        raise UsageError(
            "-: expected rows on standard input, as CSV or JSON lines; found none",
            hint="bigmodel predict - < rows.csv",
        )
    if start.startswith(_JSON):
        path = path.rename(path.with_name(f"{STANDARD_INPUT}.jsonl"))
    return KeptInput(folder, path)
