"""What augmentation makes of examples: the layers of the config, applied as a training step applies them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from bigmodel_cli.audit.audited import Audited
from bigmodel_cli.audit.contact_sheet import as_tile
from bigmodel_cli.modeling.augmentation import augment
from bigmodel_cli.modeling.backend import choose_device, start
from bigmodel_cli.modeling.build import BuiltModel, build_model
from bigmodel_cli.pipeline.feed import raw_features
from bigmodel_cli.reporting.figures import new_figure, plain

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NUM_EXAMPLES = 6
NUM_VERSIONS = 7
# Training examples that layers with adapt() learn from here; training takes all.
_ADAPTED_ON = 512
_TILE = 128


def draw_augmentation(audited: Audited) -> Figure | None:
    """Some training examples beside augmented versions of them, their labels above.

    Returns:
        None where the config augments nothing, or examples are no images once they are preprocessed.

    Raises:
        ConfigError: If Keras refuses a part of the config.
    """
    if not audited.experiment.augmentation or not audited.is_images:
        return None
    numbers = _chosen(audited)
    originals = np.stack([audited.pixels(number) for number in numbers.tolist()])
    labels = audited.labels[numbers]
    built = _build(audited)
    features = _preprocessed(built, originals)
    if not _is_images(features):
        return None
    black, white = _black_and_white(built, originals)
    num_classes = audited.splits.signature.num_classes
    versions = []
    for _ in range(NUM_VERSIONS):
        augmented, mixed = augment(built.augmentation, features, labels.astype(np.int32), num_classes)
        versions.append((_visible(np.asarray(augmented), black, white), mixed))
    return _draw(audited, originals, labels, versions)


def _is_images(features: np.ndarray) -> bool:
    """Whether a batch can be seen; without an axis of channels it is grey."""
    return features.ndim == 3 or (features.ndim == 4 and features.shape[-1] in (1, 3, 4))


def _chosen(audited: Audited) -> np.ndarray:
    """The numbers of training examples of classes as different as can be."""
    of_training = audited.numbers_in("train")
    if audited.class_names is None:
        return of_training[np.linspace(0, len(of_training) - 1, NUM_EXAMPLES).astype(np.int64)]
    labels = audited.labels[of_training]
    # The first example of each class comes before any second one.
    by_class = np.argsort(labels, kind="stable")
    _, starts, counts = np.unique(labels[by_class], return_index=True, return_counts=True)
    rank = np.empty(len(labels), np.int64)
    rank[by_class] = np.arange(len(labels)) - np.repeat(starts, counts)
    return of_training[np.lexsort((labels, rank))[:NUM_EXAMPLES]]


def _build(audited: Audited) -> BuiltModel:
    experiment, splits = audited.experiment, audited.splits
    choose_device("cpu")
    start(seed=experiment.seed)
    readable = audited.numbers_in("train")[:_ADAPTED_ON]
    sample = splits.train.take(audited.measured.indices[readable])
    return build_model(
        experiment,
        splits.signature,
        total_steps=1,
        adapt_data=lambda: raw_features(sample, splits.signature),
    )


def _preprocessed(built: BuiltModel, pixels: np.ndarray) -> np.ndarray:
    if built.preprocess is None:
        return pixels.astype(np.float32)
    return np.asarray(built.preprocess(pixels, training=False))


def _black_and_white(built: BuiltModel, like: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What preprocessing makes of a black and of a white image: between them is what can be seen."""
    black, white = (_preprocessed(built, np.full_like(like[:1], value)) for value in (0, 255))
    return black, white


def _visible(features: np.ndarray, black: np.ndarray, white: np.ndarray) -> np.ndarray:
    """Features back as pixels: uint8 of the same shape."""
    span = np.where(white == black, 1.0, white - black)
    pixels: np.ndarray = ((features - black) / span * 255).round().clip(0, 255).astype(np.uint8)
    return pixels


def _draw(
    audited: Audited, originals: np.ndarray, labels: np.ndarray, versions: list[tuple[np.ndarray, Any]]
) -> Figure:
    columns = 1 + len(versions)
    figure = new_figure(1.35 * columns, 1.6 * len(originals) + 0.3)
    grid = figure.subplots(len(originals), columns, squeeze=False)
    for row, original in enumerate(originals):
        _show(grid[row, 0], original, f"{_text(audited, labels[row])}\n(original)")
        for column, (pixels, mixed) in enumerate(versions, 1):
            text = _text(audited, labels[row]) if mixed is None else _mixed(audited, np.asarray(mixed[row]))
            _show(grid[row, column], pixels[row], text)
    return figure


def _show(axes: Any, pixels: np.ndarray, text: str) -> None:
    axes.imshow(as_tile(pixels, _TILE), interpolation="nearest")
    axes.set_axis_off()
    axes.set_title(text, fontsize=7, pad=3)


def _text(audited: Audited, label: Any) -> str:
    if audited.class_names is None:
        return " ".join(f"{value:.4g}" for value in np.ravel(label)[:3])
    return plain(audited.class_names[int(label)], 18)


def _mixed(audited: Audited, shares: np.ndarray) -> str:
    """`70 % cat` over `30 % dog`."""
    assert audited.class_names is not None
    order = [label for label in np.argsort(-shares, kind="stable")[:2].tolist() if shares[label] >= 0.005]
    return "\n".join(f"{shares[label]:.0%} {plain(audited.class_names[label], 15)}" for label in order)
