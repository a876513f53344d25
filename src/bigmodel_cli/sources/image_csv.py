"""Images listed in a CSV file, with a label in each row."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

from pydantic import Field

from bigmodel_cli.config.facts import PIXELS, DataFacts
from bigmodel_cli.config.fields import ConfigPath
from bigmodel_cli.errors import DataError
from bigmodel_cli.kinds.image.files.names import suffix_of
from bigmodel_cli.kinds.image.kind import ImageKind
from bigmodel_cli.sources.base import LoadContext, Source, SplitName
from bigmodel_cli.sources.beside import stores_beside
from bigmodel_cli.sources.checked_files import checked_source
from bigmodel_cli.sources.image_options import ImageFileOptions
from bigmodel_cli.sources.label_values import (
    CLASS_NAMES_HELP,
    LABELS_HELP,
    ClassNames,
    LabelKind,
    label_values,
)
from bigmodel_cli.sources.listed_files import ListedFiles
from bigmodel_cli.sources.listing import ListedRow, Listing, read_listing
from bigmodel_cli.sources.split_names import split_named
from bigmodel_cli.sources.stores import Store
from bigmodel_cli.sources.tables.missing import marks_for
from bigmodel_cli.sources.tables.names import no_column
from bigmodel_cli.sources.tables.rows import swallowed
from bigmodel_cli.sources.tables.text_format import TextFormat
from bigmodel_cli.sources.text_labels import typed_labels

IMAGE_COLUMNS = ("image", "path", "file", "filename", "image_path", "filepath", "file_name", "img")
LABEL_COLUMNS = ("label", "class", "target", "labels", "category")
_SPLIT_COLUMNS = ("split", "subset", "set", "fold", "partition")


@dataclass(frozen=True)
class _Row:
    """One image as the CSV lists it, with cells of other columns that are asked for."""

    line: int
    image: str
    label: str
    split: SplitName
    beside: tuple[str, ...] = ()


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
        labels = None if self.labels == "auto" else self.labels
        return DataFacts(labels, has_files=True, value_range=PIXELS, num_columns=1, beside=None)

    def load(self, context: LoadContext) -> Source:
        root = self.root or self.path.parent
        rows = self._rows(root, context)
        if not context.skip_bad_files:
            self._check_files(rows, root)
        self._warn_of_copies(rows, context)
        by_split = {
            split: [row for row in rows if row.split == split] for split in self._splits(rows, context)
        }
        raw = typed_labels(
            {split: [(row.label, row.line) for row in part] for split, part in by_split.items()},
            self.labels,
            self.class_names,
            self.path,
            context.warn,
        )
        labels, task = label_values(raw, self.labels, self.class_names, self.path, context)
        beside = self._beside(rows, context)
        listed = {
            split: ListedFiles([row.image for row in part], labels[split], beside[split])
            for split, part in by_split.items()
        }
        return checked_source(root, listed, ImageKind(self.image_format), task, context)

    def _beside(self, rows: Sequence[_Row], context: LoadContext) -> Mapping[SplitName, Mapping[str, Store]]:
        """The columns that are asked for beside images and labels, by split."""
        import numpy as np

        texts = {
            name: [row.beside[place] for row in rows] for place, name in enumerate(context.columns_beside)
        }
        stores = stores_beside(texts, context, self.path.name, lambda row: f"{self.path}:{rows[row].line}")
        return {
            split: {
                name: store.take(np.flatnonzero([row.split == split for row in rows]))
                for name, store in stores.items()
            }
            for split in {row.split for row in rows}
        }

    def _rows(self, root: Path, context: LoadContext) -> list[_Row]:
        """The rows of the CSV.

        Raises:
            DataError: If it cannot be read, lacks a column, or a row lacks a value.
        """
        table = read_listing(self.path)
        image = self._column(table, self.image_column, IMAGE_COLUMNS, "image_column")
        label = self._column(table, self.label_column, LABEL_COLUMNS, "label_column")
        split = (
            None if self.split_column is None else self._column(table, self.split_column, (), "split_column")
        )
        beside = [self._beside_column(table, name) for name in context.columns_beside]
        if not table.rows:
            raise DataError(f"{self.path}: no rows below the line with the columns' names")
        if split is None:
            self._warn_of_unused_splits(table, context)
        gaps = marks_for("category", TextFormat())
        rows = (
            replace(
                self._row(table, row, image, label, split),
                beside=tuple("" if row.cells[place] in gaps else row.cells[place] for place in beside),
            )
            for row in table.rows
        )
        return [
            row if row.image.isascii() else replace(row, image=_as_on_disk(root, row.image)) for row in rows
        ]

    def _column(self, table: Listing, name: str | None, defaults: tuple[str, ...], option: str) -> int:
        place = table.column((name,) if name else defaults)
        if place is None:
            expected = name or " or ".join(defaults)
            raise DataError(
                f"{self.path}: no column {expected}; its columns: {', '.join(table.columns)}",
                hint=f"the first line names the columns; say which is meant with {option}",
            )
        return place

    def _beside_column(self, table: Listing, name: str) -> int:
        if name not in table.columns:
            raise no_column(self.path, table.columns, name)
        return table.columns.index(name)

    def _cell(self, table: Listing, row: ListedRow, place: int) -> str:
        cell = row.cells[place]
        if not cell:
            raise DataError(f"{self.path}:{row.line}: no value in column {table.columns[place]}")
        if "\n" in cell or "\r" in cell:
            raise DataError(
                f"{self.path}:{row.line}: {table.columns[place]} goes over several lines: {cell[:60]!r}",
                hint="remove the quote that it begins with, or close it where the cell ends",
            )
        return cell

    def _row(self, table: Listing, row: ListedRow, image: int, label: int, split: int | None) -> _Row:
        self._check_quotes(table, row, image)
        word = "train" if split is None else self._cell(table, row, split)
        of = split_named(word)
        if of is None:
            raise DataError(
                f"{self.path}:{row.line}: expected train, validation or test in {self.split_column}, "
                f"found {word!r}"
            )
        # Tables made on Windows are read everywhere.
        path = self._cell(table, row, image).replace("\\", "/")
        return _Row(row.line, path, self._cell(table, row, label), of)

    def _check_quotes(self, table: Listing, row: ListedRow, image: int) -> None:
        """Refuse a cell that holds other rows, which a quote too many has swallowed."""
        lines = [
            line.split(table.separator) for cell in row.cells if "\n" in cell for line in cell.splitlines()
        ]
        found = [cells for cells in lines if len(cells) == len(table.columns) and suffix_of(cells[image])]
        if found:
            error = swallowed(f"{self.path}:{row.line}", len(found))
            raise DataError(error.message, hint=error.fix)

    def _splits(self, rows: list[_Row], context: LoadContext) -> list[SplitName]:
        order: tuple[SplitName, ...] = ("train", "validation", "test")
        found = {row.split for row in rows}
        if "train" not in found and not context.for_evaluation:
            raise DataError(f"{self.path}: no row is in the train split")
        return [split for split in order if split in found]

    def _warn_of_unused_splits(self, table: Listing, context: LoadContext) -> None:
        """A column that has splits is there for a reason: who cuts by share mixes what it keeps apart."""
        place = table.column(_SPLIT_COLUMNS)
        if place is not None and all(split_named(row.cells[place]) for row in table.rows):
            name = table.columns[place]
            context.warn(
                f"{self.path}: the column {name} names splits and is not used; set split_column: {name}"
            )

    def _warn_of_copies(self, rows: list[_Row], context: LoadContext) -> None:
        """Say which images are listed more than once, and whether their labels or splits differ."""
        first: dict[str, _Row] = {}
        again = [(first[row.image], row) for row in rows if first.setdefault(row.image, row) is not row]
        if not again:
            return
        told = [
            ("with different labels", [pair for pair in again if pair[0].label != pair[1].label]),
            ("in different splits", [pair for pair in again if pair[0].split != pair[1].split]),
        ]
        how = [f"{len(pairs):,} of them {what}" for what, pairs in told if pairs]
        shown = next((pairs for _, pairs in told if pairs), again)[0]
        context.warn(
            f"{self.path}: {', '.join([f'{len(again):,} rows list an image that is there before', *how])}, "
            f"for example {shown[0].image} in lines {shown[0].line} and {shown[1].line}"
        )

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


def _as_on_disk(root: Path, image: str) -> str:
    """A path in the form of Unicode that the disk has it in, which may be another one than the table's."""
    forms = (image, *(unicodedata.normalize(form, image) for form in ("NFC", "NFD")))
    # `os.path` takes a name that is too long for none.
    return next((form for form in forms if os.path.exists(root / form)), image)  # noqa: PTH110
