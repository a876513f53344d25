"""What each column of an item changes in its vector: the model's side of items is asked again without it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any, cast

import numpy as np

from bigmodel_cli.errors import UsageError
from bigmodel_cli.inference.catalogue import sides_of_best, vectors_of_rows
from bigmodel_cli.inference.opened import OpenRun
from bigmodel_cli.kinds.row.blocks.columns import Written
from bigmodel_cli.kinds.row.kind import RowKind


class ItemColumns:
    """The columns by which a run's model knows items, beside their names.

    Args:
        opened: The run.
        item: What items are called.
        trust: Load a model even if it can run code.

    Raises:
        UsageError: If the model takes no such column, or no table of items has them.

    Attributes:
        names: The columns.
    """

    def __init__(self, opened: OpenRun, item: str, *, trust: bool = False) -> None:
        self._opened, self._item, self._trust = opened, item, trust
        written = Written.of(opened.rows_written, cast(RowKind, opened.signature.kind))
        joined = {written.here(name) for keyed in written.joined_by(item) for name in keyed.columns}
        self.names: Sequence[str] = [name for name in self._taken if name in joined]
        if not self.names:
            raise UsageError(
                f"{opened.folder.title}: its model knows no columns of items by a table of their own",
                hint="join: {" + item + ": {path: items.csv}} gives it some",
            )

    @cached_property
    def _side(self) -> Any:
        return sides_of_best(self._opened.folder, trust=self._trust)[1]

    @property
    def _taken(self) -> list[str]:
        slugs = {tensor.name for tensor in self._side.inputs}
        return [name for name, slug in self._opened.signature.slugs.items() if slug in slugs]

    def changes(self, items: Sequence[str]) -> np.ndarray:
        """The vector of each item, less the one that it has without each column.

        Args:
            items: Their names.

        Returns:
            Float32 of shape (items, columns, d).
        """
        without: list[dict[str, Any]] = [{}, *({name: None} for name in self.names)]
        rows = [{self._item: item, **lacking} for item in items for lacking in without]
        vectors = vectors_of_rows(self._side, rows, self._opened.signature, self._opened.rows_written)
        of_items = vectors.reshape(len(items), len(without), -1)
        return np.asarray(of_items[:, :1] - of_items[:, 1:])
