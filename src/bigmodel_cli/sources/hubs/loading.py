"""Examples from a data set that others keep: its columns are chosen, its splits read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bigmodel_cli.cut import some
from bigmodel_cli.errors import DataError
from bigmodel_cli.kinds.kind import Kind
from bigmodel_cli.signature import INPUT, TARGET, Signature
from bigmodel_cli.sources.base import Examples, LoadContext, Source, SplitName
from bigmodel_cli.sources.file_checks import skipped_sentence, without_bad
from bigmodel_cli.sources.hubs.cells import CellKind, cell_column, cells_beside, own_texts
from bigmodel_cli.sources.hubs.choosing import DataSet, Roles, cannot_be, roles_of, splits_of
from bigmodel_cli.sources.hubs.columns import Unfit
from bigmodel_cli.sources.hubs.options import IGNORE, HubOptions
from bigmodel_cli.sources.hubs.reading import Part, Reading, is_kept, size_and_mode
from bigmodel_cli.sources.hubs.rows import Rows
from bigmodel_cli.sources.label_values import label_values
from bigmodel_cli.sources.stores import Store
from bigmodel_cli.tasks.task import Task

if TYPE_CHECKING:
    import numpy as np


def load_examples(data: DataSet, options: HubOptions, context: LoadContext) -> Source:
    """Examples of a data set.

    Images and arrays that fit into a quarter of the memory are read once, larger ones whenever they are
    needed; all other columns are read once. Either way examples stand in the order of the data set's files.

    Raises:
        DataError: If there is no such column or split, a column cannot be used so, or a row is damaged.
    """
    return _Loading(data, options, context, roles_of(data, options, context)).source()


@dataclass(frozen=True)
class _Loading:
    """A data set that is being loaded."""

    data: DataSet
    options: HubOptions
    context: LoadContext
    roles: Roles

    def source(self) -> Source:
        splits = self._rows()
        alone = [name for name in self.roles.inputs if not self.data.columns[name].is_cell]
        kinds = {name: self._kind(name, splits) for name in alone}
        named = [*self.roles.targets, self.roles.weight, *self.roles.inputs, *self.roles.beside]
        cells = [name for name in dict.fromkeys(named) if name is not None and name not in alone]
        keeps = is_kept(kinds, sum(map(len, splits.values())))
        reading = Reading(self.data, kinds, cells, keeps, self.context)
        parts = {split: reading.read(split, rows) for split, rows in splits.items()}
        raw = {split: self._labels(split, part) for split, part in parts.items()}
        parts = {split: part for split, part in parts.items() if self._is_labelled(split, raw[split])}
        labels, tasks = self._tasks({split: raw[split] for split in parts})
        inputs, beside, kinds = self._stores(parts, kinds)
        is_plain = len(kinds) == len(tasks) == 1 and self.options.target is None
        if is_plain and next(iter(kinds.values())).stands_alone:
            # What the config does not name has no name, as in other sources of one input and one target.
            kinds, inputs = {INPUT: kinds[alone[0]]}, {s: {INPUT: inputs[s][alone[0]]} for s in parts}
            (target,) = tasks
            tasks, labels = {TARGET: tasks[target]}, {s: {TARGET: labels[s][target]} for s in parts}
        examples = {
            split: self._sound(
                Examples(inputs[split], labels[split], beside[split], self._weights(split, part)),
                part,
                split,
                tasks,
            )
            for split, part in parts.items()
        }
        num_skipped = sum(len(part.problems) for part in parts.values())
        return Source(examples, Signature(kinds, tasks), num_skipped, self._looked_at(kinds))

    def _rows(self) -> dict[SplitName, Rows]:
        """The rows of each split that has any."""
        own = splits_of(self.data, self.options, self.context)
        splits = {split: self.data.rows(name) for split, name in own.items()}
        if "train" in splits and not len(splits["train"]):
            raise DataError(f"{self.data.where}: its train split has no example")
        return {split: rows for split, rows in splits.items() if len(rows)}

    def _kind(self, name: str, splits: Mapping[SplitName, Rows]) -> Kind:
        column = self.data.columns[name]
        try:
            return column.kind(self.options, lambda: size_and_mode(self.data, name, splits, self.context))
        except Unfit as unfit:
            raise cannot_be(self.data, name, "input", unfit) from None

    def _labels(self, split: SplitName, part: Part) -> dict[str, np.ndarray]:
        """Targets as they are in the data, of shape (n, …)."""
        found = {}
        for name in self.roles.targets:
            where, column = f"{self.data.where}: {name} of {split}", self.data.columns[name]
            if self.options.labels == "auto" and (reason := own_texts(name, column, part.cells[name])):
                raise DataError(
                    f"{where}: {reason}: texts are not written by a model yet",
                    hint="write labels: classes if they are names of classes",
                )
            try:
                found[name] = column.labels(part.cells[name])
            except DataError as error:
                raise DataError(f"{where}: {error.message}", hint=error.hint) from None
            except (ValueError, TypeError, OverflowError) as error:
                raise DataError(f"{where}: expected {column.described}: {error}") from None
        return found

    def _is_labelled(self, split: SplitName, labels: Mapping[str, np.ndarray]) -> bool:
        """Whether the classes of a split are known; of published test splits they often are not.

        Raises:
            DataError: If some of its examples have a class and others have none.
        """
        for name, array in labels.items():
            is_unknown = array == -1
            if self.data.columns[name].names is None or not is_unknown.any():
                continue
            if split == "train" or not is_unknown.all():
                raise DataError(
                    f"{self.data.where}: {int(is_unknown.sum()):,} of {len(array):,} examples of {split} "
                    f"have no {name} (-1), the first is {split}[{int(is_unknown.argmax())}]"
                )
            self.context.warn(
                f"{self.data.where}: no example of {split} has its {name} (-1): the split is not used"
            )
            return False
        return True

    def _tasks(
        self, raw: Mapping[SplitName, Mapping[str, np.ndarray]]
    ) -> tuple[dict[SplitName, dict[str, np.ndarray]], dict[str, Task]]:
        labels: dict[SplitName, dict[str, np.ndarray]] = {split: {} for split in raw}
        tasks: dict[str, Task] = {}
        for name in self.roles.targets:
            column, kind = self.data.columns[name], self.options.labels
            if column.are_sets and kind not in ("auto", "sets"):
                raise cannot_be(self.data, name, "target", Unfit(f"{column.described} are sets, not {kind}"))
            names = self.options.names_among(column.names)
            where = f"{self.data.where}: {name}" if len(self.roles.targets) > 1 else self.data.where
            of_splits = {split: arrays[name] for split, arrays in raw.items()}
            found, tasks[name] = label_values(
                of_splits, "sets" if column.are_sets else kind, names, where, self.context
            )
            for split, array in found.items():
                labels[split][name] = array
        return labels, tasks

    def _stores(
        self, parts: Mapping[SplitName, Part], kinds: Mapping[str, Kind]
    ) -> tuple[Mapping[SplitName, dict[str, Store]], Mapping[SplitName, dict[str, Store]], dict[str, Kind]]:
        """Inputs and columns beside them by split, and the kinds of inputs.

        Raises:
            DataError: If a column cannot be what it is said to be, or no input is left.
        """
        found, stores, left_out = dict(kinds), {split: dict(part.stores) for split, part in parts.items()}, []
        for name in (each for each in self.roles.inputs if each not in kinds):
            told = self.options.columns.get(name)
            asked = self.roles.are_asked_for or told is not None
            column = self.data.columns[name]
            cells = {split: column.cells(part.cells[name]) for split, part in parts.items()}
            try:
                kind: CellKind | None = None if told == IGNORE else told
                made = cell_column(name, cells, kind, is_asked_for=asked)
            except Unfit as unfit:
                if asked:
                    raise cannot_be(self.data, name, "input", unfit) from None
                left_out.append(f"{name} ({unfit})")
                continue
            found[name] = made.kind
            for split, store in made.stores.items():
                stores[split][name] = store
        inputs = [name for name in self.roles.inputs if name in found]
        if not inputs:
            raise DataError(f"{self.data.where}: no column is left to predict from: {some(left_out)}")
        if left_out:
            self.context.warn(
                f"{self.data.where}: left out: {some(left_out, 5)}; columns: {{NAME: KIND}} takes one in"
            )
        return (
            {split: {name: of[name] for name in inputs} for split, of in stores.items()},
            self._beside(parts, stores, kinds),
            {name: found[name] for name in inputs},
        )

    def _beside(
        self,
        parts: Mapping[SplitName, Part],
        stores: Mapping[SplitName, Mapping[str, Store]],
        kinds: Mapping[str, Kind],
    ) -> Mapping[SplitName, dict[str, Store]]:
        """The columns that splits follow, or scores are by.

        Raises:
            DataError: If one has no single value for each row.
        """
        found: dict[SplitName, dict[str, Store]] = {split: {} for split in parts}
        for name in self.roles.beside:
            column = self.data.columns[name]
            if name in kinds:
                of_splits: Mapping[SplitName, Store] = {split: of[name] for split, of in stores.items()}
            elif not column.is_cell:
                unfit = Unfit(f"{column.described} is no single value")
                raise cannot_be(self.data, name, "column that examples are grouped by", unfit)
            else:
                cells = {split: column.cells(part.cells[name]) for split, part in parts.items()}
                of_splits = cells_beside(name, cells, self.context, self.data.where)
            for split, store in of_splits.items():
                found[split][name] = store
        return found

    def _weights(self, split: SplitName, part: Part) -> np.ndarray | None:
        import numpy as np

        name = self.roles.weight
        if name is None:
            return None
        found: np.ndarray = np.asarray(self.data.columns[name].cells(part.cells[name]), np.float32)
        bad = ~(np.isfinite(found) & (found >= 0))
        if bad.any():
            at = int(bad.argmax())
            raise DataError(
                f"{self.data.where}: {name} of {split}[{at}]: expected a weight of 0 or more, "
                f"found {found[at]:g}"
            )
        return found

    def _sound(self, examples: Examples, part: Part, split: SplitName, tasks: Mapping[str, Task]) -> Examples:
        """The examples of a split that could be read."""
        if not part.problems:
            return examples
        if self.context.left_out is None:
            count = f"{len(examples):,} examples of {split}"
            self.context.warn(skipped_sentence(list(part.problems.values()), count))
        else:
            for index, problem in part.problems.items():
                self.context.left_out(split, f"{split}[{index}]", problem)
        return without_bad(examples, part.problems, split, tasks, self.context)

    def _looked_at(self, kinds: Mapping[str, Kind]) -> HubOptions | None:
        """The options with what was found out about columns; None where they have no names here."""
        if INPUT in kinds:
            return None
        told: dict[str, Any] = {
            **self.options.columns,
            **{name: kind.name for name, kind in kinds.items() if not kind.stands_alone},
        }
        targets: Sequence[str] = self.roles.targets
        target = targets[0] if self.options.target is None else self.options.target
        return self.options.model_copy(update={"columns": told, "input": list(kinds), "target": target})
