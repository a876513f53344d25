"""A starter config for a CSV file of image paths and labels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bigmodel_cli.errors import DataError
from bigmodel_cli.kinds.image.files.names import is_image_name
from bigmodel_cli.sources.image_csv import IMAGE_COLUMNS, LABEL_COLUMNS
from bigmodel_cli.sources.listing import Listing, first_cells, read_listing
from bigmodel_cli.sources.split_names import split_named
from bigmodel_cli.sources.tables.names import no_column
from bigmodel_cli.sources.tables.table import Table
from bigmodel_cli.sources.text_labels import typed_labels
from bigmodel_cli.starter.images import Images, look_at
from bigmodel_cli.starter.labels import Wanted, targets_of
from bigmodel_cli.starter.sizes import train_size
from bigmodel_cli.starter.targets import Targets
from bigmodel_cli.starter.writing import path_from, quoted

# So much of a column must look like images, or like splits.
_MOSTLY = 0.9


@dataclass(frozen=True)
class SeenTable:
    """What a table of images is like.

    Attributes:
        images: Its images.
        targets: Its labels.
        options: What the source `image_csv` must be told beyond the path, as YAML.
        found: A sentence.
    """

    images: Images
    targets: Targets
    options: Sequence[str]
    found: str


def look_at_table(
    opened: Table,
    written_in: Path,
    warn: Callable[[str], None],
    labels_are: Wanted | None = None,
    target: str | None = None,
) -> SeenTable | None:
    """What is in a table of images; None where it lists none.

    Args:
        opened: It.
        written_in: The folder of the config, which other paths are relative to.
        warn: Told what may not be meant.
        labels_are: What the person says of the labels.
        target: The column that they stand in; None: the one that looks so.

    Raises:
        DataError: If it is not clear which column has the labels, or files are not there.
    """
    if opened.format is None:
        # The source of images reads text.
        return None
    path = opened.files[0].path
    if (cells := first_cells(opened)) and place_of(opened.names, cells, IMAGE_COLUMNS, is_image_name) is None:
        return None
    table = read_listing(path)
    image = _image_column(table)
    if image is None:
        return None
    split = _split_column(table, besides=image)
    label = label_column(table, [image, split], target, LABEL_COLUMNS, "images")
    options = [
        f"{option}: {quoted(table.columns[column])}"
        for option, column, names in (
            ("image_column", image, IMAGE_COLUMNS),
            ("label_column", label, LABEL_COLUMNS),
            ("split_column", split, ()),
        )
        if column is not None
        and table.columns[column] != next((n for n in names if n in table.columns), None)
    ]
    root = _root(table, image)
    if root != path.parent:
        options.append(f"root: {path_from(written_in, root)}")
    targets = targets_in(table, label, warn, labels_are)
    options.append(f"labels: {targets.kind}")
    files = [root / row.cells[image].replace("\\", "/") for row in table.rows]
    images = look_at(files, _num_train(table, split))
    found = f"a table of {images.describe()}, {targets.described} in the column {table.columns[label]}"
    return SeenTable(images, targets, options, found)


def column_of(table: Listing, place: int) -> list[str]:
    """The cells of a column."""
    return [row.cells[place] for row in table.rows]


def _image_column(table: Listing) -> int | None:
    """The place of the images' column; None where there is none.

    Raises:
        DataError: If there are no rows.
    """
    if not table.rows:
        raise DataError(f"{table.path}: no rows below the line with the columns' names")
    columns = [column_of(table, place) for place in range(len(table.columns))]
    return place_of(table.columns, columns, IMAGE_COLUMNS, is_image_name)


def place_of(
    names: Sequence[str],
    columns: Sequence[Sequence[str]],
    usual: Sequence[str],
    is_one: Callable[[str], bool],
) -> int | None:
    """The first column that looks like files of a sort, of those with a usual name before others.

    Args:
        names: Of the columns.
        columns: Their cells.
        usual: Usual names.
        is_one: Whether a cell is the name of such a file.
    """
    places = sorted(range(len(names)), key=lambda place: names[place].casefold() not in usual)
    for place in places:
        if sum(map(is_one, columns[place])) >= _MOSTLY * len(columns[place]):
            return place
    return None


def _split_column(table: Listing, besides: int) -> int | None:
    for place in range(len(table.columns)):
        if place != besides and all(split_named(cell) for cell in column_of(table, place)):
            return place
    return None


def label_column(
    table: Listing, besides: Sequence[int | None], told: str | None, usual: Sequence[str], plural: str
) -> int:
    """The place of the labels' column.

    Args:
        table: It.
        besides: The places of other columns.
        told: What the person says.
        usual: Usual names.
        plural: What the files of the table are.

    Raises:
        DataError: If it is not there, or not clear which it is.
    """
    if told is not None and told not in table.columns:
        raise no_column(table.path, table.columns, told)
    if told is not None and table.columns.index(told) in besides:
        raise DataError(f"{table.path}: the target {told} has the {plural}' files, or their splits")
    if told is not None:
        return table.columns.index(told)
    named = table.column(usual)
    if named is not None and named not in besides:
        return named
    left = [place for place in range(len(table.columns)) if place not in besides]
    if len(left) == 1:
        return left[0]
    names = ", ".join(table.columns[place] for place in left) or "none"
    raise DataError(
        f"{table.path}: which column has the labels? Besides {plural} there are: {names}",
        hint=f"call it label, or say which: --target NAME; several labels for one of the {plural} cannot be "
        "trained on yet"
        if left
        else "add one: label",
    )


def _root(table: Listing, image: int) -> Path:
    """The folder that the paths are relative to: the table's own, or one in it."""
    first = table.rows[0].cells[image].replace("\\", "/")
    own = table.path.parent
    candidates = [own, *sorted(path for path in own.iterdir() if path.is_dir()), Path()]
    for folder in candidates:
        if (folder / first).is_file():
            return folder
    raise DataError(
        f"{table.path}:{table.rows[0].line}: {own / first}: no such file",
        hint="paths in the table are relative to its folder, or to a folder that the source's key root names",
    )


def targets_in(table: Listing, label: int, warn: Callable[[str], None], labels_are: Wanted | None) -> Targets:
    """What the labels in a column are.

    Raises:
        DataError: If one is missing.
    """
    name = table.columns[label]
    for row in table.rows:
        if not row.cells[label]:
            raise DataError(f"{table.path}:{row.line}: no value in the column {name}")
    cells = [(row.cells[label], row.line) for row in table.rows]
    values = typed_labels({"train": cells}, labels_are or "auto", None, table.path, warn)["train"]
    return targets_of(values, f"{table.path}: the column {name}", labels_are)


def _num_train(table: Listing, split: int | None) -> int:
    if split is None:
        return train_size(len(table.rows))
    return sum(split_named(cell) == "train" for cell in column_of(table, split))
