"""Images listed in a CSV file, with a label in each row."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from bigmodel_cli.config.facts import DataFacts
from bigmodel_cli.config.fields import ConfigPath
from bigmodel_cli.errors import DataError
from bigmodel_cli.sources.base import LoadContext, Signature, Source, SplitName
from bigmodel_cli.sources.image_files import ListedFiles, checked_source
from bigmodel_cli.sources.image_options import ImageFileOptions
from bigmodel_cli.sources.label_values import (
    CLASS_NAMES_HELP,
    LABELS_HELP,
    ClassNames,
    LabelKind,
    label_values,
)
from bigmodel_cli.sources.split_names import split_named

if TYPE_CHECKING:
    import numpy as np

IMAGE_COLUMNS = ("image", "path", "file", "filename")
LABEL_COLUMNS = ("label", "class", "target")
_ZERO_PADDED = re.compile(r"-?0\d+")


@dataclass(frozen=True)
class _Row:
    """One image as the CSV lists it; `line` is where the row ends."""

    line: int
    image: str
    label: str
    split: SplitName


class ImageCsv(ImageFileOptions):
    """Images listed in a CSV file with a path and a label in each row."""

    source_name: ClassVar[str] = "image_csv"
    example: ClassVar[str] = "{image_csv: {path: labels.csv, image_size: [128, 128]}}"

    path: ConfigPath = Field(description="The CSV file; its first line names the columns.")
    root: ConfigPath | None = Field(
        default=None, description="The folder that the CSV's paths are relative to; default: the CSV's own."
    )
    image_column: str | None = Field(
        default=None,
        description=f"Column of the images' paths; default: the first of {', '.join(IMAGE_COLUMNS)}.",
    )
    label_column: str | None = Field(
        default=None, description=f"Column of the labels; default: the first of {', '.join(LABEL_COLUMNS)}."
    )
    split_column: str | None = Field(
        default=None,
        description="Column with train, validation or test; default: splits are held out by share.",
    )
    labels: LabelKind = Field(default="auto", description=LABELS_HELP)
    class_names: ClassNames = Field(default=None, min_length=2, description=CLASS_NAMES_HELP)

    def facts(self) -> DataFacts:
        return DataFacts(None if self.labels == "auto" else self.labels, has_files=True)

    def load(self, context: LoadContext) -> Source:
        rows = self._rows()
        root = self.root or self.path.parent
        if not context.skip_bad_files:
            self._check_files(rows, root)
        by_split = {
            split: [row for row in rows if row.split == split] for split in _splits_of(rows, self.path)
        }
        texts = [row.label for row in rows]
        raw = {
            split: _typed([row.label for row in part], texts, self.labels, self.class_names)
            for split, part in by_split.items()
        }
        labels, class_names = label_values(raw, self.labels, self.class_names, self.path, context)
        listed = {
            split: ListedFiles([row.image for row in part], labels[split]) for split, part in by_split.items()
        }
        signature = Signature(self.image_format.shape, "uint8", class_names, image_format=self.image_format)
        return checked_source(root, listed, signature, context)

    def _rows(self) -> list[_Row]:
        """The rows of the CSV.

        Raises:
            DataError: If it cannot be read, lacks a column, or a row lacks a value.
        """
        if not self.path.is_file():
            raise DataError(
                f"{self.path}: {'a folder, not a CSV file' if self.path.is_dir() else 'no such file'}"
            )
        try:
            with self.path.open(encoding="utf-8-sig", newline="") as stream:
                reader = csv.DictReader(stream, strict=True)
                columns = self._columns(list(reader.fieldnames or ()))
                rows = [self._row(row, reader.line_num, columns) for row in reader]
        except UnicodeDecodeError as error:
            raise DataError(f"{self.path}: not UTF-8 text ({error.reason} at byte {error.start})") from error
        except (csv.Error, OSError) as error:
            raise DataError(f"{self.path}: cannot be read: {error}") from error
        if not rows:
            raise DataError(f"{self.path}: no rows below the line with the columns' names")
        return rows

    def _columns(self, there: list[str]) -> tuple[str, str, str | None]:
        wanted = (
            (self.image_column, IMAGE_COLUMNS, "image_column"),
            (self.label_column, LABEL_COLUMNS, "label_column"),
        )
        image, label = (self._column(there, name, defaults, option) for name, defaults, option in wanted)
        split = self.split_column and self._column(there, self.split_column, (), "split_column")
        return image, label, split

    def _column(self, there: list[str], name: str | None, defaults: tuple[str, ...], option: str) -> str:
        for candidate in (name,) if name else defaults:
            if candidate in there:
                return candidate
        expected = name or " or ".join(defaults)
        raise DataError(
            f"{self.path}: no column {expected}; its columns: {', '.join(there) or 'none'}",
            hint=f"name the column with {option}",
        )

    def _row(self, row: Mapping[str, str | None], line: int, columns: tuple[str, str, str | None]) -> _Row:
        image, label, word = ((row.get(column) or "").strip() if column else "train" for column in columns)
        for column, value in zip(columns, (image, label, word), strict=True):
            if not value:
                raise DataError(f"{self.path}:{line}: no value in column {column}")
        split = split_named(word)
        if split is None:
            raise DataError(
                f"{self.path}:{line}: expected train, validation or test in {columns[2]}, found {word!r}"
            )
        # Tables made on Windows are read everywhere.
        return _Row(line, image.replace("\\", "/"), label, split)

    def _check_files(self, rows: list[_Row], root: Path) -> None:
        missing = [row for row in rows if not self._has_file(row, root)]
        if missing:
            first = missing[0]
            raise DataError(
                f"{self.path}: {len(missing):,} of {len(rows):,} images are missing, "
                f"the first in line {first.line}: {root / first.image}",
                hint="root names the folder that the paths are relative to",
            )

    def _has_file(self, row: _Row, root: Path) -> bool:
        path = root / row.image
        try:
            return path.is_file()
        except OSError as error:
            # A name that is too long to be one, or a folder that may not be searched.
            raise DataError(f"{self.path}:{row.line}: {path}: {error.strerror or error}") from error


def _splits_of(rows: list[_Row], path: Path) -> list[SplitName]:
    order: tuple[SplitName, ...] = ("train", "validation", "test")
    found = {row.split for row in rows}
    if "train" not in found:
        raise DataError(f"{path}: no row is in the train split")
    return [split for split in order if split in found]


def _typed(
    labels: list[str], all_labels: list[str], kind: LabelKind, class_names: tuple[str, ...] | None
) -> np.ndarray:
    """Text as integers where all labels are, as floats where all are and may be, else as text."""
    import numpy as np

    if class_names and set(all_labels) <= set(class_names):
        return np.array(labels, dtype=np.str_)
    if all(_is_integer(label) for label in all_labels):
        return np.array([int(label) for label in labels], np.int64)
    # `007` is a name unless the config says otherwise: as a number it would lose its zeros.
    may_be_numbers = kind == "numbers" or (
        kind == "auto" and not any(map(_ZERO_PADDED.fullmatch, all_labels))
    )
    if may_be_numbers and all(_is_number(label) for label in all_labels):
        return np.array([float(label) for label in labels], np.float64)
    return np.array(labels, dtype=np.str_)


def _is_integer(text: str) -> bool:
    digits = text.removeprefix("-")
    return digits.isascii() and digits.isdecimal() and str(int(text)) == text


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
