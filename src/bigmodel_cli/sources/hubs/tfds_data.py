"""A prepared data set of TensorFlow Datasets, from its folder alone: the code that made it is not needed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bigmodel_cli.errors import DataError
from bigmodel_cli.sources.hubs.choosing import DataSet
from bigmodel_cli.sources.hubs.tfds_features import columns_of
from bigmodel_cli.sources.hubs.tfds_rows import TfdsRows


def open_prepared(tfds: Any, folder: Path, name: str) -> DataSet:
    """What a prepared folder has.

    Args:
        tfds: The library.
        folder: That has features.json in it.
        name: What the data set is called.

    Raises:
        DataError: If its notes cannot be read.
    """
    where = f"tfds: {name}"
    try:
        builder = tfds.builder_from_directory(folder)
        info = builder.info
        keys = info.supervised_keys
    except Exception as error:  # Its notes are JSON of many classes' own forms.
        lines = str(error).splitlines() or [type(error).__name__]
        raise DataError(f"{where}: {folder} cannot be read: {lines[0]}", hint="prepare it again") from error
    return DataSet(
        where=where,
        columns=columns_of(info.features),
        splits=list(info.splits),
        rows=lambda split: TfdsRows(builder, split, where),
        default_input=_one(keys, 0),
        default_target=_one(keys, 1),
    )


def _one(keys: Any, place: int) -> str | None:
    """The column that is the input (0) or the target (1), where it is one."""
    key = keys[place] if keys else None
    return key if isinstance(key, str) else None
