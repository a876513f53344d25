"""The classes of a model from elsewhere, in the order of its outputs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bigmodel_cli.class_names import class_name
from bigmodel_cli.cut import some
from bigmodel_cli.errors import DataError, UsageError

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


@dataclass(frozen=True)
class LabelFile:
    """The classes of an output.

    Attributes:
        path: The file that names them.
        names: In the order of the output's numbers.
    """

    path: Path
    names: Sequence[str]

    @classmethod
    def read(cls, path: Path) -> LabelFile:
        """Those of a file.

        Raises:
            DataError: As `read_label_file`.
        """
        return cls(path, read_label_file(path))

    def require_all(self, ours: Sequence[str]) -> None:
        """Raises:
        DataError: If the data have classes that the file does not name.
        """
        if unknown := [name for name in ours if name not in self.names]:
            raise DataError(
                f"{self.path}: has no line for {some(unknown, 5)}, of which the data have examples; it has "
                f"{some(self.names, 5)}"
            )


def label_files(words: Sequence[str]) -> dict[str, Path]:
    """`FILE`, or `TARGET=FILE`, as files by the names of targets; "" is whichever has classes.

    Raises:
        UsageError: If two are for one target.
    """
    found: dict[str, Path] = {}
    for word in words:
        target, sign, file = word.partition("=")
        # A file may be called so.
        name, path = (target, Path(file)) if sign and not Path(word).exists() else ("", Path(word))
        if name in found:
            raise UsageError(f"--labels {word}: {found[name]} names these classes already")
        found[name] = path
    return found


def knows_by_number(ours: Sequence[str], theirs: Sequence[str]) -> bool:
    """Whether classes of data are numbers that stand for the names in a file, by their place in it."""
    return not set(ours) & set(theirs) and all(name.isdecimal() and int(name) < len(theirs) for name in ours)


def order_of(labels: LabelFile, ours: Sequence[str], num_outputs: int) -> list[int] | None:
    """For each class of the data, which of a model's outputs stands for it; None: they are in the same order.

    Args:
        labels: The classes in the order of the outputs.
        ours: Those of the data.
        num_outputs: How many outputs there are; one may stand for two classes.

    Raises:
        DataError: If they are not the same classes.
    """
    labels.require_all(ours)
    theirs = list(labels.names)
    if lacking := [name for name in theirs if name not in ours]:
        classes = f"{len(theirs)} classes apart, and the data have no {some(lacking, 5)}"
        raise DataError(
            f"{labels.path}: the model tells {classes}",
            hint="give data with examples of every class",
        )
    order = [theirs.index(name) for name in ours]
    if order == sorted(order):
        return None
    if num_outputs == 1:
        stands = f"the one output stands for {theirs[1]}; the second class of the data is {ours[1]}"
        raise DataError(
            f"{labels.path}: {stands}",
            hint="rename the classes of the data so that their order by name is that of the file",
        )
    return order
