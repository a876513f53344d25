"""Training examples beside what augmentation makes of them, applied as a training step applies it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from bigmodel_cli.cut import some
from bigmodel_cli.kinds.show import has_shape_of_picture, without_channel
from bigmodel_cli.modeling.augmentation import augment
from bigmodel_cli.modeling.build import BuiltModel
from bigmodel_cli.reporting.image_grids import Tile, draw_grid

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NUM_EXAMPLES = 6
NUM_VERSIONS = 7
_MIN_SHARE = 0.005


def different_examples(labels: np.ndarray, *, are_classes: bool) -> np.ndarray:
    """The indices of a few examples of labels as different as can be, in the order of the labels.

    Args:
        labels: Shape (n,) or, for numbers, (n, …).
        are_classes: Whether labels are class indices.
    """
    count = min(NUM_EXAMPLES, len(labels))
    if not are_classes:
        return np.linspace(0, len(labels) - 1, count).astype(np.int64)
    # The first example of each class comes before any second one.
    by_class = np.argsort(labels, kind="stable")
    _, starts, counts = np.unique(labels[by_class], return_index=True, return_counts=True)
    rank = np.empty(len(labels), np.int64)
    rank[by_class] = np.arange(len(labels)) - np.repeat(starts, counts)
    return np.lexsort((labels, rank))[:count]


def draw_training_samples(
    built: BuiltModel, originals: np.ndarray, labels: np.ndarray, class_names: Sequence[str] | None
) -> Figure | None:
    """Draw examples, and to the right of each of them augmented versions, under their labels.

    Args:
        built: A model with its augmentation.
        originals: Raw images, uint8 of shape (n, height, width) or (n, height, width, channels).
        labels: Theirs, of shape (n,) or, for numbers, (n, …).
        class_names: In index order; None where labels are numbers.

    Returns:
        None where preprocessing makes something else than images of them.
    """
    features = _preprocessed(built, originals)
    if not has_shape_of_picture(features.shape[1:]):
        return None
    black, white = (_preprocessed(built, np.full_like(originals[:1], value)) for value in (0, 255))
    num_classes = None if class_names is None else len(class_names)
    versions = []
    for _ in range(NUM_VERSIONS if built.augmentation else 0):
        numbers = labels.astype(np.int32) if num_classes else labels
        augmented, mixed = augment(built.augmentation, features, numbers, num_classes)
        versions.append((_visible(np.asarray(augmented), black, white), mixed))
    tiles = list(_tiles(originals, labels, versions, _namer(class_names)))
    heading = "training examples, and what augmentation makes of them" if versions else "training examples"
    return draw_grid(tiles, 1 + len(versions) if versions else NUM_EXAMPLES, heading)


def _preprocessed(built: BuiltModel, pixels: np.ndarray) -> np.ndarray:
    if built.preprocess is None:
        return pixels.astype(np.float32)
    return np.asarray(built.preprocess(pixels, training=False), np.float32)


def _visible(features: np.ndarray, black: np.ndarray, white: np.ndarray) -> np.ndarray:
    """Features back as pixels, between what preprocessing makes of black and of white.

    Returns:
        uint8 of the same shape.
    """
    span = np.where(white == black, 1.0, white - black)
    pixels: np.ndarray = ((features - black) / span * 255).round().clip(0, 255).astype(np.uint8)
    return pixels


def _tiles(
    originals: np.ndarray,
    labels: np.ndarray,
    versions: Sequence[tuple[np.ndarray, Any]],
    named: Callable[[Any], str],
) -> Iterator[Tile]:
    for row, original in enumerate(originals):
        yield Tile(without_channel(original), named(labels[row]), "original" if versions else "")
        for pixels, mixed in versions:
            title, note = (named(labels[row]), "") if mixed is None else _shares(mixed[row], named)
            yield Tile(without_channel(pixels[row]), title, note)


def _namer(class_names: Sequence[str] | None) -> Callable[[Any], str]:
    if class_names is None:
        return lambda label: some((f"{value:.4g}" for value in np.ravel(label).tolist()), 3)
    return lambda label: class_names[int(label)]


def _shares(mixed: Any, named: Callable[[Any], str]) -> tuple[str, str]:
    """`70% cat` over `30% dog`, as MixUp mixes labels."""
    shares = np.asarray(mixed)
    best = [label for label in np.argsort(-shares, kind="stable")[:2].tolist() if shares[label] >= _MIN_SHARE]
    lines = [f"{shares[label]:.0%} {named(label)}" for label in best]
    return lines[0], lines[1] if len(lines) > 1 else ""
