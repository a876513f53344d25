"""The recipe for images from scratch: convolutions with batch normalisation that fits the number of steps."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from bigmodel_cli.starter.sizes import batch_size_for
from bigmodel_cli.starter.writing import Recipe

# Keras's batch normalisation forgets its start in some 500 steps with its momentum of 0.99, in 50 with 0.9.
_SETTLED_STEPS = 5_000
_MAX_EPOCHS = 60
# Where an image costs little, more steps do too.
_WANTED_STEPS, _WANTED_STEPS_OF_SMALL, _LARGE_PIXELS = 400, 1_500, 64 * 64
_MIN_SIDE, _TINY_SIDE, _SMALL_SIDE = 7, 16, 32
_MAX_FILTERS = 256


@dataclass(frozen=True)
class Network:
    """Steps of a model as YAML, and what an example costs in it."""

    lines: Sequence[str]
    multiply_adds: int


def convnet_recipe(
    source: str,
    shape: tuple[int, int, int],
    num_train: int,
    *,
    preprocessing: Sequence[str] = ("- Rescaling: {scale: 1/255}",),
    is_photograph: bool,
) -> Recipe:
    """A convolutional network that is trained from nothing.

    Args:
        source: The data source as YAML.
        shape: (height, width, channels) of what reaches the network.
        num_train: Examples that training sees.
        preprocessing: What brings an example to numbers near 0 to 1.
        is_photograph: Whether left and right may be swapped, and the subject may be nearer or farther away.
    """
    wanted = 16 if num_train < 300 else 32 if num_train < 5_000 else 64 if num_train < 20_000 else 128
    batch_size = batch_size_for(num_train, wanted)
    steps_per_epoch = math.ceil(num_train / batch_size)
    epochs = _epochs(steps_per_epoch, shape, is_photograph)
    steps = epochs * steps_per_epoch
    momentum = 0.9 if steps < _SETTLED_STEPS else 0.99
    network = _network(shape, momentum)
    dropout = 0.5 if _is_small_photograph(shape, is_photograph) else 0.3
    size = f"{shape[1]} × {shape[0]}" if shape[0] != shape[1] else f"{shape[0]} × {shape[0]}"
    decisions = [
        f"A convolutional network from scratch on {size} pixels: {epochs} epochs, which are {steps:,} steps.",
    ]
    if momentum != 0.99:
        decisions.append(
            f"BatchNormalization with momentum {momentum}: Keras's 0.99 needs some 500 steps to forget its "
            "start, and until then validation is far worse than training."
        )
    return Recipe(
        source,
        batch_size,
        epochs,
        "2e-3",
        preprocessing,
        _augmentation(
            shape, is_photograph, is_unit_range=not any("Normalization" in s for s in preprocessing)
        ),
        [*network.lines, _end(shape, is_photograph), f"- Dropout: {{rate: {dropout}}}"],
        # The gradients cost twice what the outputs do.
        3.0 * network.multiply_adds * num_train * epochs,
        decisions,
    )


def _epochs(steps_per_epoch: int, shape: tuple[int, int, int], is_photograph: bool) -> int:
    """So many that there are enough steps; photographs, which differ more from each other, need more."""
    least = 15 if is_photograph else 5
    wanted = _WANTED_STEPS if shape[0] * shape[1] > _LARGE_PIXELS else _WANTED_STEPS_OF_SMALL
    return max(least, min(_MAX_EPOCHS, math.ceil(wanted / steps_per_epoch)))


def _augmentation(shape: tuple[int, int, int], is_photograph: bool, *, is_unit_range: bool) -> list[str]:
    fill = "" if is_photograph else ", fill_mode: nearest"
    shift = 0.15 if _is_small_photograph(shape, is_photograph) else 0.1
    lines = [f"- RandomTranslation: {{height_factor: {shift}, width_factor: {shift}{fill}}}"]
    if is_photograph:
        lines.insert(0, "- RandomFlip: {mode: horizontal}      # not for text or digits")
    if min(shape[:2]) >= 24:
        zoom = shift + 0.1 if is_photograph else 0.1
        lines.append(f"- RandomZoom: {{height_factor: {zoom}, width_factor: {zoom}{fill}}}")
    if _is_small_photograph(shape, is_photograph) and is_unit_range:
        lines.append("- RandomContrast: {factor: 0.3, value_range: [0, 1]}")
    return lines


def _is_small_photograph(shape: tuple[int, int, int], is_photograph: bool) -> bool:
    """Small photographs are learnt by heart sooner: more is varied, and more dropped."""
    return is_photograph and shape[0] * shape[1] <= _LARGE_PIXELS


def _end(shape: tuple[int, int, int], is_photograph: bool) -> str:
    """What stands in a small picture has its place, as strokes of a digit; elsewhere it may be anywhere."""
    return "- GlobalAveragePooling2D" if is_photograph or min(shape[:2]) > _SMALL_SIDE else "- Flatten"


def _network(shape: tuple[int, int, int], momentum: float) -> Network:
    """Convolutions and pooling until some four to seven pixels are left on the shorter side.

    Pooling comes before normalisation: the features are the same, for a quarter of the time. Tiny pictures
    are looked at once more before they are pooled.
    """
    height, width, channels = shape
    filters, lines, multiply_adds = 32, [], 0
    pools = [False] if min(height, width) < _TINY_SIDE else []
    side = min(height, width)
    while side > _MIN_SIDE:
        pools.append(True)
        side //= 2
    pools.append(False)
    for pool in pools:
        multiply_adds += height * width * 9 * channels * filters
        lines.append(f"- Conv2D: {{filters: {filters}, kernel_size: 3, padding: same, use_bias: false}}")
        lines += ["- MaxPooling2D"] if pool else []
        lines += [f"- BatchNormalization: {{momentum: {momentum}}}", "- Activation: {activation: relu}"]
        height, width = (height // 2, width // 2) if pool else (height, width)
        channels, filters = filters, min(2 * filters, _MAX_FILTERS)
    return Network(lines, multiply_adds)
