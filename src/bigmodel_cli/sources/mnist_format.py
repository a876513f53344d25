"""What MNIST and Fashion-MNIST share: 28 × 28 grey images of ten classes, from idx files or an `.npz`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from bigmodel_cli.errors import DataError
from bigmodel_cli.kinds.image.kind import ImageFormat, ImageKind
from bigmodel_cli.kinds.image.redrawing.drawings import MadeLike, drawing_like
from bigmodel_cli.signature import Signature
from bigmodel_cli.sources.base import Examples, Source
from bigmodel_cli.sources.idx import IDX_NAMES, read_idx_folder
from bigmodel_cli.sources.npz_arrays import read_npz
from bigmodel_cli.tasks.classification.task import Classification

if TYPE_CHECKING:
    import numpy as np

# Keras's own location of both.
KERAS_DATASETS_URL = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"
_IMAGE_SIZE = (28, 28)


def format_like(name: MadeLike) -> ImageFormat:
    """The format of images that are made like those of a data set."""
    return ImageFormat(_IMAGE_SIZE, "grayscale", drawing=drawing_like(name, _IMAGE_SIZE))


def read_local_copy(path: Path) -> Mapping[str, np.ndarray]:
    """The arrays of a user's own copy: an `.npz` file, or a folder with the idx files or with `mnist.npz`.

    Raises:
        DataError: If it is neither, or broken.
    """
    if not path.exists():
        raise DataError(
            f"{path}: no such file or folder",
            hint=f"name an .npz file, or a folder with {', '.join(IDX_NAMES.values())} (gzipped or not)",
        )
    if path.is_file():
        return read_npz(path)
    if (path / "mnist.npz").is_file() and not any(path.glob("train-images*")):
        return read_npz(path / "mnist.npz")
    return read_idx_folder(path)


def grey_images(
    arrays: Mapping[str, np.ndarray],
    class_names: tuple[str, ...],
    made_like: MadeLike,
    where: str | Path,
) -> Source:
    """The training and test split of ten-class grey images.

    Args:
        arrays: `x_train`, `y_train`, `x_test`, `y_test`; images uint8 of shape (n, 28, 28), labels (n,).
        class_names: Names in the order of the labels.
        made_like: How they were made.
        where: Named in errors.

    Raises:
        DataError: If an array is missing or is not what it should be.
    """
    missing = [name for name in IDX_NAMES if name not in arrays]
    if missing:
        raise DataError(f"{where}: no array {', '.join(missing)}; it has {', '.join(arrays) or 'none'}")
    splits = {}
    for split in ("train", "test"):
        features, labels = arrays[f"x_{split}"], arrays[f"y_{split}"]
        _check(features, labels, split, len(class_names), where)
        splits[split] = Examples.of_arrays(features[..., None], labels.astype("int64"), split)
    image_format = format_like(made_like)
    signature = Signature.of(ImageKind(image_format), Classification(class_names))
    return Source({"train": splits["train"], "test": splits["test"]}, signature)


def _check(features: np.ndarray, labels: np.ndarray, split: str, num_classes: int, where: str | Path) -> None:
    expected = (len(labels), *_IMAGE_SIZE)
    if labels.ndim != 1 or not len(labels) or features.shape != expected or features.dtype != "uint8":
        raise DataError(
            f"{where}: expected uint8 images of shape (n, 28, 28) and labels of shape (n,) in {split}, "
            f"found {features.dtype} {features.shape} and {labels.shape}"
        )
    if labels.dtype.kind not in "iu" or labels.min() < 0 or labels.max() >= num_classes:
        raise DataError(f"{where}: expected labels from 0 to {num_classes - 1} in {split}")
