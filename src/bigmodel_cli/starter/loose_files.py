"""Which of the files in a folder are meant where it has no folder for each class."""

from __future__ import annotations

import glob
import shlex
from pathlib import Path

from bigmodel_cli.errors import DataError
from bigmodel_cli.sources.file_walk import subfolders, visible
from bigmodel_cli.sources.sought_texts import TAGGED_SUFFIXES
from bigmodel_cli.sources.split_names import split_named
from bigmodel_cli.sources.tables.files import is_table_name
from bigmodel_cli.starter.interactions import table_of_interactions
from bigmodel_cli.starter.prose import SUFFIXES
from bigmodel_cli.starter.questions import is_of_questions
from bigmodel_cli.starter.split_files import is_of_training


def file_meant(folder: Path) -> Path | None:
    """The one file that has the data of a folder: a table, arrays, tagged words or questions.

    A single folder beside it may have what its rows name, such as images.

    Returns:
        None where there is no such file, or where there are folders of classes or splits.

    Raises:
        DataError: If there are several, and no name says which one is for training.
    """
    folders = subfolders(folder)
    if len(folders) > 1 or any(split_named(entry.name) for entry in folders):
        return None
    files = [path for path in _own_files(folder) if _has_data(path)]
    chosen = [path for path in files if is_of_training(path)] if len(files) > 1 else files
    if len(files) > 1 and not chosen and (table := table_of_interactions(filter(is_table_name, files))):
        # The others say what its rows name.
        return table
    if files and len(chosen) != 1:
        names = ", ".join(path.name for path in files[:5]) + (", …" if len(files) > 5 else "")
        raise DataError(
            f"{folder}: {len(files)} files have data, and no name says which one is for training ({names})",
            hint=f"say which: bigmodel init {shlex.quote(str(files[0]))}",
        )
    return chosen[0] if chosen else None


def texts_meant(folder: Path) -> list[Path]:
    """Patterns of the texts in a folder that has no folders and little else, to learn writing from."""
    files = [] if subfolders(folder) else _own_files(folder)
    suffixes = [path.suffix for path in files if path.suffix.lower() in SUFFIXES]
    if len(suffixes) <= len(files) / 2:
        return []
    # A bracket in the folder's own name is no pattern.
    return [Path(glob.escape(str(folder))) / f"*{suffix}" for suffix in sorted({*suffixes})]


def _own_files(folder: Path) -> list[Path]:
    return [Path(entry.path) for entry in visible(folder) if entry.is_file()]


def _has_data(path: Path) -> bool:
    return is_table_name(path) or path.suffix.lower() in {".npz", *TAGGED_SUFFIXES} or is_of_questions(path)
