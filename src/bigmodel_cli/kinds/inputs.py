"""What `predict` takes of a kind: paths, and the examples that they mean."""

from __future__ import annotations

import os
import zipfile
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from bigmodel_cli.errors import DataError, UsageError
from bigmodel_cli.kinds.image.files.opening import EncodedImage
from bigmodel_cli.kinds.read import Read, Value
from bigmodel_cli.parts import part_of
from bigmodel_cli.signature import Signature
from bigmodel_cli.sources.file_walk import FileWalk, Sought
from bigmodel_cli.sources.npz_arrays import as_written, read_npy, read_npz
from bigmodel_cli.sources.split_names import SPLIT_NAMES
from bigmodel_cli.words import Piece

_ARRAY_SUFFIXES = frozenset({".npy", ".npz"})


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a recording that is longer than what the model takes.

    Attributes:
        path: The recording.
        start, end: Where it begins and ends, in seconds.
    """

    path: Path
    start: float
    end: float

    def __str__(self) -> str:
        return f"{self.path} {clock(self.start)}"


def clock(seconds: float) -> str:
    """A moment of a recording: `1:02.5`, to the millisecond where it needs that."""
    minutes, rest = divmod(round(1000 * seconds), 60_000)
    whole, thousandths = f"{rest / 1000:06.3f}".split(".")
    return f"{minutes}:{whole}.{thousandths.rstrip('0') or '0'}"


@dataclass(frozen=True, slots=True)
class Input:
    """One example to predict.

    Attributes:
        name: What the user would call it; its path where it is a file.
        features: Where it came from an array; a file that was sent, and is nowhere; a part of a file; None
            where it is a file.
        piece: The text that it is; None where it is none.
    """

    name: str
    features: Any = None
    piece: Piece | None = None

    @property
    def num_bytes(self) -> int:
        """The size of its file; 0 where it has none or that cannot be told."""
        try:
            return 0 if self.features is not None else os.stat(self.name).st_size  # noqa: PTH116
        except OSError:
            return 0

    def read(self, signature: Signature, *, invert: bool = False) -> Value:
        """The value that the model takes.

        Args:
            signature: What the model takes.
            invert: Whether bright becomes dark.

        Raises:
            DataError: If the file holds no such value, or a number is NaN or infinite.
        """
        reader = part_of(signature.kind, Read)
        if self.features is None:
            return reader.file(Path(self.name), invert=invert)
        if isinstance(self.features, Part):
            return reader.part(self.features.path, self.features.start)
        if isinstance(self.features, EncodedImage):
            return reader.file(self.features, invert=invert)
        return reader.row(self.name, self.features, invert=invert)


@dataclass(frozen=True)
class Group:
    """Examples that one path means; an `Input` is made when it is its turn.

    Attributes:
        names: Of files with an example each, or of the one file of `rows`.
        rows: An array of examples.
        parts: The parts of recordings that are examples, which are called by `names`; None: whole files are.
    """

    names: Sequence[str]
    rows: np.ndarray | None = None
    parts: Sequence[Part] | None = None

    def __len__(self) -> int:
        return len(self.names if self.rows is None else self.rows)

    def __iter__(self) -> Iterator[Input]:
        if self.parts is not None:
            return (Input(str(part), part) for part in self.parts)
        if self.rows is None:
            return map(Input, self.names)
        return (Input(f"{self.names[0]}[{index}]", row) for index, row in enumerate(self.rows))


@dataclass(frozen=True, slots=True)
class Batch:
    """Some inputs with what was read of them.

    Attributes:
        inputs: Readable or not.
        features: Of those that could be read, in their order: an array, or columns by name.
        errors: One per input: why it could not be read, or None.
        redrawn: One per input: whether it was drawn anew; None where that cannot be.
        cells: One per input: what stands in its row of the table that it is from, as it is written.
    """

    inputs: Sequence[Input]
    features: Any
    errors: Sequence[str | None]
    redrawn: Sequence[bool | None]
    cells: Sequence[Sequence[str]] | None = None

    @property
    def num_read(self) -> int:
        """How many could be read."""
        return sum(error is None for error in self.errors)


@dataclass(frozen=True)
class Asked:
    """What a user wants to have predicted.

    Attributes:
        words: Files, folders, patterns; `-` is standard input.
        settings: Values of columns of one row: `age=39`.
        written: How tables are written, as far as the run's config tells, and what their columns are called.
        kept: The columns whose cells are wanted beside the predictions; None: all. Empty: none.
        texts: Texts that stand in the command itself, each a row.
        by_line: Whether each line of a file of text is a row, and not the file.
    """

    words: Sequence[str]
    settings: Sequence[str] = ()
    written: Mapping[str, Any] | None = None
    kept: Sequence[str] | None = ()
    texts: Sequence[str] = ()
    by_line: bool = False


class Rows(ABC):
    """Examples that are read many at a time.

    Attributes:
        columns: Those whose cells are wanted beside the predictions.
        remarks: What a user should know of them.
    """

    columns: Sequence[str] = ()
    remarks: Sequence[str] = ()

    @property
    def noticed(self) -> Sequence[str]:
        """What a user should know besides, once all of them were read."""
        return ()

    @abstractmethod
    def __len__(self) -> int:
        """How many words there are; of rows nobody has counted."""

    @abstractmethod
    def batches(self, signature: Signature, needed: Collection[str]) -> Generator[Batch, None, None]:
        """All of them, in order.

        Args:
            signature: What the model takes.
            needed: Columns in which no value may be missing.
        """


class Finder(ABC):
    """Finds the examples that paths mean.

    Attributes:
        hint: What may be given.
    """

    hint: ClassVar[str]

    def __init__(self, kind: Any) -> None:
        self.kind = kind

    def rows(self, asked: Asked, warn: Callable[[str], None]) -> Rows | None:
        """Examples that are read many at a time; None where they are read one by one.

        Raises:
            UsageError, DataError: If there is no such file, or it is no table with the columns that the model
                takes.
        """
        return None

    def sent(self, rows: Sequence[Mapping[str, Any]], written: Mapping[str, Any] | None) -> Rows | None:
        """Rows that were sent and stand in no file; None where an example is no row.

        Args:
            rows: Values by column as JSON has them; a file is an `EncodedImage`.
            written: As in `Asked`.
        """
        return None

    def at(self, path: Path, examples_array: Callable[[], str] = lambda: "x") -> Group:
        """The examples at a path that is there.

        Args:
            path: A file or folder.
            examples_array: Says what the array of examples is called in .npz files; asked where there are
                several arrays.

        Raises:
            UsageError: If there is none.
            DataError: If an array does not fit the model.
        """
        if path.is_dir() or path.suffix.lower() not in _ARRAY_SUFFIXES:
            return self.files(path)
        return Group([str(path)], part_of(self.kind, Read).rows(path, _load(path, examples_array)))

    def along(self, path: Path, every: float) -> Group:
        """The parts of recordings at a path, one every so many seconds.

        Raises:
            UsageError: If examples are no recordings, or there is none.
            DataError: If one cannot be read.
        """
        raise UsageError(f"--every is for sounds; this model takes {self.kind.described}")

    @abstractmethod
    def files(self, path: Path) -> Group:
        """The file, or what counts in the folder."""

    @property
    @abstractmethod
    def passed_over(self) -> str | None:
        """What was passed over in folders, as a sentence; None where nothing was."""


class WalkingFinder(Finder):
    """Takes any file that is named; in folders those that are called as what is sought.

    Attributes:
        sought: Which files.
    """

    sought: ClassVar[Sought]

    def __init__(self, kind: Any) -> None:
        super().__init__(kind)
        self._walk = FileWalk(self.sought, needs_all=False)

    def files(self, path: Path) -> Group:
        if not path.is_dir():
            return Group([str(path)])
        # A path that begins in the current folder does not say so.
        found = [name.removeprefix(f".{os.sep}") for name in self._walk.files_below(path)]
        if not found:
            raise UsageError(f"{path}: no {self.sought.noun} in this folder", hint=self.passed_over)
        return Group(found)

    @property
    def passed_over(self) -> str | None:
        return self._walk.passed_over.sentence()


def _load(path: Path, examples_array: Callable[[], str]) -> np.ndarray:
    """The array of a .npy file, or the one that is meant of an .npz file, whatever the file's ending is.

    Raises:
        DataError: If there is none.
    """
    if not path.is_file() or not zipfile.is_zipfile(path):
        return read_npy(path)

    def choose(names: Sequence[str]) -> list[str]:
        if len(names) == 1:
            return list(names)
        written, trained_with = as_written(names), examples_array()
        known = [name for name in map(written, _names_of_examples(trained_with)) if name in names]
        if not known:
            raise DataError(
                f"{path}: expected an array named {trained_with}; found {', '.join(names) or 'none'}",
                hint="give a file with one array, or name it as the run's training data did",
            )
        return known[:1]

    (array,) = read_npz(path, choose).values()
    return array


def _names_of_examples(trained_with: str) -> Iterator[str]:
    """What the array to predict may be called, the likeliest first."""
    for name in dict.fromkeys([trained_with, "x"]):
        yield name
        for split in (word for word, meant in SPLIT_NAMES.items() if meant == "test"):
            yield f"{name}_{split}"
            yield f"{split}_{name}"
    yield "features"
