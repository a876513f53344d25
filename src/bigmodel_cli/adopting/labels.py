"""The classes of a model from elsewhere, in the order of its outputs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bigmodel_cli.class_names import class_name
from bigmodel_cli.cut import some
from bigmodel_cli.errors import DataError

_MAX_BYTES = 2**24


def read_label_file(path: Path) -> list[str]:
    """The names in a text file, one in each line.

    Raises:
        DataError: If it is missing, no text, or names a class twice; says the line.
    """
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise DataError(f"{path}: larger than any list of classes")
        text = path.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: expected a text file with a class in each line: {error}") from None
    except OSError as error:
        raise DataError(f"{path}: {error.strerror or error}") from None
    lines = text.splitlines()
    while lines and not lines[-1].strip():
        lines.pop()
    places: dict[str, int] = {}
    for number, line in enumerate(lines, 1):
        name = class_name(line.strip())
        if not name:
            raise DataError(f"{path}:{number}: expected the name of a class, found an empty line")
        if name in places:
            raise DataError(f"{path}:{number}: {name} stands in line {places[name]} already")
        places[name] = number
    if not places:
        raise DataError(f"{path}: expected a class in each line, found none")
    return list(places)


def order_of(
    theirs: Sequence[str] | None, ours: Sequence[str] | None, num_outputs: int, path: Path | None
) -> list[int] | None:
    """For each class of the data, which of a model's outputs stands for it; None: they are in the same order.

    Args:
        theirs: The classes in the order of the outputs; None: nobody said.
        ours: Those of the data; None where labels are numbers.
        num_outputs: How many outputs there are; one may stand for two classes.
        path: The file with `theirs`, for errors.

    Raises:
        DataError: If they are not the same classes.
    """
    if theirs is None:
        return None
    if ours is None:
        raise DataError(f"{path}: names classes, and the labels of the data are numbers")
    if unknown := [name for name in ours if name not in theirs]:
        raise DataError(
            f"{path}: has no line for {some(unknown, 5)}, of which the data have examples; it has "
            f"{some(theirs, 5)}"
        )
    if lacking := [name for name in theirs if name not in ours]:
        raise DataError(
            f"{path}: the model tells {len(theirs)} classes apart, and the data have no {some(lacking, 5)}",
            hint="give data with examples of every class",
        )
    if num_outputs not in (len(theirs), 1):
        raise DataError(f"{path}: {len(theirs)} classes, and the model has {num_outputs} outputs")
    order = [list(theirs).index(name) for name in ours]
    if num_outputs == 1:
        if order != sorted(order):
            raise DataError(
                f"{path}: the one output stands for {theirs[1]}; the second class of the data is {ours[1]}",
                hint="rename the classes of the data so that their order by name is that of the file",
            )
        return None
    return None if order == sorted(order) else order
