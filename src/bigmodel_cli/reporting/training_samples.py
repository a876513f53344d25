"""Training examples beside what augmentation makes of them, applied as a training step applies it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from bigmodel_cli.kinds.show import has_shape_of_picture, without_channel
from bigmodel_cli.modeling.augmentation import augment
from bigmodel_cli.modeling.build import BuiltModel
from bigmodel_cli.parts import part_of
from bigmodel_cli.reporting.image_grids import Tile, draw_grid
from bigmodel_cli.tasks.bound import Targets
from bigmodel_cli.tasks.figures import Figures
from bigmodel_cli.tasks.task import Task

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NUM_EXAMPLES = 6
NUM_VERSIONS = 7


def different_examples(labels: np.ndarray, task: Task) -> np.ndarray:
    """The indices of a few examples of labels as different as can be, in the order of the labels.

    Args:
        labels: Shape (n,) or, for numbers, (n, …).
        task: What they are.
    """
    return part_of(task, Figures).different(labels, min(NUM_EXAMPLES, len(labels)))


def draw_training_samples(
    built: BuiltModel, originals: np.ndarray, labels: Mapping[str, np.ndarray], targets: Mapping[str, Task]
) -> Figure | None:
    """Draw examples, and to the right of each of them augmented versions, under their labels.

    Args:
        built: A model with its augmentation.
        originals: Raw images, uint8 of shape (n, height, width) or (n, height, width, channels).
        labels: Theirs by target, of shape (n,) or, for numbers, (n, …); the first target's are shown.
        targets: What the labels are.

    Returns:
        None where preprocessing makes something else than images of them.
    """
    features = _preprocessed(built, originals)
    if not has_shape_of_picture(features.shape[1:]):
        return None
    black, white = (_preprocessed(built, np.full_like(originals[:1], value)) for value in (0, 255))
    versions, shown = [], next(iter(targets))
    for _ in range(NUM_VERSIONS if built.augmentation else 0):
        augmented, encoded, _ = augment(built.augmentation, features, built.tasks.targets(labels))
        versions.append((_visible(np.asarray(augmented), black, white), encoded[shown]))
    tiles = list(_tiles(originals, labels[shown], versions, part_of(targets[shown], Figures)))
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
    versions: Sequence[tuple[np.ndarray, Targets]],
    figures: Figures[Any],
) -> Iterator[Tile]:
    for row, original in enumerate(originals):
        caption = figures.caption(labels[row], None)._replace(note="original" if versions else "")
        yield Tile(figures.drawn(without_channel(original), labels[row]), caption)
        for pixels, targets in versions:
            shares = None if targets.mixed is None else targets.mixed[row]
            drawn = figures.drawn(without_channel(pixels[row]), np.asarray(targets.labels[row]))
            yield Tile(drawn, figures.caption(np.asarray(targets.labels[row]), shares))
