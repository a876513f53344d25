"""What the features of TensorFlow Datasets are here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bigmodel_cli.kinds.image.kind import COLOR_MODES
from bigmodel_cli.sources.hubs.column_types import Classes, ClassSets, Images, Numbers, Texts
from bigmodel_cli.sources.hubs.columns import Column, Unread

_UNEVEN = "examples differ in their number, and a model takes arrays of one shape"


def columns_of(features: Any) -> dict[str, Column]:
    """What each column holds, by name; of features within others all names are joined by `/`.

    Args:
        features: A `tfds.features.FeatureConnector`.
    """
    # Notes of features are read in any order.
    return {name: _column(feature) for name, feature in sorted(flattened(features), key=lambda pair: pair[0])}


def flattened(features: Any, names: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """Features that have no further ones in them by name, with their names."""
    import tensorflow_datasets as tfds

    if not isinstance(features, tfds.features.FeaturesDict):
        yield "/".join(names), features
        return
    for name, feature in features.items():
        yield from flattened(feature, (*names, name))


def _column(feature: Any) -> Column:
    import numpy as np
    import tensorflow_datasets as tfds

    of = tfds.features
    if isinstance(feature, of.Image):
        return _image(feature)
    if isinstance(feature, of.Audio):
        return Unread("a sound", "sounds are not read yet")
    if isinstance(feature, of.Video):
        return Unread("a video", "videos are not read yet")
    if isinstance(feature, of.Dataset):
        return Unread("a data set for each example", "a model takes one example at a time")
    if isinstance(feature, of.Sequence):
        return _sequence(feature)
    if isinstance(feature, of.ClassLabel):
        return _classes(feature)
    if isinstance(feature, of.Text):
        return Unread("numbers of words", _UNEVEN) if feature.encoder else Texts()
    if isinstance(feature, of.Tensor):
        return _tensor(feature.shape, np.dtype(feature.np_dtype))
    return Unread(f"a {type(feature).__name__}", "features of this type are not read yet")


def _classes(feature: Any) -> Column:
    try:
        return Classes(tuple(feature.names))
    except TypeError:  # TFDS counts to None where it was not told how many there are.
        return Unread("one of some classes", "the data set does not say which classes there are")


def _image(feature: Any) -> Column:
    import numpy as np

    *before, height, width, channels = feature.shape
    if before:
        return Unread("an animation", "videos are not read yet")
    if np.dtype(feature.np_dtype).name not in ("uint8", "uint16"):
        return Unread(f"an image of {np.dtype(feature.np_dtype).name}", "pixels are read as 8 or 16 bits")
    if channels is not None and channels not in COLOR_MODES:
        return Unread(f"an image of {channels} channels", "images have 1, 3 or 4 channels here")
    size = None if height is None or width is None else (height, width)
    return Images(size, None if channels is None else COLOR_MODES[channels])


def _sequence(feature: Any) -> Column:
    """Features of a list; where each is a dictionary, of each of its entries."""
    import tensorflow_datasets as tfds

    inner = feature.feature
    if isinstance(inner, tfds.features.FeaturesDict):
        return Unread("a list of several values each", "a model takes one value of each column")
    column = _column(inner)
    if isinstance(column, Classes) and column.names is not None:
        return ClassSets(column.names)
    length = feature.get_tensor_info().shape[0]
    if not isinstance(column, Numbers):
        return Unread(
            f"a list, of which each item is {column.described}", "only lists of numbers are read yet"
        )
    if length is None:
        return Unread("a list of numbers", _UNEVEN)
    return Numbers((length, *column.shape), column.dtype)


def _tensor(shape: tuple[int | None, ...], dtype: Any) -> Column:
    import numpy as np

    if dtype.kind in "OSU":
        return Texts() if not shape else Unread("an array of texts", "only single texts are read yet")
    if dtype.kind not in "biuf" or dtype.itemsize > np.dtype(np.int64).itemsize:
        return Unread(f"an array of {dtype.name}", "numbers are whole or real here")
    known = tuple(side for side in shape if side is not None)
    if len(known) < len(shape):
        return Unread("an array of numbers", _UNEVEN)
    return Numbers(known, dtype.name)
