"""Labels as a user's file has them (numbers, names, one-hot rows) as class indices or numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, ValidationInfo

from bigmodel_cli.class_names import alike_but_for_case, class_name
from bigmodel_cli.errors import DataError
from bigmodel_cli.sources.base import LoadContext, SplitName, class_indices
from bigmodel_cli.tasks.classification.task import Classification
from bigmodel_cli.tasks.multilabel.task import Multilabel
from bigmodel_cli.tasks.regression.task import Regression
from bigmodel_cli.tasks.task import Task

if TYPE_CHECKING:
    import numpy as np

LabelKind = Literal["auto", "classes", "numbers", "sets"]
LABELS_HELP = (
    "What labels are: classes, numbers (regression), sets (columns of 0 and 1: any of several labels), or "
    "auto: numbers where they are floats or several columns of 0 and 1, else classes."
)


def _checked_names(names: tuple[str, ...] | None, info: ValidationInfo) -> tuple[str, ...] | None:
    if names is None:
        return None
    if info.data.get("labels") == "numbers":
        raise ValueError("class_names is for classes: remove it, or set labels: classes")
    return own_names(names)


def own_names(names: Sequence[str]) -> tuple[str, ...]:
    """Names of classes in one form of Unicode.

    Raises:
        ValueError: If two are the same.
    """
    names = tuple(map(class_name, names))
    if again := [name for name, count in Counter(names).items() if count > 1]:
        raise ValueError(f"expected a name of its own for each class, found {again[0]!r} more than once")
    return names


# A field of this type stands below a field `labels: LabelKind`.
ClassNames = Annotated[tuple[str, ...] | None, AfterValidator(_checked_names)]
CLASS_NAMES_HELP = "Names of the classes in index order; without it, the distinct labels in sorted order."

Labels = Mapping[SplitName, "np.ndarray"]


def label_values(
    labels: Labels, kind: LabelKind, names: Sequence[str] | None, where: Path | str, context: LoadContext
) -> tuple[dict[SplitName, np.ndarray], Task]:
    """Turn labels into what `Examples.labels` holds, and say which task they are.

    Args:
        labels: Per split an array of shape (n,), (n, 1), or (n, …) for numbers and one-hot rows.
        kind: What they are; `auto` takes floats, and several columns of 0 and 1 that are no one-hot rows, for
            numbers, and everything else for classes.
        names: The classes that there may be, in index order.
        where: The file, for errors.
        context: Takes a warning where many classes look like numbers.

    Returns:
        int64 indices of classes, or float32 numbers; and the task.

    Raises:
        DataError: If labels are missing, not finite, out of range, or classes of held-out splits unknown.
    """
    if kind == "sets":
        return label_sets(labels, names, where)
    flat = {split: _without_single_column(array) for split, array in labels.items()}
    if kind != "numbers":
        flat, names = _without_one_hot(flat, names)
    is_number = kind == "numbers" or (kind == "auto" and names is None and _are_quantities(_first(flat)))
    if is_number:
        numbers = {split: _numbers(array, split, where) for split, array in flat.items()}
        return numbers, Regression(_first(numbers).shape[1:])
    classes = {split: _class_values(array, split, where) for split, array in flat.items()}
    if names is None:
        _check_indices(classes, where)
        if not context.for_evaluation:
            _warn_of_many(classes["train"], kind, where, context)
        indices, names = _distinct(classes)
    else:
        indices = {split: _known(array, names, split, where) for split, array in classes.items()}
    if not context.for_evaluation:
        _check_classes(indices, names, where, context)
    if alike := alike_but_for_case(names):
        context.warn(f"{where}: {alike} differ in case alone; they are different classes")
    return indices, Classification(tuple(names))


def label_sets(
    labels: Labels, names: Sequence[str] | None, where: Path | str
) -> tuple[dict[SplitName, np.ndarray], Task]:
    """Columns of 0 and 1 as sets of labels, which are called by their numbers where they have no names.

    Raises:
        DataError: If they are no such columns, or as many as there are names.
    """
    import numpy as np

    count = _first(labels).shape[1] if _first(labels).ndim == 2 else 0
    for split, array in labels.items():
        if array.ndim != 2 or array.shape[1] != count or not count:
            expected = "(n, labels)"
            raise DataError(f"{where}: sets of labels are of shape {expected}; {split} has {array.shape}")
        is_bad = (array != 0) & (array != 1)
        if is_bad.any():
            row, column = np.argwhere(is_bad)[0].tolist()
            raise DataError(
                f"{where}: {split}[{row}]: label {column} is {array[row, column]}; sets of labels are 0 and 1"
            )
    if names is not None and len(names) != count:
        raise DataError(f"{where}: {count} labels, and {len(names)} names for them")
    called = tuple(names) if names is not None else tuple(map(str, range(count)))
    return {split: array.astype(np.int64) for split, array in labels.items()}, Multilabel(called)


def _first(labels: Labels) -> np.ndarray:
    """Those of the training split, where there is one."""
    return next(iter(labels.values()))


def _are_quantities(array: np.ndarray) -> bool:
    """Whether labels are numbers rather than classes, as far as their form tells."""
    return array.dtype.kind == "f" or _are_several_labels(array)


def _are_several_labels(array: np.ndarray) -> bool:
    """Whether each example has several labels of 0 and 1."""
    if array.ndim != 2 or array.dtype.kind not in "biuf":
        return False
    return bool(((array == 0) | (array == 1)).all())


def _without_single_column(array: np.ndarray) -> np.ndarray:
    return array[:, 0] if array.ndim == 2 and array.shape[1] == 1 else array


def _without_one_hot(
    labels: Labels, names: Sequence[str] | None
) -> tuple[dict[SplitName, np.ndarray], Sequence[str] | None]:
    """Indices and names where all labels are one-hot rows; anything else as it is."""
    if not all(_is_one_hot(array) for array in labels.values()):
        return dict(labels), names
    width = _first(labels).shape[1]
    return {split: array.argmax(axis=1) for split, array in labels.items()}, names or [
        str(i) for i in range(width)
    ]


def _is_one_hot(array: np.ndarray) -> bool:
    return _are_several_labels(array) and bool((array.sum(axis=1) == 1).all())


def _numbers(array: np.ndarray, split: SplitName, where: Path | str) -> np.ndarray:
    import numpy as np

    if array.dtype.kind not in "biuf":
        raise DataError(
            f"{where}: expected numbers as labels of {split}, found {_shown(array.flat[0])}",
            hint="set labels: classes",
        )
    with np.errstate(over="ignore"):
        numbers: np.ndarray = array.astype(np.float32)
    check_finite(numbers, f"the labels of {split}", where)
    return numbers


def check_finite(array: np.ndarray, what: str, where: Path | str) -> None:
    """Refuse NaN and infinity: they would only show as a loss of NaN, epochs later.

    Raises:
        DataError: Says how many there are, and where the first is.
    """
    import numpy as np

    if array.dtype.kind != "f" or np.isfinite(array).all():
        return
    bad = np.argwhere(~np.isfinite(array))
    first = ", ".join(str(index) for index in bad[0])
    raise DataError(
        f"{where}: {len(bad):,} of {array.size:,} values of {what} are NaN or infinite, first at [{first}]",
        hint="fill in or remove these examples",
    )


def _class_values(array: np.ndarray, split: SplitName, where: Path | str) -> np.ndarray:
    """Labels of classes as integers or strings of shape (n,)."""
    import numpy as np

    if array.ndim != 1:
        raise DataError(
            f"{where}: expected one class per example in {split}, found labels of shape {array.shape}",
            hint=_for_several_columns(array),
        )
    if array.dtype.kind == "f":
        check_finite(array, f"the labels of {split}", where)
        if (array != np.floor(array)).any():
            first = int(np.flatnonzero(array != np.floor(array))[0])
            raise DataError(
                f"{where}: label {array[first]} of {split}[{first}] is no class index",
                hint="set labels: numbers",
            )
    if array.dtype.kind in "biuf":
        return array.astype(np.int64)
    if array.dtype.kind == "S":
        return np.char.decode(array, "utf-8", "replace")
    if array.dtype.kind != "U":
        raise DataError(f"{where}: expected integers or strings as labels of {split}, found {array.dtype}")
    return array


def _for_several_columns(array: np.ndarray) -> str:
    if not _are_several_labels(array):
        return "give class indices (one-hot rows hold a single 1 each), or set labels: numbers"
    return (
        "for several labels per example set labels: numbers, write loss: BinaryCrossentropy and end the "
        f"model with {{Dense: {{units: {array.shape[1]}, activation: sigmoid}}}}; a class index, or a "
        "one-hot row, holds a single label"
    )


def _distinct(classes: Labels) -> tuple[dict[SplitName, np.ndarray], tuple[str, ...]]:
    """Number the labels of all splits alike."""
    import numpy as np

    indices, names = class_indices(np.concatenate(list(classes.values())))
    ends = np.cumsum([len(array) for array in classes.values()])
    return dict(zip(classes, np.split(indices, ends[:-1]), strict=True)), names


def _known(array: np.ndarray, names: Sequence[str], split: SplitName, where: Path | str) -> np.ndarray:
    """Indices into given names; integers are indices already."""
    import numpy as np

    if array.dtype.kind == "i":
        is_bad = (array < 0) | (array >= len(names))
        indices = array
    else:
        number_of = {class_name(name): index for index, name in enumerate(names)}
        indices = np.array([number_of.get(class_name(label), -1) for label in array.tolist()], np.int64)
        is_bad = indices < 0
    if is_bad.any():
        first = int(np.flatnonzero(is_bad)[0])
        expected = (
            f"0 to {len(names) - 1}"
            if array.dtype.kind == "i"
            else f"one of class_names ({', '.join(names)})"
        )
        raise DataError(
            f"{where}: {int(is_bad.sum()):,} labels of {split} are out of range: expected {expected}, "
            f"found {_shown(array[first])} at [{first}]"
        )
    return indices


def _check_indices(classes: Labels, where: Path | str) -> None:
    for split, array in classes.items():
        if array.dtype.kind == "i" and (array < 0).any():
            first = int((array < 0).argmax())
            raise DataError(
                f"{where}: negative class index {array[first]} in {split}, first at [{first}]",
                hint="number classes from 0, or set labels: numbers if they are quantities",
            )


def _shown(label: object) -> str:
    return repr(getattr(label, "item", lambda: label)())


def _warn_of_many(train: np.ndarray, kind: LabelKind, where: Path | str, context: LoadContext) -> None:
    import numpy as np

    count = len(np.unique(train))
    if kind == "auto" and train.dtype.kind == "i" and len(train) >= 50 and count > len(train) / 2:
        context.warn(
            f"{where}: {count:,} different labels in {len(train):,} examples were taken for classes; "
            "set labels: numbers if they are quantities"
        )


def _check_classes(indices: Labels, names: Sequence[str], where: Path | str, context: LoadContext) -> None:
    """Held-out splits may only have classes that training has."""
    import numpy as np

    # Each index is that of a name, so that counting them takes far less than sorting them.
    present = {
        split: set(np.flatnonzero(np.bincount(array, minlength=len(names))).tolist())
        for split, array in indices.items()
    }
    for split in indices:
        unknown = [names[index] for index in sorted(present[split] - present["train"])]
        if unknown:
            raise DataError(f"{where}: {split} has classes that train has not: {', '.join(unknown)}")
        lacking = [names[index] for index in sorted(present["train"] - present[split])]
        if lacking:
            context.warn(f"{where}: {split} has no example of {', '.join(lacking)}")
    if len(present["train"]) < 2:
        raise DataError(
            f"{where}: only one class ({names[present['train'].pop()]}); a classifier needs at least two",
            hint="set labels: numbers if labels are quantities",
        )
