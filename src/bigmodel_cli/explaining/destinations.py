"""Where pictures of explanations and of answers are written."""

from __future__ import annotations

import os
import re
from pathlib import Path

from bigmodel_cli.errors import UsageError
from bigmodel_cli.inference.inputs import Inputs
from bigmodel_cli.kinds.inputs import Input

_ROW = re.compile(r"(?P<path>.*)\[(?P<index>\d+)\]", re.DOTALL)
# Endings of files that are certainly not meant as folders.
_OTHER_FILES = frozenset({".jpg", ".jpeg", ".gif", ".webp", ".bmp", ".svg", ".pdf"})
# The longest name that file systems take has 255 bytes, and a temporary file's name is a little longer.
_MAX_BYTES, _MAX_LETTERS = 200, 50


class Destinations:
    """Gives each image a file of its own, which is none of the images.

    Args:
        out: A folder, or a .png file where there is a single image; None: the current folder.
        inputs: All images.
        ending: What the name of a file has behind that of its image.

    Raises:
        UsageError: If that cannot be.
    """

    def __init__(self, out: Path | None, inputs: Inputs, ending: str = "-explained") -> None:
        self._ending = ending
        self._taken = {_resolved(Path(item.name)) for item in inputs if item.features is None}
        self._file: Path | None = None
        self._folder = out or Path()
        if out is None or out.is_dir():
            return
        if out.suffix.lower() in _OTHER_FILES:
            raise UsageError(f"--out {out}: expected a folder, or a file that ends in .png")
        if out.suffix.lower() == ".png":
            self._file = out
            if len(inputs) != 1:
                raise UsageError(
                    f"--out {out}: one file for {len(inputs)} images; expected a folder",
                    hint=f"--out {out.with_suffix('')}/",
                )
            if _resolved(out) in self._taken:
                raise UsageError(f"--out {out}: this is the image itself; choose another file")

    def next_for(self, item: Input) -> Path:
        """The file for an image: `<stem>-explained.png`, with a number where that is taken."""
        if self._file is not None:
            return self._file
        stem = _stem(item)
        number = 1
        while True:
            end = "" if number == 1 else f"-{number}"
            path = self._folder / f"{stem}{self._ending}{end}.png"
            if _resolved(path) not in self._taken:
                self._taken.add(_resolved(path))
                return path
            number += 1


def _stem(item: Input) -> str:
    row = _ROW.fullmatch(item.name) if item.features is not None else None
    stem = f"{Path(row['path']).stem}-{row['index']}" if row else Path(item.name).stem
    return stem if len(os.fsencode(stem)) <= _MAX_BYTES else stem[:_MAX_LETTERS]


def _resolved(path: Path) -> str:
    return os.path.realpath(path)
