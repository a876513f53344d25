"""Parquet, Feather and ORC files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bigmodel_cli.errors import DataError
from bigmodel_cli.sources.tables import parsing
from bigmodel_cli.sources.tables.arrow_arrays import strings
from bigmodel_cli.sources.tables.arrow_cells import ArrowCells, TypedCells, VectorCells
from bigmodel_cli.sources.tables.cells import Cells, Use
from bigmodel_cli.sources.tables.lists import as_text
from bigmodel_cli.sources.tables.names import listed, shown
from bigmodel_cli.sources.tables.table import Block, TableFile

if TYPE_CHECKING:
    from bigmodel_cli.sources.tables.files import FileForm

_ROWS = 1 << 16
_FLATTEN = "give each part of it a column of its own"
_READ_AGAIN = "copy or download it again"


class ArrowFile(TableFile):
    """A file with columns that have types, opened.

    Raises:
        DataError: If pyarrow is not installed, the file is damaged, or a column is of a type that is no cell.
    """

    def __init__(self, path: Path, form: FileForm) -> None:
        if not parsing.has_pyarrow():
            raise DataError(f"{path}: {form} files need pyarrow", hint=f"to read them: {parsing.EXTRA_HINT}")
        self.path = path
        self.has_lines = False
        self._form = form
        schema = self._guarded(lambda: _schema(path, form))
        self.names = list(schema.names)
        for name, count in Counter(self.names).items():
            if count > 1:
                raise DataError(f"{path}: the column {shown(name)} is there {count} times")
        if not self.names:
            raise DataError(f"{path}: no columns")
        self._types = dict(zip(schema.names, schema.types, strict=True))
        self.lists = frozenset(name for name, kind in self._types.items() if _is_list_of_texts(kind))
        self.vectors = frozenset(name for name, kind in self._types.items() if _is_vector(kind))

    def pieces(self, wanted: Mapping[str, Use]) -> Iterator[Callable[[], Block]]:
        for name in wanted:
            self._check_type(name)
        uses = list(wanted.values())
        batches = iter(self._guarded(lambda: _batches(self.path, self._form, list(wanted))))
        first = 0
        while True:
            batch = self._guarded(lambda: next(batches, None))
            if batch is None:
                return
            yield partial(self._piece, batch, first, uses)
            first += batch.num_rows

    def _piece(self, batch: Any, first: int, uses: Sequence[Use]) -> Block:
        numbers = range(first + 1, first + 1 + batch.num_rows)
        cells = [
            VectorCells(column)
            if _is_vector(column.type) or (use == "vector" and _is_list_of_texts(column.type))
            else _cells(column)
            for column, use in zip(batch.columns, uses, strict=True)
        ]
        return Block(self, batch.num_rows, cells, lambda: numbers)

    def _guarded(self, work: Callable[[], Any]) -> Any:
        """What pyarrow gives.

        Raises:
            DataError: For what is wrong with the file.
        """
        import pyarrow as pa

        try:
            return work()
        except (pa.ArrowException, OSError, ValueError) as error:
            what = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise DataError(f"{self.path}: damaged: {what}", hint=_READ_AGAIN) from error

    def _check_type(self, name: str) -> None:
        """Columns of more than one value are no cells, but for lists of texts or numbers; nor are bytes."""
        import pyarrow as pa

        kind = self._types[name]
        if _is_list_of_texts(kind) or _is_vector(kind):
            return
        if name in self.lists and not pa.types.is_null(kind):
            raise DataError(f"{self.path}, {shown(name)}: expected lists, as in other files, found {kind}")
        value = kind.value_type if pa.types.is_dictionary(kind) else kind
        nested = pa.types.is_nested(value)
        if nested or _is_bytes(value) or pa.types.is_duration(value) or pa.types.is_time(value):
            cells = [other for other in self.names if other != name]
            others = f"or leave it out; the other columns are {listed(cells)}" if cells else None
            raise DataError(
                f"{self.path}, {shown(name)}: expected numbers, texts, truth values, dates or "
                f"lists of texts or numbers, found {kind}",
                hint="; ".join(filter(None, [_FLATTEN if nested else None, others])) or None,
            )


def _is_bytes(kind: Any) -> bool:
    import pyarrow as pa

    return bool(
        pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind)
    )


def _cells(array: Any) -> Cells:
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    kind = array.type
    if _is_list_of_texts(kind):
        return ArrowCells(strings([_list(items) for items in array.to_pylist()]))
    if pa.types.is_null(kind):
        return ArrowCells(pa.nulls(len(array), pa.string()))
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return ArrowCells(pc.cast(array, pa.string()))
    return TypedCells(array)


def _is_vector(kind: Any) -> bool:
    """Whether cells of a type are lists of numbers."""
    import pyarrow as pa

    if pa.types.is_fixed_size_list(kind):
        return bool(pa.types.is_floating(kind.value_type) or pa.types.is_integer(kind.value_type))
    is_list = pa.types.is_list(kind) or pa.types.is_large_list(kind)
    return bool(is_list and pa.types.is_floating(kind.value_type))


def _list(items: list[Any] | None) -> str:
    return "" if items is None else as_text(str(item) for item in items if item is not None)


def _is_list_of_texts(kind: Any) -> bool:
    """Whether cells of a type are lists of texts, or of whole numbers that name something."""
    import pyarrow as pa

    if not (pa.types.is_list(kind) or pa.types.is_large_list(kind)):
        return False
    item = kind.value_type
    item = item.value_type if pa.types.is_dictionary(item) else item
    return bool(
        pa.types.is_string(item)
        or pa.types.is_large_string(item)
        or pa.types.is_string_view(item)
        or pa.types.is_integer(item)
    )


def _schema(path: Path, form: FileForm) -> Any:
    if form == "parquet":
        import pyarrow.parquet as pq

        with pq.ParquetFile(path) as file:
            return file.schema_arrow
    if form == "orc":
        from pyarrow import orc

        return orc.ORCFile(path).schema
    from pyarrow import ipc

    with ipc.open_file(path) as file:
        return file.schema


def _batches(path: Path, form: FileForm, wanted: list[str]) -> Iterator[Any]:
    if form == "parquet":
        import pyarrow.parquet as pq

        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(_ROWS, columns=wanted, use_threads=True):
                yield batch.select(wanted)
        return
    if form == "orc":
        from pyarrow import orc

        stripes = orc.ORCFile(path)
        for number in range(stripes.nstripes):
            yield stripes.read_stripe(number, columns=wanted).select(wanted)
        return
    from pyarrow import ipc

    with ipc.open_file(path) as file:
        for number in range(file.num_record_batches):
            yield file.get_batch(number).select(wanted)
