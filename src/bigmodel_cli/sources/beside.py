"""Columns beside inputs, of sources with a text for each example: what splits follow, or scores are by."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from bigmodel_cli.errors import DataError
from bigmodel_cli.plain_numbers import plain_number
from bigmodel_cli.sources.base import LoadContext, SplitName
from bigmodel_cli.sources.stores import ArrayStore, CodedStore, Store
from bigmodel_cli.sources.tables.dates import FORMATS, WRONG, parsed

if TYPE_CHECKING:
    import numpy as np

# What an example is called, by its place.
Place = Callable[[int], str]


def stores_beside(
    columns: Mapping[str, Sequence[str]], context: LoadContext, origin: str, place: Place
) -> dict[str, Store]:
    """Columns of texts as what they are asked for; what stands for none is the empty text.

    Args:
        columns: The texts of all examples of all splits, by column: one form of dates holds for all of them.
        context: Says what each column is for.
        origin: What examples are called.
        place: Where an example stands, for errors.

    Raises:
        DataError: If splits are to follow the order of texts that are neither numbers nor dates.
    """
    return {name: _store(name, texts, context, origin, place) for name, texts in columns.items()}


def column_of_splits(
    name: str, texts: Mapping[SplitName, Sequence[str]], context: LoadContext, where: str
) -> dict[SplitName, Store]:
    """A column of which each split has its own texts, as `stores_beside` makes it of all of them."""
    import numpy as np

    joined = [text for of_split in texts.values() for text in of_split]
    store = stores_beside({name: joined}, context, where, lambda row: f"{where}[{row}]")[name]
    ends = np.cumsum([len(of_split) for of_split in texts.values()])
    rows = np.split(np.arange(len(joined)), ends[:-1])
    return {split: store.take(part) for split, part in zip(texts, rows, strict=True)}


def _store(name: str, texts: Sequence[str], context: LoadContext, origin: str, place: Place) -> Store:
    if name == context.order_by:
        return ArrayStore(in_order(name, texts, place), origin)
    if name in context.beside and name != context.group_by and (numbers := _numbers(texts)) is not None:
        # Scores by a number are of its ranges.
        return ArrayStore(numbers.astype("float32"), origin)
    return coded(texts, origin)


def coded(texts: Sequence[str], origin: str) -> CodedStore:
    """Texts by their places among those that there are; "" is none."""
    import numpy as np

    names = sorted({text for text in texts if text})
    place_of = {text: place for place, text in enumerate(names)} | {"": len(names)}
    return CodedStore(np.array([place_of[text] for text in texts], np.int32), names, origin)


def in_order(name: str, texts: Sequence[str], place: Place) -> np.ndarray:
    """What says which texts are earlier: float64, or datetime64[us]; NaN or NaT where there is none.

    Args:
        name: What they are called.
        texts: Numbers, or dates of one of the forms that tables have.
        place: Where a text stands, for errors.

    Raises:
        DataError: If they are neither; names the first that is no number.
    """
    import numpy as np

    if (numbers := _numbers(texts)) is not None:
        return numbers
    there = [index for index, text in enumerate(texts) if text]
    written = [texts[index] for index in there]
    for form in FORMATS:
        moments = parsed(written, form)
        if not (moments == WRONG).any():
            found = np.full(len(texts), "NaT", "datetime64[us]")
            found[there] = moments.astype("datetime64[us]")
            return found
    row = next(index for index in there if plain_number(texts[index]) is None)
    raise DataError(
        f"{place(row)}, {name}: {texts[row][:60]!r} is not earlier or later than another: expected numbers, "
        "or dates of one form",
        hint="write dates as 2024-12-31, or data.split_by: {group: COLUMN}",
    )


def _numbers(texts: Sequence[str]) -> np.ndarray | None:
    """The numbers that texts write, float64 with NaN for none; None where one is no number."""
    import numpy as np

    found = [plain_number(text) if text else float("nan") for text in texts]
    return None if None in found else np.array(found, np.float64)
