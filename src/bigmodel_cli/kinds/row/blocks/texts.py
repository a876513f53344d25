"""Texts to predict where a row is one text: files, folders of them, lines of standard input, words."""

from __future__ import annotations

import glob
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from bigmodel_cli.cut import cut
from bigmodel_cli.errors import DataError, UsageError
from bigmodel_cli.kinds.cells import Cells, Held
from bigmodel_cli.kinds.row.kind import RowKind
from bigmodel_cli.kinds.row.standard_input import STANDARD_INPUT
from bigmodel_cli.parts import part_of
from bigmodel_cli.sources.file_walk import FileWalk
from bigmodel_cli.sources.sought_texts import TAGGED_SUFFIXES, TEXTS
from bigmodel_cli.sources.tables.files import is_table_name
from bigmodel_cli.sources.tables.names import listed, no_column, shown
from bigmodel_cli.sources.text_reading import whole_text
from bigmodel_cli.words import Piece

# Texts that are read and predicted at once.
_AT_ONCE = 256
# What stands beside a text in CSV: its file, or where else it is from.
_INPUT = "input"
# A text stands for itself where it is shown, as far as a line has room.
_LETTERS = 60


def column_of_texts(kind: RowKind) -> str | None:
    """The column of rows that are one text each; None where they are more, or something else."""
    names = _columns_of_texts(kind)
    return names[0] if len(names) == len(kind.columns) == 1 else None


def _columns_of_texts(kind: RowKind) -> list[str]:
    """The columns whose values are texts, or made of texts."""
    return [name for name, one in kind.columns.items() if part_of(one, Cells).pieces("") is not None]


@dataclass(frozen=True)
class WholeText:
    """A text to predict.

    Attributes:
        name: What it is called.
        read: Gives it.
    """

    name: str
    read: Callable[[], str]

    @classmethod
    def written(cls, text: str) -> WholeText:
        """One that stands in the command; it is called by itself."""
        # What no UTF-8 is came as halves of pairs.
        plain = text.encode("utf-8", "replace").decode()
        return cls(f'"{cut(" ".join(plain.split()), _LETTERS)}"', lambda: plain)

    @classmethod
    def of_file(cls, path: str, encoding: str | None) -> WholeText:
        """The text of a file."""
        return cls(path, partial(whole_text, Path(path), encoding))


@dataclass(frozen=True)
class ReadTexts:
    """Texts that were read, each of which is an example, or several.

    Attributes:
        names: What each is called.
        pieces: Of each its text; None of one that could not be read.
        held: Those that could be read, in their order.
        errors: One for each: why it could not be read, or None.
        cells: One for each: what is written beside its prediction.
    """

    names: Sequence[str]
    pieces: Sequence[Piece | None]
    held: Held
    errors: Sequence[str | None]
    cells: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Texts:
    """Texts, each of which is a row.

    Attributes:
        column: What the model calls it.
        cells: Make values of them.
        texts: Them.
        columns: Those whose cells are wanted beside the predictions.
    """

    column: str
    cells: Cells
    texts: Sequence[WholeText]
    columns: Sequence[str]

    @classmethod
    def of(cls, kind: RowKind, texts: Sequence[WholeText], kept: Sequence[str] | None) -> Texts:
        """Texts for the one column of rows, beside which some are kept; None: all that there are.

        Raises:
            DataError: If another column is to be kept.
        """
        ((column, of_column),) = kind.columns.items()
        # A column that is called so has nothing else beside it.
        there = [column] if column == _INPUT else [_INPUT, column]
        for name in kept or ():
            if name not in there:
                raise no_column(Path(texts[0].name), there, name)
        return cls(column, part_of(of_column, Cells), texts, there if kept is None else list(kept))

    def pieces(self) -> Iterator[Texts]:
        """Some after the other, as many as are read at once."""
        for start in range(0, len(self.texts), _AT_ONCE):
            yield replace(self, texts=self.texts[start : start + _AT_ONCE])

    def read(self) -> ReadTexts:
        """All of them."""
        names: list[str] = []
        pieces: list[Piece | None] = []
        errors: list[str | None] = []
        for text in self.texts:
            found, problem = self._pieces(text)
            numbers = range(1, len(found) + 1)
            names += [
                f"{text.name} ({n} of {len(found):,})" if len(found) > 1 else text.name for n in numbers
            ]
            pieces += found
            errors += [problem] * len(found)
        written = [
            {_INPUT: name, self.column: piece.text if piece else ""}
            for name, piece in zip(names, pieces, strict=True)
        ]
        cells = [[row[name] for name in self.columns] for row in written]
        held = self.cells.of_pieces([piece for piece in pieces if piece is not None])
        return ReadTexts(names, pieces, held, errors, cells)

    def _pieces(self, text: WholeText) -> tuple[Sequence[Piece | None], str | None]:
        """What a text is, or that nothing can be made of it, and why."""
        try:
            found = self.cells.pieces(text.read())
        except DataError as error:
            return [None], error.message
        return (found, None) if found else ([None], f"{text.name}: no words")


def texts_in_command(
    texts: Sequence[str], kind: RowKind, words: Sequence[str], settings: Sequence[str]
) -> list[WholeText]:
    """Texts that stand in a command itself.

    Args:
        texts: Them.
        kind: What the model takes.
        words: Files that stand beside them.
        settings: Values of columns that do.

    Raises:
        UsageError: If the model takes other rows, or more is asked for.
    """
    if column_of_texts(kind) is None:
        names = _columns_of_texts(kind)
        settings = [f"--set {shown(name)}=…" for name in names or ["COLUMN"]]
        raise UsageError(
            f"--text is for models of one text; this one takes {len(kind.columns)} columns: "
            f"{listed(list(kind.columns), 20)}",
            hint=f"name what a column is: {' '.join(settings)}",
        )
    if words or settings:
        other = "--set" if settings else words[0]
        raise UsageError(f"--text has what is predicted, and {other} something else", hint="give one of both")
    return [WholeText.written(text) for text in texts]


class TextWords:
    """The words of a command that mean texts, not tables.

    Args:
        written: How the run's tables or texts are written.
        is_table: Whether a file is a table with the model's column.
        warn: Is told what is passed over in folders.
        by_line: Whether each line of a file is a text, and not the file.
    """

    def __init__(
        self, written: Any, is_table: Callable[[Path], bool], warn: Callable[[str], None], *, by_line: bool
    ) -> None:
        self._are_files, self._by_line = bool((written or {}).get("texts")), by_line
        self._encoding = ((written or {}).get("format") or {}).get("encoding")
        self._is_table, self._warn = is_table, warn

    def texts_of(self, words: Sequence[str]) -> list[WholeText] | None:
        """The texts that words mean; None where they mean tables.

        Raises:
            UsageError: If they mean both, or a folder has no text.
        """
        found = [self._of_word(word) for word in words]
        tables = [word for word, texts in zip(words, found, strict=True) if texts is None]
        if not tables:
            return [text for texts in found for text in texts or ()]
        if len(tables) < len(words):
            texts = next(word for word, texts in zip(words, found, strict=True) if texts is not None)
            raise UsageError(
                f"{texts} has a text in each file, and {tables[0]} rows of a table",
                hint="predict one, then the other",
            )
        return None

    def _of_word(self, word: str) -> list[WholeText] | None:
        path = Path(word)
        if word == STANDARD_INPUT:
            return None
        if path.is_dir():
            return self._in_folder(path)
        if path.exists():
            return self._texts_in(word) if self._is_text(path) else None
        names = sorted(glob.glob(word, recursive=True))  # noqa: PTH207 - absolute
        if names and all(self._is_text(Path(name)) for name in names):
            return [text for name in names for text in self._texts_in(name)]
        return None

    def _is_text(self, path: Path) -> bool:
        """Whether a file is one text; where the run was trained on tables, those that are none."""
        if self._are_files:
            return not is_table_name(path)
        return TEXTS.takes(path.name) and not self._is_table(path)

    def _texts_in(self, name: str) -> list[WholeText]:
        if Path(name).suffix.lower() in TAGGED_SUFFIXES:
            raise UsageError(
                f"{name}: words with tags, and no text",
                hint=f"`bigmodel evaluate --data {name}` compares them; predict takes texts, and lists of "
                "words as JSON lines",
            )
        if self._by_line:
            return lines_as_texts(Path(name), name, self._encoding)
        return [WholeText.of_file(name, self._encoding)]

    def _in_folder(self, folder: Path) -> list[WholeText]:
        walk = FileWalk(TEXTS, needs_all=False)
        names = [name.removeprefix(f".{os.sep}") for name in walk.files_below(folder)]
        passed_over = walk.passed_over.sentence()
        if not names:
            raise UsageError(f"{folder}: no text (.txt) in this folder", hint=passed_over)
        if passed_over is not None:
            self._warn(passed_over)
        return [text for name in names for text in self._texts_in(name)]


def lines_as_texts(path: Path, name: str, encoding: str | None) -> list[WholeText]:
    """The lines of a file, each of which is a text; empty ones are none.

    Args:
        path: Of the file.
        name: What it is called.
        encoding: Of its characters; None: recognised.

    Raises:
        DataError: If it is no text.
        UsageError: If there is none.
    """
    lines = whole_text(path, encoding).split("\n")
    return [
        WholeText(f"{name}:{number}", partial(str, line))
        for number, line in enumerate(lines, 1)
        if line.strip()
    ]
