"""What the features of Hugging Face's datasets are here."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bigmodel_cli.kinds.image.kind import ColorMode
from bigmodel_cli.sources.hubs.column_types import Classes, ClassSets, Images, Moments, Numbers, Texts
from bigmodel_cli.sources.hubs.columns import Column, Unread

_UNEVEN = "examples differ in their number, and a model takes arrays of one shape"
_NUMBER = re.compile(r"bool|u?int(8|16|32|64)|float(16|32|64)")
_MODES: Mapping[str | None, ColorMode] = {"L": "grayscale", "1": "grayscale", "RGB": "rgb", "RGBA": "rgba"}
# By the names of classes, of which older versions lack some.
_OTHERS = {
    "Audio": Unread("a sound", "sounds are not read yet"),
    "Video": Unread("a video", "videos are not read yet"),
    "Pdf": Unread("a PDF file", "such files are not read"),
    "Nifti": Unread("a NIfTI image", "such files are not read"),
    "TranslationVariableLanguages": Unread("texts in some languages", "examples differ in their languages"),
}


def columns_of(features: Mapping[str, Any], tables: Sequence[Any]) -> dict[str, Column]:
    """What each column holds, by name; of columns within others all names are joined by `/`.

    Args:
        features: `datasets.Features`.
        tables: Of each split, as a pyarrow.Table.
    """
    return {
        "/".join(names): _column(feature, [_within(table, names) for table in tables])
        for names, feature in flattened(features)
    }


def flattened(
    features: Mapping[str, Any], names: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Features that have no further ones in them, with their names."""
    for name, feature in features.items():
        path = (*names, name)
        if isinstance(feature, dict):
            yield from flattened(feature, path)
        elif type(feature).__name__ == "Translation":
            yield from (((*path, language), None) for language in feature.languages)
        else:
            yield path, feature


def _within(table: Any, names: Sequence[str]) -> Any:
    """A column of a table, or an entry of what a column has, as a pyarrow.ChunkedArray."""
    import pyarrow.compute as pc

    column = table.column(names[0])
    for name in names[1:]:
        column = pc.struct_field(column, name)
    return column


def _column(feature: Any, arrays: Sequence[Any]) -> Column:
    import datasets

    if feature is None:
        return Texts()
    if isinstance(feature, datasets.Value):
        return _value(feature.dtype)
    if isinstance(feature, datasets.ClassLabel):
        return Classes(tuple(feature.names))
    if isinstance(feature, datasets.Image):
        return Images(None, _MODES.get(feature.mode))
    if hasattr(feature, "shape"):
        return _array(tuple(feature.shape), feature.dtype)
    if type(feature).__name__ in _OTHERS:
        return _OTHERS[type(feature).__name__]
    if isinstance(feature, list) or hasattr(feature, "feature"):
        return _list(feature, arrays)
    return Unread(f"a {type(feature).__name__}", "features of this type are not read yet")


def _value(dtype: str) -> Column:
    if dtype in ("string", "large_string", "string_view"):
        return Texts()
    if _NUMBER.fullmatch(dtype):
        return Numbers((), dtype)
    if dtype.startswith(("date", "timestamp")):
        return Moments()
    return Unread(f"a value of type {dtype}", "such values are not read")


def _array(shape: tuple[int | None, ...], dtype: str) -> Column:
    known = tuple(side for side in shape if side is not None)
    if len(known) < len(shape):
        return Unread("an array of numbers", _UNEVEN)
    return (
        Numbers(known, dtype) if _NUMBER.fullmatch(dtype) else Unread(f"an array of {dtype}", "not numbers")
    )


def _list(feature: Any, arrays: Sequence[Any]) -> Column:
    """Lists; those of numbers that have one length in all rows are arrays, declared or not."""
    import pyarrow.compute as pc

    inner = feature[0] if isinstance(feature, list) else feature.feature
    if isinstance(inner, dict):
        return Unread("a list of several values each", "a model takes one value of each column")
    chunks = [chunk for array in arrays for chunk in array.chunks if len(chunk)]
    column = _column(inner, [_Chunked([chunk.flatten() for chunk in chunks])])
    if isinstance(column, Classes) and column.names is not None:
        return ClassSets(column.names)
    if not isinstance(column, Numbers):
        if isinstance(column, Unread) and column.reason == _UNEVEN:
            return column
        return Unread(
            f"a list, of which each item is {column.described}", "only lists of numbers are read yet"
        )
    lengths = {each.as_py() for chunk in chunks for each in pc.unique(pc.list_value_length(chunk))}
    if len(lengths) != 1 or None in lengths:
        return Unread("a list of numbers", _UNEVEN)
    return Numbers((*lengths, *column.shape), column.dtype)


class _Chunked:
    """What pyarrow's ChunkedArray is, of arrays that may be none.

    Args:
        chunks: The arrays.
    """

    def __init__(self, chunks: Sequence[Any]) -> None:
        self.chunks = chunks
