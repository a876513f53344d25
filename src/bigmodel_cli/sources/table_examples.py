"""Examples of a table's columns: inputs, targets, weights, and what splits are cut by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bigmodel_cli.errors import DataError
from bigmodel_cli.kinds.cells import Cells
from bigmodel_cli.kinds.kind import Kind
from bigmodel_cli.parts import part_of
from bigmodel_cli.signature import Signature
from bigmodel_cli.sources.base import Examples, LoadContext, Source, SplitName
from bigmodel_cli.sources.stores import ArrayStore, CodedStore, Store
from bigmodel_cli.sources.table_columns import IGNORE
from bigmodel_cli.sources.table_files import TableFiles, files_of
from bigmodel_cli.sources.table_targets import TargetReader
from bigmodel_cli.sources.tables.names import listed, shown
from bigmodel_cli.sources.tables.table import Table

if TYPE_CHECKING:
    import numpy as np

    from bigmodel_cli.sources.table import TableOptions
    from bigmodel_cli.sources.tables.columns import Values


@dataclass(frozen=True)
class TableExamples:
    """Makes examples of columns.

    Attributes:
        options: What the config says of the table.
        context: What its source may use besides.
        opened: The table of each split.
        kinds: Of its columns.
        left_out: Columns from which nothing can be learnt.
    """

    options: TableOptions
    context: LoadContext
    opened: Mapping[SplitName, Table]
    kinds: Mapping[str, Kind]
    left_out: Sequence[str]

    def source(
        self,
        columns: Mapping[SplitName, Mapping[str, Values]],
        in_files: Mapping[SplitName, Mapping[str, Store]],
    ) -> Source:
        """The source of which these are the columns.

        Args:
            columns: By split, in memory.
            in_files: By split, those that do not fit into it.

        Raises:
            DataError: If there is nothing to learn from, or a target, a weight or a file is wrong.
        """
        options, opened, kinds = self.options, self.opened, self.kinds
        told = {name: options.told_target(name) for name in options.target_names}
        reader = TargetReader(told, options.missing_target, opened, self.context, options.in_files)
        targets = reader.read(columns, kinds)
        beside = [name for name in self.context.columns_beside if name in kinds]
        others = {*options.target_columns, options.sample_weight} - {*options.given_targets}
        ignored = {name for name in beside if options.told_kind(name) == IGNORE} | {*self.left_out}
        if self.context.group_by is not None and options.told_kind(self.context.group_by) is None:
            ignored.add(self.context.group_by)
        inputs = [name for name in kinds if name not in others | ignored]
        if not inputs:
            what = listed(options.target_names)
            raise DataError(f"{opened['train'].files[0].path}: no column is left to predict {what} from")
        files = self._files(columns, [*inputs, *beside]).also(targets.problems)
        splits = {}
        for split, values in columns.items():
            origin = opened[split].files[0].path.name
            stores: dict[str, Store] = {**in_files[split], **files.stores[split]}
            stores |= {
                name: self._store(split, name, values[name], origin)
                for name in {*inputs, *beside}
                if name not in stores
            }
            if not len(next(iter(stores.values()))):
                raise DataError(f"{opened[split].files[0].path}: no rows")
            examples = Examples(
                {name: stores[name] for name in inputs},
                targets.values[split],
                {name: stores[name] for name in beside} | self._followed(values, origin),
                self._weights(opened[split], values),
                opened[split].places,
                targets.known[split],
                sought=targets.sought[split],
            )
            keep = targets.kept[split]
            splits[split] = files.sound(examples, split, keep, targets.tasks, self.context)
        signature = Signature({name: kinds[name] for name in inputs}, targets.tasks)
        return Source(splits, signature, looked_at=options.looked_at(kinds, [*ignored]))

    def _followed(self, values: Mapping[str, Values], origin: str) -> dict[str, Store]:
        """The columns that splits follow, where they are others than the model would get."""
        return {**self._followed_group(values, origin), **self._followed_order(values, origin)}

    def _followed_group(self, values: Mapping[str, Values], origin: str) -> dict[str, Store]:
        group = self.context.group_by
        kind = self.kinds.get(group or "")
        if group is not None and kind is not None and kind.shape and not part_of(kind, Cells).are_paths:
            # Moments are several numbers for a model, and one group each.
            moments = part_of(kind, Cells).order(values[group])
            return {} if moments is None else {group: ArrayStore(moments, origin)}
        return {}

    def _followed_order(self, values: Mapping[str, Values], origin: str) -> dict[str, Store]:
        name = self.context.order_by
        if name is None:
            return {}
        order = part_of(self.kinds[name], Cells).order(values[name])
        if order is None:
            raise DataError(
                f"{origin}, {shown(name)}: a {self.kinds[name].noun} is not earlier or later than another",
                hint=f"write columns: {{{shown(name)}: date}} where it is one",
            )
        return {name: ArrayStore(order, origin)}

    def _files(self, columns: Mapping[SplitName, Mapping[str, Values]], names: Sequence[str]) -> TableFiles:
        """What stands in the files that columns of paths name."""
        kinds = {name: self.kinds[name] for name in names}
        cells = {name: part_of(kind, Cells) for name, kind in kinds.items()}
        paths = {name: part for name, part in cells.items() if part.are_paths}
        held = {
            split: {name: part.held(values[name]) for name, part in paths.items()}
            for split, values in columns.items()
        }
        return files_of(self.opened, held, kinds, self.context)

    def _store(self, split: SplitName, name: str, values: Values, origin: str) -> Store:
        cells = part_of(self.kinds[name], Cells)
        # What kinds are was learnt from the rows of training.
        wrong = {} if split == "train" else cells.misfits(values)
        if wrong:
            row, found = next(iter(wrong.items()))
            more = f" ({len(wrong):,} such rows)" if len(wrong) > 1 else ""
            raise DataError(
                f"{self.opened[split].place(row)}, {shown(name)}: expected {cells.expected}, "
                f"found {found}{more}",
                hint=f"correct it, or say in columns how much a {self.kinds[name].noun} may have",
            )
        held = cells.held(values)
        if held.names is None:
            return ArrayStore(held.array, origin)
        return CodedStore(held.array, held.names, origin)

    def _weights(self, table: Table, values: Mapping[str, Values]) -> Any:
        import numpy as np

        name = self.options.sample_weight
        if name is None:
            return None
        weights: np.ndarray = values[name].values  # type: ignore[union-attr]
        bad = ~(np.isfinite(weights) & (weights >= 0))
        if bad.any():
            row = int(bad.argmax())
            found = "none" if np.isnan(weights[row]) else f"{weights[row]:g}"
            raise DataError(
                f"{table.place(row)}, {shown(name)}: expected a weight of 0 or more, found {found}"
            )
        return weights
