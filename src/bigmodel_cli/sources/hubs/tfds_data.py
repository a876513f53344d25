"""A prepared data set of TensorFlow Datasets, from its folder alone: the code that made it is not needed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bigmodel_cli.errors import DataError
from bigmodel_cli.sources.hubs.choosing import DataSet
from bigmodel_cli.sources.hubs.column_types import Numbers
from bigmodel_cli.sources.hubs.columns import Column
from bigmodel_cli.sources.hubs.rows import Rows
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
    except Exception as error:  # Its notes are JSON of many classes' own forms.
        lines = str(error).splitlines() or [type(error).__name__]
        raise DataError(f"{where}: {folder} cannot be read: {lines[0]}", hint="prepare it again") from error
    return described_by(info, where, lambda split: TfdsRows(builder, split, where))


def described_by(info: Any, where: str, rows: Callable[[str], Rows]) -> DataSet:
    """A data set as TFDS describes it.

    Args:
        info: A `tfds.core.DatasetInfo`.
        where: What it is called in messages.
        rows: As for `DataSet`.
    """
    columns, keys = columns_of(info.features), info.supervised_keys
    # What stands in the third place is not always a weight.
    weight = _only(columns, _names(keys, 2))
    return DataSet(
        where=where,
        columns=columns,
        splits=list(info.splits),
        rows=rows,
        default_inputs=_names(keys, 0),
        default_target=_only(columns, _names(keys, 1)),
        default_weight=weight if isinstance(columns.get(weight or ""), Numbers) else None,
    )


def _only(columns: Mapping[str, Column], names: Sequence[str]) -> str | None:
    """The column that is meant, where it is one and not several or what columns are within."""
    return names[0] if len(names) == 1 and names[0] in columns else None


def _names(keys: Any, place: int) -> Sequence[str]:
    """The columns that are inputs (0), targets (1) or weights (2), which may stand in tuples and dicts."""
    if not keys or place >= len(keys):
        return []
    left, found = [keys[place]], []
    while left:
        key = left.pop(0)
        if isinstance(key, str):
            found.append(key)
        else:
            left = [*(key.values() if isinstance(key, dict) else key), *left]
    return found
