"""Which columns and splits of a data set that others keep are used."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from bigmodel_cli.config.spelling import closest
from bigmodel_cli.cut import some
from bigmodel_cli.errors import DataError
from bigmodel_cli.sources.base import LoadContext, SplitName
from bigmodel_cli.sources.hubs.column_types import Numbers
from bigmodel_cli.sources.hubs.columns import Column, Unfit
from bigmodel_cli.sources.hubs.options import IGNORE, HubOptions, named
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
        default_inputs: Columns that it says are for the model; none: it does not say.
        default_target: The same of what is predicted.
        default_weight: The same of what each example counts.
    """

    where: str
    columns: Mapping[str, Column]
    splits: Sequence[str]
    rows: Callable[[str], Rows]
    default_inputs: Sequence[str] = ()
    default_target: str | None = None
    default_weight: str | None = None


@dataclass(frozen=True)
class Roles:
    """What columns are for.

    Attributes:
        inputs: What the model takes.
        targets: What is predicted.
        weight: What each example counts; None: all count the same.
        beside: What examples are grouped by, or splits follow.
        are_asked_for: Whether the config names the inputs, or the data set does.
    """

    inputs: Sequence[str]
    targets: Sequence[str]
    weight: str | None
    beside: Sequence[str]
    are_asked_for: bool


def roles_of(data: DataSet, options: HubOptions, context: LoadContext) -> Roles:
    """Which columns are inputs, targets and others.

    Raises:
        DataError: If one is asked for that is not there, or there is none.
    """
    for name in [*options.columns, *context.columns_beside]:
        _column(data, name, "columns")
    targets = [_able_target(data, name) for name in _targets(data, options)]
    weight = options.sample_weight or data.default_weight
    if weight is not None and not isinstance(data.columns[_column(data, weight, "sample_weight")], Numbers):
        raise cannot_be(data, weight, "sample_weight", Unfit(data.columns[weight].described))
    others = {*targets, weight, _left_out_group(options, context)}
    said = _said_inputs(data, options, others)
    inputs = said or _found_inputs(data, options, others, context)
    return Roles(inputs, targets, weight, context.columns_beside, bool(said))


def _left_out_group(options: HubOptions, context: LoadContext) -> str | None:
    """The column whose groups splits keep together, where the config does not say that it is an input too."""
    group = context.group_by
    return group if options.columns.get(group or "", IGNORE) == IGNORE else None


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


def _targets(data: DataSet, options: HubOptions) -> Sequence[str]:
    """The columns that are predicted: those that are said, or the only one of classes."""
    if options.target is not None:
        return named(options.target)
    if data.default_target is not None:
        return [data.default_target]
    able = [name for name, column in data.columns.items() if column.is_target]
    of_classes = [name for name in able if data.columns[name].names]
    # Where there is one class for each example, sets of others are what is known besides.
    single = [name for name in of_classes if not data.columns[name].are_sets]
    if len(single or of_classes) == 1:
        return single or of_classes
    raise DataError(
        f"{data.where}: it does not say what is to be predicted; columns that can be: {some(able) or 'none'}",
        hint="say which with target",
    )


def _able_target(data: DataSet, name: str) -> str:
    try:
        data.columns[_column(data, name, "target")].labels([])
    except Unfit as unfit:
        raise cannot_be(data, name, "target", unfit) from None
    return name


def _said_inputs(data: DataSet, options: HubOptions, others: set[str | None]) -> Sequence[str]:
    """The inputs that the config names, or else the data set."""
    if options.input is not None:
        for name in named(options.input):
            _able_input(data, options, _column(data, name, "input"))
        return named(options.input)
    within = [name for name in data.columns if any(_is_of(name, default) for default in data.default_inputs)]
    told = [name for name in within if name not in others and options.columns.get(name) != IGNORE]
    for name in told:
        # Without a part of what the data set calls its input, what is left may say nothing.
        _able_input(data, options, name)
    return told


def _is_of(name: str, default: str) -> bool:
    """Whether a column is one that is named, or within it."""
    return name == default or name.startswith(f"{default}/")


def _found_inputs(
    data: DataSet, options: HubOptions, others: set[str | None], context: LoadContext
) -> Sequence[str]:
    """All columns that can be inputs; where some are images, these alone.

    What stands beside images are other labels of theirs, names of their files and the like.
    """
    left = [name for name in data.columns if name not in others and options.columns.get(name) != IGNORE]
    against = {name: reason_against(data, options, name) for name in left}
    able = [name for name, reason in against.items() if reason is None]
    images = [name for name in able if data.columns[name].is_picture]
    found = images or able
    if not found:
        listed = some([f"{name} ({data.columns[name].described})" for name in left])
        raise DataError(f"{data.where}: no column that a model can take yet; its columns: {listed or 'none'}")
    told = [f"{name} ({reason})" for name, reason in against.items() if reason is not None]
    told += [name for name in able if name not in found]
    if told:
        context.warn(f"{data.where}: columns that are no inputs: {some(told, 5)}; input says which are")
    return found


def reason_against(data: DataSet, options: HubOptions, name: str) -> str | None:
    """Why a column cannot be an input; None: it can."""
    column = data.columns[name]
    if column.is_cell:
        return None
    try:
        column.kind(options, lambda: ((1, 1), "rgb"))
    except Unfit as unfit:
        return str(unfit)
    return None


def _able_input(data: DataSet, options: HubOptions, name: str) -> None:
    reason = reason_against(data, options, name)
    if reason is not None:
        raise cannot_be(data, name, "input", Unfit(reason))


def cannot_be(data: DataSet, name: str, role: str, unfit: Unfit) -> DataError:
    """The error for a column that is asked for and cannot be used so."""
    return DataError(
        f"{data.where}: {name} cannot be the {role}: {unfit}",
        hint=f"say which columns are meant with {role}",
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
    if left and not any(asked.values()):
        context.warn(
            f"{data.where}: not used of its splits: {some(left)}; train, validation and test say which are"
        )
    return {split: found[split] for split in SPLITS if split in found}
