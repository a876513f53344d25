"""Columns of a table that say which of several labels a row has."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from bigmodel_cli.class_names import class_name
from bigmodel_cli.errors import DataError
from bigmodel_cli.sources.base import SplitName
from bigmodel_cli.sources.tables.columns import Lists
from bigmodel_cli.sources.tables.names import shown
from bigmodel_cli.tasks.multilabel.task import BETWEEN, Multilabel

if TYPE_CHECKING:
    import numpy as np

# What stands for no and yes in a column of one label, in lower case.
_NO, _YES = ("0", "false", "no", "f", "n"), ("1", "true", "yes", "t", "y")
# A row of a split, for messages.
Place = Callable[[SplitName, int], str]


def of_separated(
    values: Mapping[SplitName, Any], separator: str | None, name: str, place: Place
) -> tuple[dict[SplitName, np.ndarray], Multilabel]:
    """Cells such as `a|c`, or lists of labels; an empty one has no label.

    Args:
        values: The column, by split, of categories, texts or lists.
        separator: What stands between labels; None: they are lists.
        name: Of the column.
        place: Of a row, for messages.

    Returns:
        1 where a row has a label, int64 of shape (n, labels), and the labels in the order of their names.

    Raises:
        DataError: If the column has no texts, or training no label.
    """
    sets = {split: _sets(column, separator) for split, column in values.items()}
    first = next(iter(sets))
    if sets[first] is None:
        raise DataError(
            f"{place(first, 0)}, {shown(name)}: expected labels with {separator!r} between them",
            hint=f"write columns: {{{shown(name)}: category}} if its numbers are labels",
        )
    texts, _ = sets[first] or ([], None)
    names = sorted({label for labels in texts for label in labels})
    if not names:
        raise DataError(f"{place(first, 0)}, {shown(name)}: no row has a label")
    if bad := next((label for label in names if BETWEEN in label), None):
        raise DataError(f"{place(first, 0)}, {shown(name)}: the label {bad!r} has a {BETWEEN} in it")
    task = Multilabel(tuple(names))
    return {split: _as_rows(found, task, split, name, place) for split, found in sets.items()}, task


Sets = tuple[list[list[str]], "np.ndarray"] | None


def are_lists(column: Any) -> bool:
    """Whether the cells of a column are lists."""
    return isinstance(column, Lists)


def _sets(column: Any, separator: str | None) -> Sets:
    """The different sets of labels of a column, and the place of each row's among them; None: it has none."""
    import numpy as np

    if are_lists(column):
        rows = range(len(column))
        return [[class_name(label) for label in column[row]] for row in rows], np.arange(len(column))
    if separator is None:
        return None
    if hasattr(column, "codes"):
        # Behind the last name stands what is missing: -1.
        return [_split(text, separator) for text in (*column.names, "")], column.codes
    if hasattr(column, "data"):
        return [_split(column[row], separator) for row in range(len(column))], np.arange(len(column))
    return None


def _split(text: str, separator: str) -> list[str]:
    return [class_name(part.strip()) for part in text.split(separator) if part.strip()]


def _as_rows(found: Sets, task: Multilabel, split: SplitName, name: str, place: Place) -> np.ndarray:
    import numpy as np

    texts, places = found or ([], np.zeros(0, np.int64))
    place_of = {label: number for number, label in enumerate(task.class_names)}
    table = np.zeros((len(texts), len(place_of)), np.int64)
    for number, labels in enumerate(texts):
        for label in labels:
            if label not in place_of:
                row = int(np.flatnonzero(places == number)[0]) if (places == number).any() else 0
                raise DataError(
                    f"{place(split, row)}, {shown(name)}: training has no example of the label {label!r}",
                    hint="take the rows out, or put some of them into training",
                )
            table[number, place_of[label]] = 1
    return table[places]


def of_columns(
    values: Mapping[SplitName, Mapping[str, Any]], columns: Sequence[str], place: Place
) -> tuple[dict[SplitName, np.ndarray], Multilabel]:
    """Several columns of 0 and 1, or of yes and no, as one target; each is a label.

    Args:
        values: The columns, by split and name.
        columns: Which, in the order of the labels.
        place: Of a row, for messages.

    Raises:
        DataError: If a cell is something else.
    """
    import numpy as np

    found = {
        split: np.stack([_yes_or_no(of_split[name], split, name, place) for name in columns], axis=1)
        for split, of_split in values.items()
    }
    return found, Multilabel(tuple(columns))


def _yes_or_no(column: Any, split: SplitName, name: str, place: Place) -> np.ndarray:
    """0 or 1 of each row; 0 where there is none, which is said elsewhere."""
    import numpy as np

    if hasattr(column, "codes"):
        meaning = [_meaning(text) for text in (*column.names, "0")]
        numbers: np.ndarray = np.array(meaning, np.int64)[column.codes]
    elif column.values.dtype.kind == "f":
        known = np.nan_to_num(column.values)
        numbers = np.where((known == 0) | (known == 1), known, -1).astype(np.int64)
    else:
        numbers = np.full(len(column), -1)
    if (numbers < 0).any():
        row = int((numbers < 0).argmax())
        raise DataError(f"{place(split, row)}, {shown(name)}: expected 0 or 1, or yes or no: it is one label")
    return numbers


def _meaning(text: str) -> int:
    folded = text.strip().lower()
    return 1 if folded in _YES else 0 if folded in _NO else -1
