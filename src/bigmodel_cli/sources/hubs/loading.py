"""Examples from a data set that others keep: its columns are chosen, its splits read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bigmodel_cli.errors import DataError
from bigmodel_cli.kinds.image.files.opening import open_image
from bigmodel_cli.kinds.image.kind import ColorMode
from bigmodel_cli.kinds.kind import Kind
from bigmodel_cli.signature import Signature
from bigmodel_cli.sources.base import Examples, LoadContext, Source, SplitName
from bigmodel_cli.sources.hubs.choosing import DataSet, cannot_be, input_of, splits_of, target_of
from bigmodel_cli.sources.hubs.columns import Unfit, image_file
from bigmodel_cli.sources.hubs.options import HubOptions
from bigmodel_cli.sources.hubs.rows import Rows, RowStore, of_each, value_of
from bigmodel_cli.sources.image_checks import SKIP_HINT, skipped_sentence, without_bad
from bigmodel_cli.sources.label_values import label_values
from bigmodel_cli.sources.memory import memory_bytes
from bigmodel_cli.sources.stores import ArrayStore, Store
from bigmodel_cli.tasks.task import Task

if TYPE_CHECKING:
    import numpy as np

# Inputs that take no more than this part of the machine's memory are read once, and kept there.
KEPT_SHARE = 0.25


def load_examples(data: DataSet, options: HubOptions, context: LoadContext) -> Source:
    """Examples of one input and one target.

    What fits into a quarter of the memory is read once; else only targets are, and each input whenever it is
    needed. Either way examples stand in the order of the data set's files.

    Raises:
        DataError: If there is no such column or split, a column cannot be used so, or a row is damaged.
    """
    target_name = target_of(data, options)
    input_name = input_of(data, options, target_name)
    splits = {split: data.rows(own) for split, own in splits_of(data, options, context).items()}
    splits = {split: rows for split, rows in splits.items() if len(rows) or split == "train"}
    if not all(map(len, splits.values())):
        raise DataError(f"{data.where}: its train split has no example")
    kind = _kind(data, input_name, splits, options, context)
    reading = _Reading(data, input_name, target_name, kind, context)
    is_kept = _is_kept(kind, sum(map(len, splits.values())))
    read = {split: reading.read(split, rows, is_kept=is_kept) for split, rows in splits.items()}
    read = _with_labels(data, target_name, read, context)
    names = options.names_among(data.columns[target_name].names)
    labels, task = label_values(
        {split: part.labels for split, part in read.items()}, options.labels, names, data.where, context
    )
    parts = {
        split: _sound(Examples.of(part.store, labels[split]), part, split, task, context)
        for split, part in read.items()
    }
    return Source(parts, Signature.of(kind, task), sum(len(part.problems) for part in read.values()))


def _kind(
    data: DataSet,
    name: str,
    splits: Mapping[SplitName, Rows],
    options: HubOptions,
    context: LoadContext,
) -> Kind:
    try:
        return data.columns[name].kind(options, lambda: _seen(data, name, splits, context))
    except Unfit as unfit:
        raise cannot_be(data, name, "input", unfit) from None


def _seen(
    data: DataSet, name: str, splits: Mapping[SplitName, Rows], context: LoadContext
) -> tuple[tuple[int, int], ColorMode]:
    """(height, width) and channels of all images, as each of their headers says.

    Raises:
        DataError: If they differ in size.
    """

    def header(_: int, row: Mapping[str, Any]) -> tuple[tuple[int, int], str] | None:
        try:
            with open_image(image_file(row[name], data.where)) as image:
                return image.size, image.mode
        except (DataError, AttributeError):
            # What is damaged is told of when it is decoded.
            return None

    headers = (
        each
        for rows in splits.values()
        for each in of_each(rows, [name], header, "looking at images", context)
    )
    found = {each for each in headers if each is not None}
    sizes = sorted({size[::-1] for size, _ in found})
    if len(sizes) == 1:
        is_grey = all(mode in ("1", "L") or mode.startswith("I") for _, mode in found)
        return sizes[0], "grayscale" if is_grey else "rgb"
    if not sizes:
        raise DataError(f"{data.where}: none of the images in {name} can be read")
    smallest, largest = (" × ".join(map(str, size)) for size in (sizes[0], sizes[-1]))
    raise DataError(
        f"{data.where}: the images in {name} differ in size, from {smallest} to {largest}",
        hint="say what all of them become: image_size: [height, width]",
    )


def _is_kept(kind: Kind, count: int) -> bool:
    memory = memory_bytes()
    return memory is None or kind.num_bytes * count <= KEPT_SHARE * memory


@dataclass(frozen=True, eq=False)
class _Part:
    """One split that was read.

    Attributes:
        store: Inputs.
        labels: As they are in the data, of shape (n, …).
        problems: What is wrong with inputs that cannot be read, by index.
    """

    store: Store
    labels: np.ndarray
    problems: Mapping[int, DataError]


@dataclass(frozen=True)
class _Reading:
    """Reads splits: what is an input, what a target."""

    data: DataSet
    input_name: str
    target_name: str
    kind: Kind
    context: LoadContext

    def read(self, split: SplitName, rows: Rows, *, is_kept: bool) -> _Part:
        """Targets of all rows and, where they are kept, inputs.

        Raises:
            DataError: If a row is damaged.
        """
        import numpy as np

        column, problems = self.data.columns[self.input_name], {}
        inputs = np.zeros((len(rows) if is_kept else 0, *self.kind.shape), self.kind.dtype)

        def take(position: int, row: Mapping[str, Any]) -> Any:
            if is_kept:
                called = f"{self.data.where}: {split}[{position}]: {self.input_name}"
                try:
                    inputs[position] = value_of(row[self.input_name], column, self.kind, called)
                except DataError as error:
                    if not self.context.skip_bad_files:
                        raise DataError(error.message, hint=error.hint or SKIP_HINT) from error
                    problems[position] = error
            return row[self.target_name]

        names = [self.target_name, *([self.input_name] if is_kept else [])]
        raw = list(of_each(rows, names, take, f"reading {split}", self.context))
        labels = self._labels(raw, split)
        if is_kept:
            return _Part(ArrayStore(inputs, split), labels, dict(sorted(problems.items())))
        store = RowStore(rows, self.input_name, column, self.kind, split, np.arange(len(rows)))
        return _Part(store, labels, {})

    def _labels(self, raw: Sequence[Any], split: SplitName) -> np.ndarray:
        where = f"{self.data.where}: {self.target_name} of {split}"
        try:
            return self.data.columns[self.target_name].labels(raw)
        except DataError as error:
            raise DataError(f"{where}: {error.message}", hint=error.hint) from None
        except (ValueError, TypeError, OverflowError) as error:
            raise DataError(
                f"{where}: expected {self.data.columns[self.target_name].described}: {error}"
            ) from None


def _with_labels(
    data: DataSet, target: str, read: Mapping[SplitName, _Part], context: LoadContext
) -> dict[SplitName, _Part]:
    """The splits whose classes are known; published test splits often have none.

    Raises:
        DataError: If a split has some examples without a class.
    """
    found = dict(read)
    for split, part in read.items():
        is_unknown = part.labels == -1
        if data.columns[target].names is None or not is_unknown.any():
            continue
        if split == "train" or not is_unknown.all():
            raise DataError(
                f"{data.where}: {int(is_unknown.sum()):,} of {len(part.labels):,} examples of {split} have "
                f"no {target} (-1), the first is {split}[{int(is_unknown.argmax())}]"
            )
        context.warn(f"{data.where}: no example of {split} has its {target} (-1): the split is not used")
        del found[split]
    return found


def _sound(examples: Examples, part: _Part, split: SplitName, task: Task, context: LoadContext) -> Examples:
    """The examples of a split that could be read."""
    if not part.problems:
        return examples
    if context.left_out is None:
        context.warn(skipped_sentence(list(part.problems.values()), f"{len(examples):,} examples of {split}"))
    else:
        for index, problem in part.problems.items():
            context.left_out(split, f"{split}[{index}]", problem)
    return without_bad(examples, part.problems, split, dict.fromkeys(examples.targets, task), context)
