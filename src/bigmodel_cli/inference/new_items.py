"""Items that came after training, as a model sees them: its item's side makes a vector of their columns."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, cast

from bigmodel_cli.cut import some
from bigmodel_cli.errors import DataError
from bigmodel_cli.inference.catalogue import sides_of_best, vectors_of_rows
from bigmodel_cli.inference.kept_items import columns_of
from bigmodel_cli.inference.opened import OpenRun
from bigmodel_cli.kinds.row.blocks.columns import Written
from bigmodel_cli.kinds.row.kind import RowKind
from bigmodel_cli.recommending.catalogue import Catalogue
from bigmodel_cli.sources.kept_joins import JOINED


class Extended(NamedTuple):
    """A catalogue with more items.

    Attributes:
        catalogue: It.
        remarks: What there is to say, in sentences.
    """

    catalogue: Catalogue
    remarks: list[str]


def item_side(opened: OpenRun, *, trust: bool = False) -> Any:
    """The items' half of a run's model, which starts TensorFlow.

    Args:
        opened: The run.
        trust: Load a model even if it can run code.
    """
    return sides_of_best(opened.folder, trust=trust)[1]


def with_new_rows(
    opened: OpenRun, catalogue: Catalogue, rows: Sequence[Any], side: Callable[[], Any]
) -> Extended:
    """As `with_new_items`, of rows that stand in no file: mappings from columns to what JSON knows."""
    with tempfile.TemporaryDirectory(prefix="bigmodel-") as folder:
        path = Path(folder) / "items.jsonl"
        path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), "utf-8")
        try:
            found = with_new_items(opened, catalogue, path, side)
        except DataError as error:
            raise DataError(error.message.replace(str(path), "items"), hint=error.hint) from None
        return found._replace(remarks=[remark.replace(str(path), "items") for remark in found.remarks])


def with_new_items(
    opened: OpenRun, catalogue: Catalogue, path: Path, side: Callable[[], Any] | None = None
) -> Extended:
    """What a run keeps, with the items of a table that it does not know.

    Args:
        opened: The run.
        catalogue: What it keeps.
        path: The table: a row for each item, with columns as the table of items has them that is joined.
        side: Gives the items' half of the model, where there are new ones; None: `item_side`.

    Raises:
        DataError: If it is no such table, or the model's side of items takes none of its columns.
    """
    item, kind = catalogue.item_column, cast(RowKind, opened.signature.kind)
    written = _joining(opened.rows_written or {}, item, path)
    rows_written = Written.of(written, kind)
    (keyed,) = rows_written.joined_by(item)
    known = [name for name in keyed.place_of if catalogue.items.number(name) >= 0]
    new = [name for name in keyed.place_of if catalogue.items.number(name) < 0]
    remarks = [f"{path}: {len(new):,} new items beside {len(catalogue.items):,}"]
    if known:
        remarks.append(f"{path}: items that are known already stay as they are: {some(known)}")
    if not new:
        return Extended(catalogue, remarks)
    of_item = item_side(opened) if side is None else side()
    names = {slug: name for name, slug in opened.signature.slugs.items()}
    taken = {names[tensor.name] for tensor in of_item.inputs} - {item}
    there = {rows_written.here(name) for name in keyed.columns}
    if not taken & there:
        raise DataError(
            f"{path}: the model's side of items takes {some(sorted(taken)) or 'nothing but their names'}, of "
            "which it has nothing",
            hint="a new item is known by its columns alone",
        )
    if lacking := taken - there:
        remarks.append(
            f"{path}: lacks columns that the model takes, which are missing: {some(sorted(lacking))}"
        )
    vectors = vectors_of_rows(of_item, [{item: name} for name in new], opened.signature, written)
    columns = columns_of(keyed, new, rows_written, opened.signature)
    return Extended(catalogue.with_items(new, vectors, columns), remarks)


def _joining(written: Mapping[str, Any], item: str, path: Path) -> dict[str, Any]:
    """How rows are written, with a table in the place of the one of items that is joined to them."""
    joined: Sequence[Mapping[str, Any]] = written.get(JOINED, ())
    column = (written.get("names") or {}).get(item, item)
    others = [one for one in joined if one["column"] != column]
    before = next(
        (one for one in joined if one["column"] == column), {"column": column, "key": column, "prefix": ""}
    )
    return {**written, JOINED: [*others, {**before, "files": [str(path)]}]}
