"""Files of images, folders of them, and arrays of pixels."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, ClassVar

from bigmodel_cli.errors import UsageError
from bigmodel_cli.kinds.inputs import Finder, Group
from bigmodel_cli.sources.file_walk import FileWalk
from bigmodel_cli.sources.sought_images import IMAGES


class ImageFinder(Finder):
    """Finds files by their content; in folders those that are called as images are."""

    hint: ClassVar[str] = "give an image, a folder of images, or a quoted glob"

    def __init__(self, kind: Any) -> None:
        super().__init__(kind)
        self._walk = FileWalk(IMAGES, needs_all=False)

    def files(self, path: Path) -> Group:
        if not path.is_dir():
            return Group([str(path)])
        # A path that begins in the current folder does not say so.
        found = [name.removeprefix(f".{os.sep}") for name in self._walk.files_below(path)]
        if not found:
            raise UsageError(f"{path}: no image in this folder", hint=self.passed_over)
        return Group(found)

    @property
    def passed_over(self) -> str | None:
        return self._walk.passed_over.sentence()
