"""A starter config for the arrays of an .npz file."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bigmodel_cli.errors import DataError
from bigmodel_cli.sources.npz_arrays import read_npz
from bigmodel_cli.sources.split_names import split_named
from bigmodel_cli.starter.convnet import convnet_recipe
from bigmodel_cli.starter.folders import is_for_pretrained
from bigmodel_cli.starter.images import Images
from bigmodel_cli.starter.labels import Wanted, targets_of
from bigmodel_cli.starter.pretrained import NoWeights, Pretrained, pretrained_recipe, side_for
from bigmodel_cli.starter.sizes import train_size
from bigmodel_cli.starter.targets import Targets
from bigmodel_cli.starter.vectors import dense_recipe, sequence_recipe
from bigmodel_cli.starter.writing import Recipe

if TYPE_CHECKING:
    import numpy as np

# What people call features and labels, in this order; the first pair is the source's own.
_PAIRS = (
    ("x", "y"),
    ("X", "y"),
    ("X", "Y"),
    ("images", "labels"),
    ("image", "label"),
    ("data", "labels"),
    ("data", "target"),
    ("data", "targets"),
    ("features", "labels"),
    ("features", "target"),
    ("inputs", "targets"),
    ("inputs", "labels"),
    ("train_images", "train_labels"),
)
_CHANNELS = (1, 3, 4)
_MIN_IMAGE_SIDE = 8
# So much longer than wide an array of numbers is a sequence rather than a picture.
_MAX_PROPORTION = 4
_MIN_PIXELS_IN_ROW = 64


@dataclass(frozen=True)
class SeenArrays:
    """What the arrays of a file are like.

    Attributes:
        features: Those of the training part.
        targets: What labels are.
        options: What the source `npz` must be told beyond the path, as YAML.
        num_train: Examples that training sees.
        num_all: With those that are held out.
    """

    features: np.ndarray
    targets: Targets
    options: Sequence[str]
    num_train: int
    num_all: int

    @property
    def found(self) -> str:
        shape = " × ".join(map(str, self.features.shape[1:]))
        return f"{self.num_all:,} examples of shape {shape} ({self.features.dtype}), {self.targets.described}"


def look_at_arrays(path: Path, labels_are: Wanted | None = None) -> SeenArrays:
    """What is in an .npz file.

    Args:
        path: The file.
        labels_are: What the person says of them.

    Raises:
        DataError: If it has no features with labels, or of a kind that nothing can be written for.
    """
    import numpy as np

    arrays = read_npz(path)
    x, y, options = _pair(path, arrays)
    splits = {split: (arrays[a], arrays[b]) for split, (a, b) in _splits(arrays, x, y).items()}
    features, labels = splits["train"]
    for split, (one, other) in splits.items():
        _check_pair(path, split, one, other)
    targets = targets_of(labels, f"{path}: {y}", labels_are)
    num_all = sum(len(one) for one, _ in splits.values())
    num_train = len(features) if len(splits) > 1 else train_size(len(features))
    if features.dtype.kind == "f" and not np.isfinite(features).all():
        raise DataError(
            f"{path}: {x} has values that are NaN or infinite", hint="fill in or remove these examples"
        )
    return SeenArrays(features, targets, [*options, f"labels: {targets.kind}"], num_train, num_all)


def _splits(arrays: Mapping[str, np.ndarray], x: str, y: str) -> dict[str, tuple[str, str]]:
    """The names of features and labels by split, `train` among them where there are any."""
    found: dict[str, tuple[str, str]] = {}
    for name in arrays:
        for first, second in ((name.partition("_")[0], name.partition("_")[2]), name.rpartition("_")[::2]):
            for base, word, other in ((first, second, f"{y}_{second}"), (second, first, f"{first}_{y}")):
                split = split_named(word)
                if base == x and split and other in arrays:
                    found[split] = (name, other)
    if x in arrays and y in arrays and "train" not in found:
        found["train"] = (x, y)
    return found


def _pair(path: Path, arrays: Mapping[str, np.ndarray]) -> tuple[str, str, list[str]]:
    """The names of features and labels, and the source's options for them.

    Raises:
        DataError: If it is not clear which they are.
    """
    shown = ", ".join(f"{name} {array.shape}" for name, array in arrays.items()) or "none"
    for x, y in _PAIRS:
        if "train" in _splits(arrays, x, y):
            others = _other_columns(arrays, x, y)
            if others:
                raise DataError(
                    f"{path}: besides {x} and {y} there are {', '.join(others)}, one for each example; "
                    "several inputs or outputs cannot be trained on yet",
                    hint=f"save {x} and {y} alone, or name others with features_array and labels_array",
                )
            return x, y, _options(x, y)
    if len(arrays) == 2 and len({len(array) if array.ndim else 0 for array in arrays.values()}) == 1:
        x, y = sorted(arrays, key=lambda name: -arrays[name].ndim * 10**9 - arrays[name].size)
        return x, y, _options(x, y)
    if len(arrays) == 1 or ("x" in arrays and not any(name.startswith("y") for name in arrays)):
        raise DataError(
            f"{path}: no labels among {shown}; an array that is its own target (an autoencoder) "
            "cannot be trained on yet",
            hint="save the labels too: numpy.savez(path, x=…, y=…)",
        )
    raise DataError(
        f"{path}: which arrays are features and labels? There are {shown}",
        hint="call them x and y, or x_train, y_train, x_test and y_test: numpy.savez(path, x=…, y=…)",
    )


def _options(x: str, y: str) -> list[str]:
    return [
        f"{key}: {name}"
        for key, name, own in (("features_array", x, "x"), ("labels_array", y, "y"))
        if name != own
    ]


def _other_columns(arrays: Mapping[str, np.ndarray], x: str, y: str) -> list[str]:
    """Arrays with a row for each example that are neither."""
    used = {name for pair in _splits(arrays, x, y).values() for name in pair}
    count = len(arrays[_splits(arrays, x, y)["train"][0]])
    return [name for name, array in arrays.items() if name not in used and array.ndim and len(array) == count]


def _check_pair(path: Path, split: str, features: np.ndarray, labels: np.ndarray) -> None:
    import numpy as np

    if features.dtype.kind not in "biuf" or features.ndim < 2 or 0 in features.shape:
        raise DataError(
            f"{path}: features of {split} of shape {features.shape} and type {features.dtype}",
            hint="expected numbers of shape (examples, …)",
        )
    if len(features) != len(labels):
        raise DataError(f"{path}: {len(features):,} examples but {len(labels):,} labels in {split}")
    if features.ndim > 2 and labels.shape == features.shape and np.array_equal(labels, features):
        raise DataError(
            f"{path}: the labels are the features: an array that is its own target (an autoencoder) cannot "
            "be trained on yet"
        )


def arrays_recipe(source: str, seen: SeenArrays, start: Pretrained | NoWeights, *, asked: bool) -> Recipe:
    """The recipe for what examples are: rows of numbers, sequences, or images.

    Args:
        source: The data source as YAML.
        seen: The arrays.
        start: What a network for images begins with.
        asked: Whether the person named weights.

    Raises:
        DataError: If they are none of these.
    """
    shape = seen.features.shape[1:]
    first, image_shape = _as_image(seen.features)
    if image_shape is None:
        if len(shape) == 1:
            return dense_recipe(source, shape[0], seen.num_train, seen.targets)
        if len(shape) == 2:
            return sequence_recipe(source, shape, seen.num_train, seen.targets)
        raise DataError(
            f"examples of shape {shape}: init writes configs for rows of numbers, sequences and images",
            hint="begin with a config of your own: bigmodel init > config.yaml",
        )
    height, width, channels = image_shape
    images = Images(seen.num_train, seen.num_all, height, width, channels == 1, True)
    scaled = _scale(seen.features)
    if isinstance(start, Pretrained) and channels == 3 and (asked or is_for_pretrained(images)):
        size = images.scaled(side_for(images), 32)
        to_255 = [] if not scaled or "1/255" in scaled[0] else scaled
        before = [*first, *to_255, f"- Resizing: {{height: {size[0]}, width: {size[1]}}}"]
        if _largest(seen.features) <= 1:
            before.append("- Rescaling: {scale: 255}")
        return pretrained_recipe(source, size, images, start, before)
    return convnet_recipe(
        source, image_shape, seen.num_train, preprocessing=[*first, *scaled], is_photograph=channels == 3
    )


def _as_image(features: np.ndarray) -> tuple[list[str], tuple[int, int, int] | None]:
    """What brings examples to (height, width, channels), as YAML steps; None where they are no images."""
    shape = features.shape[1:]
    if len(shape) == 3:
        if shape[0] in _CHANNELS and shape[2] not in _CHANNELS:
            height, width, channels = shape[1], shape[2], shape[0]
            return ["- Permute: {dims: [2, 3, 1]}          # channels last, as Keras has them"], (
                height,
                width,
                channels,
            )
        return [], (shape[0], shape[1], shape[2])
    if len(shape) == 2 and _is_picture(features, shape):
        return [f"- Reshape: {{target_shape: [{shape[0]}, {shape[1]}, 1]}}   # one channel"], (
            shape[0],
            shape[1],
            1,
        )
    if len(shape) == 1 and (channels := _channels_in_row(features)):
        side = math.isqrt(shape[0] // channels)
        steps = [f"- Reshape: {{target_shape: [{side}, {side}, {channels}]}}   # each row is a picture"]
        return steps, (side, side, channels)
    return [], None


def _is_picture(features: np.ndarray, shape: Sequence[int]) -> bool:
    if min(shape) < _MIN_IMAGE_SIDE or max(shape) > _MAX_PROPORTION * min(shape):
        return False
    return features.dtype.name == "uint8" or bool(features.min() >= 0 and (_largest(features) in (1, 255)))


def _channels_in_row(features: np.ndarray) -> int:
    """1 where rows are square grey pictures, as MNIST is often kept; else 0."""
    length = features.shape[1]
    is_square = length >= _MIN_PIXELS_IN_ROW and math.isqrt(length) ** 2 == length
    is_pixels = features.dtype.kind in "iu" and features.min() >= 0 and _largest(features) == 255
    return 1 if is_square and is_pixels else 0


def _largest(features: np.ndarray) -> float:
    return float(features.max())


def _scale(features: np.ndarray) -> list[str]:
    """The step that brings values to about 0 to 1, as YAML; none where they are there already."""
    low, high = float(features.min()), _largest(features)
    if low < 0 or high > 255 or (high < 100 and high > 1):
        return ["- Normalization                        # by mean and variance of each channel"]
    return ["- Rescaling: {scale: 1/255}"] if high > 1 else []
