"""Which sort of files a folder is of."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bigmodel_cli.errors import DataError
from bigmodel_cli.sources.file_walk import FileWalk, Sought, subfolders
from bigmodel_cli.sources.sought_images import IMAGES
from bigmodel_cli.sources.sought_sounds import SOUNDS
from bigmodel_cli.sources.sought_texts import TEXTS

# So many files of a sort are counted; a folder may have a million.
_LOOKED_AT = 1_000


def main_content(folder: Path) -> Sought:
    """The sort that most files in a folder's folders are of, as far as a short look tells; images if unclear.

    Where it has no folders, its own files are looked at; loose texts are no data then.
    """
    folders = [entry.path for entry in subfolders(folder)]
    sorts = [IMAGES, TEXTS, SOUNDS] if folders else [IMAGES, SOUNDS]
    counts = [_count(folders or [str(folder)], sought) for sought in sorts]
    return sorts[counts.index(max(counts))]


def _count(folders: Sequence[str], sought: Sought) -> int:
    walk = FileWalk(sought, needs_all=False)
    try:
        below = (path for folder in folders for path in walk.files_below(folder))
        return sum(1 for _, _ in zip(range(_LOOKED_AT), below, strict=False))
    except DataError:
        return 0
