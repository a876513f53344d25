"""The words after `bigmodel predict` as examples: paths and globs."""

from __future__ import annotations

import glob
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from bigmodel_cli.errors import UsageError
from bigmodel_cli.kinds.inputs import Asked, Finder, Group, Input, Rows
from bigmodel_cli.parts import part_of
from bigmodel_cli.signature import Signature

# Larger batches make no engine faster on a CPU; what is between the layers grows with them.
_MAX_BATCH_SIZE = 64
_MAX_BATCH_BYTES = 2**20


def batch_size_for(signature: Signature) -> int:
    """How many examples to predict at once: fewer of large ones, so that memory stays flat."""
    num_bytes = sum(kind.num_bytes for kind in signature.inputs.values())
    return max(1, min(_MAX_BATCH_SIZE, _MAX_BATCH_BYTES // max(1, num_bytes)))


class Inputs:
    """Examples to predict, in the order of the words.

    Of files only the names are in memory; an `Input` is made when it is its turn.

    Attributes:
        columns: Those of the tables that they are rows of; None: they are no rows.
        remarks: What a user should know of them.
        noticed: What besides, once all of them were read.
    """

    columns: None = None
    remarks: Sequence[str] = ()
    noticed: Sequence[str] = ()

    def __init__(self, groups: Sequence[Group]) -> None:
        self._groups = groups

    def __len__(self) -> int:
        return sum(map(len, self._groups))

    def __iter__(self) -> Iterator[Input]:
        return (item for group in self._groups for item in group)


def find_inputs(
    words: Sequence[str],
    signature: Signature,
    warn: Callable[[str], None],
    examples_array: Callable[[], str] = lambda: "x",
    every: float | None = None,
) -> Inputs:
    """All examples that the words mean: files, folders (searched whole), and globs.

    Args:
        words: As the user wrote them.
        signature: What the model takes.
        warn: Told what is passed over in folders.
        examples_array: Says what the array of examples is called in .npz files.
        every: Of recordings a part every so many seconds is an example; None: they are examples.

    Raises:
        UsageError: If a word means nothing.
        DataError: If an array does not fit the model.
    """
    finder = part_of(signature.kind, Finder)

    def at(path: Path) -> Group:
        return finder.at(path, examples_array) if every is None else finder.along(path, every)

    inputs = Inputs([group for word in words for group in _groups(word, finder.hint, at)])
    if finder.passed_over is not None:
        warn(finder.passed_over)
    return inputs


def find_rows(asked: Asked, signature: Signature, warn: Callable[[str], None]) -> Rows | None:
    """What the words mean where examples are read many at a time; None where they are read one by one.

    Raises:
        UsageError: If a word means nothing, or an example has no columns that could be set or kept.
        DataError: If a file is no table with the columns that the model takes.
    """
    # Files to be translated have a text in each line, as those that people translate from.
    asked = replace(asked, by_line=all(task.is_searched for task in signature.targets.values()))
    rows = part_of(signature.kind, Finder).rows(asked, warn)
    if rows is None and (asked.settings or asked.kept or asked.texts):
        option = "--text" if asked.texts else "--set" if asked.settings else "--keep"
        raise UsageError(
            f"{option} is for models of rows of a table; this one takes {signature.kind.described}"
        )
    return rows


def _groups(word: str, hint: str, at: Callable[[Path], Group]) -> list[Group]:
    try:
        return [at(path) for path in _found(word, hint)]
    except OSError as error:
        raise UsageError(f"{word}: cannot be read: {error.strerror or error}") from error


def _found(word: str, hint: str) -> list[Path]:
    """The files and folders that a word means."""
    path = Path(word)
    if not path.exists():
        with suppress(RuntimeError):
            # A name may begin with ~ and belong to nobody.
            path = path.expanduser()
    if path.exists():
        return [path]
    matches = [Path(match) for match in sorted(glob.glob(word, recursive=True))]  # noqa: PTH207
    if matches:
        return matches
    raise UsageError(f"{word}: no such file", hint=hint)
