"""Rows of what TensorFlow Datasets has prepared, in any order."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from bigmodel_cli.errors import DataError
from bigmodel_cli.sources.hubs.column_types import Numbers
from bigmodel_cli.sources.hubs.columns import Column
from bigmodel_cli.sources.hubs.rows import Rows, written_in
from bigmodel_cli.sources.hubs.tfds_features import columns_of, flattened
from bigmodel_cli.sources.hubs.tfrecords import Stretch, TfRecords

_FORMATS = ("tfrecord", "array_record")


class _Records(Protocol):
    def __len__(self) -> int: ...

    def read(self, positions: Sequence[int], /) -> Sequence[bytes]: ...


class _ArrayRecords:
    """Records of ArrayRecord files, which have an index of their own.

    Args:
        instructions: TFDS's: which records of which files.
        where: For errors.
    """

    def __init__(self, instructions: Sequence[Any], where: str) -> None:
        from array_record.python.array_record_data_source import ArrayRecordDataSource

        self._where = where
        try:
            self._source = ArrayRecordDataSource(instructions)
        except (OSError, ValueError, RuntimeError) as error:
            raise DataError(f"{where}: cannot be read: {error}") from None

    def __len__(self) -> int:
        return len(self._source)

    def read(self, positions: Sequence[int]) -> Sequence[bytes]:
        try:
            found: Sequence[bytes] = self._source.__getitems__(list(positions))
        except (OSError, ValueError, RuntimeError, IndexError) as error:
            raise DataError(
                f"{self._where}: records from {positions[0]:,} on cannot be read: {error}"
            ) from None
        return found


class TfdsRows(Rows):
    """Rows of one split, each of them a record with an example in it (tf.train.Example).

    Args:
        builder: Of the prepared data set.
        split: Its name for the split, or a part of it: `train[:10%]`.
        where: For errors.

    Raises:
        DataError: If there is no such split, its files are of a format that is not read, or damaged.
    """

    def __init__(self, builder: Any, split: str, where: str) -> None:
        self._features = dict(flattened(builder.info.features))
        self._columns = columns_of(builder.info.features)
        self._where = f"{where}: {split}"
        instructions = _instructions(builder, split, where)
        paths = [Path(each.filename) for each in instructions]
        try:
            sizes = [f"{path.name} {path.stat().st_size}" for path in paths]
            self.written = written_in(paths)
        except OSError as error:
            raise DataError(f"{error.filename}: cannot be read: {error.strerror}") from None
        parts = [f"{each.skip} {each.take}" for each in instructions]
        self.identity = "\n".join([builder.info.full_name, split, *sizes, *parts])
        self._records: _Records
        if _format(builder) == "array_record":
            self._records = _ArrayRecords(instructions, self._where)
        else:
            self._records = TfRecords(
                [
                    Stretch(path, each.skip, each.take, each.examples_in_shard)
                    for path, each in zip(paths, instructions, strict=True)
                ]
            )

    def __len__(self) -> int:
        return len(self._records)

    def read(self, positions: Sequence[int], names: Sequence[str]) -> Sequence[Mapping[str, Any]]:
        records = self._records.read(positions)
        return [self._row(at, record, names) for at, record in zip(positions, records, strict=True)]

    def _row(self, position: int, record: bytes, names: Sequence[str]) -> Mapping[str, Any]:
        from tensorflow_datasets.proto import tf_example_pb2

        try:
            values = tf_example_pb2.Example.FromString(record).features.feature
            return {
                name: _value(values[name], self._features[name], self._columns[name])
                if name in values
                # A record need not mention a list that is empty.
                else ([] if self._columns[name].are_sets else None)
                for name in names
            }
        except (ValueError, IndexError, zlib.error) as error:
            raise DataError(f"{self._where}: record {position:,} is damaged: {error}") from None
        except Exception as error:
            # Of which class, differs between versions of protobuf.
            if type(error).__name__ != "DecodeError":
                raise
            raise DataError(f"{self._where}: record {position:,} is no example: {error}") from None


def _format(builder: Any) -> str:
    found: str = builder.info.file_format.value
    return found


def _instructions(builder: Any, split: str, where: str) -> Sequence[Any]:
    """Which records of which files a split is."""
    splits = builder.info.splits
    name = split.partition("[")[0].strip()
    if name not in splits:
        listed = ", ".join(sorted(splits)) or "none"
        raise DataError(f"{where}: no split {name}; its splits: {listed}")
    if _format(builder) not in _FORMATS:
        raise DataError(
            f"{where}: it is prepared as {_format(builder)}, which is not read here",
            hint=f"prepare it with file_format={' or '.join(_FORMATS)}",
        )
    try:
        found: Sequence[Any] = splits[split].file_instructions
    except (ValueError, KeyError, AssertionError) as error:
        first = (str(error).splitlines() or [type(error).__name__])[0]
        raise DataError(
            f"{where}: {split} is no part of a split: {first}", hint="write for instance train[:80%]"
        ) from None
    return [each for each in found if each.take]


def _value(found: Any, feature: Any, column: Column) -> Any:
    """What a column has in a row.

    Args:
        found: A tf.train.Feature.
        feature: What TFDS says of it.
        column: What it is here.

    Raises:
        ValueError, IndexError: If it is something else.
    """
    import numpy as np

    of = found.WhichOneof("kind")
    values = [] if of is None else getattr(found, of).value
    if column.are_sets:
        return list(values)
    if not isinstance(column, Numbers):
        return values[0] if values else None
    if of == "bytes_list":
        inner = feature
        while hasattr(inner, "feature"):
            inner = inner.feature
        return np.stack([inner.decode_example_np(value) for value in values]).reshape(column.shape)
    if not values and column.shape:
        return None
    # Where whole numbers have no sign, their bits were stored as those of numbers that have one.
    numbers = np.array(values, np.float32 if of == "float_list" else np.int64).astype(column.dtype)
    return numbers.reshape(column.shape) if column.shape else numbers[0] if values else None
