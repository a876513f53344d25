"""Which columns and splits of a data set that others keep are used."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from bigmodel_cli.config.spelling import closest
from bigmodel_cli.cut import some
from bigmodel_cli.errors import DataError
from bigmodel_cli.sources.base import LoadContext, SplitName
from bigmodel_cli.sources.hubs.columns import Column, Unfit
from bigmodel_cli.sources.hubs.options import HubOptions
from bigmodel_cli.sources.hubs.rows import Rows
from bigmodel_cli.sources.packed import SPLITS
from bigmodel_cli.sources.split_names import split_named


@dataclass(frozen=True)
class DataSet:
    """A data set as its library has it.

    Attributes:
        where: What it is called in messages.
        columns: What it has in each row, in its own order.
        splits: Names of its splits.
        rows: The rows of a split by its name.
        default_input: The column that it says is for the model; None: it does not say.
        default_target: The same of what is predicted.
    """

    where: str
    columns: Mapping[str, Column]
    splits: Sequence[str]
    rows: Callable[[str], Rows]
    default_input: str | None = None
    default_target: str | None = None


def _column(data: DataSet, name: str, option: str) -> str:
    """The name of a column that there is.

    Raises:
        DataError: If there is none; says which there are.
    """
    if name in data.columns:
        return name
    near = closest(name, data.columns)
    listed = some([f"{name} ({column.described})" for name, column in data.columns.items()])
    raise DataError(
        f"{data.where}: no column {name}; its columns: {listed or 'none'}",
        hint=f"write {option}: {near}" if near else f"say which is meant with {option}",
    )


def target_of(data: DataSet, options: HubOptions) -> str:
    """The column that is predicted: the one that is said, or the only one of classes.

    Raises:
        DataError: If there is none, or it cannot be.
    """
    if options.target is not None or data.default_target is not None:
        name = _column(data, options.target or data.default_target or "", "target")
        try:
            data.columns[name].labels([])
        except Unfit as unfit:
            raise cannot_be(data, name, "target", unfit) from None
        return name
    able = [name for name, column in data.columns.items() if column.is_target]
    classes = [name for name in able if data.columns[name].names]
    if len(classes) == 1:
        return classes[0]
    raise DataError(
        f"{data.where}: it does not say what is to be predicted; columns that can be: {some(able) or 'none'}",
        hint="say which with target",
    )


def input_of(data: DataSet, options: HubOptions, target: str) -> str:
    """The column that the model takes: the one that is said, or the only one that can be.

    Raises:
        DataError: If there is none.
    """
    said = options.input or (data.default_input if data.default_input != target else None)
    if said is not None:
        return _column(data, said, "input")
    able = _able(data, options, target)
    if len(able) == 1:
        return able[0]
    if able:
        raise DataError(
            f"{data.where}: it does not say what the model takes; columns that can be: {some(able)}",
            hint="say which with input",
        )
    listed = some([f"{name} ({column.described})" for name, column in data.columns.items() if name != target])
    raise DataError(f"{data.where}: no column that a model can take yet; its columns: {listed or 'none'}")


def _able(data: DataSet, options: HubOptions, target: str) -> list[str]:
    """Columns that can be the input."""
    able = []
    for name, column in data.columns.items():
        try:
            column.kind(options, lambda: ((1, 1), "rgb"))
        except Unfit:
            continue
        able += [name] if name != target else []
    return able


def cannot_be(data: DataSet, name: str, role: str, unfit: Unfit) -> DataError:
    """The error for a column that is asked for and cannot be used so."""
    return DataError(
        f"{data.where}: {name} cannot be the {role}: {unfit}", hint=f"name another column with {role}"
    )


def splits_of(data: DataSet, options: HubOptions, context: LoadContext) -> dict[SplitName, str]:
    """The data set's own name of each split that is used.

    Raises:
        DataError: If a split is asked for that is not there, or there is none for training.
    """
    asked = {split: getattr(options, split) for split in SPLITS}
    found: dict[SplitName, str] = {split: own for split, own in asked.items() if own is not None}
    left = []
    for own in data.splits:
        split = split_named(own)
        if split is not None and split not in found:
            found[split] = own
        elif own not in found.values():
            left.append(own)
    if "train" not in found and len(data.splits) == 1:
        found, left = {"train": data.splits[0]}, []
    if "train" not in found and not context.for_evaluation:
        raise DataError(
            f"{data.where}: no split is called train; its splits: {some(data.splits) or 'none'}",
            hint="say which is for training with train",
        )
    unused = [own for own in left if not any(asked.values())]
    if unused:
        context.warn(
            f"{data.where}: not used of its splits: {some(unused)}; train, validation and test say which are"
        )
    return {split: found[split] for split in SPLITS if split in found}
