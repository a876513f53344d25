"""The recipes for rows of numbers and for sequences of them."""

from __future__ import annotations

import math
from collections.abc import Sequence

from bigmodel_cli.starter.sizes import batch_size_for
from bigmodel_cli.starter.targets import Targets
from bigmodel_cli.starter.writing import Recipe

_WANTED_STEPS = 1_500
# Of a tenth of fewer examples, accuracy is the same in many epochs.
_FEW = 5_000


def _batch_and_epochs(num_train: int) -> tuple[int, int]:
    batch_size = batch_size_for(num_train, 16 if num_train < 1_000 else 32 if num_train < 10_000 else 128)
    steps_per_epoch = math.ceil(num_train / batch_size)
    return batch_size, max(10, min(100, math.ceil(_WANTED_STEPS / steps_per_epoch)))


def dense_recipe(source: str, num_features: int, num_train: int, targets: Targets) -> Recipe:
    """Two layers on rows of numbers."""
    batch_size, epochs = _batch_and_epochs(num_train)
    units = 64 if num_train < 10_000 else 128
    decay = "" if num_train >= 2_000 else ", kernel_regularizer: {L2: {l2: 1e-3}}"
    model = [
        f"- Dense: {{units: {units}, activation: relu{decay}}}",
        "- Dropout: {rate: 0.2}",
        f"- Dense: {{units: {units}, activation: relu{decay}}}",
    ]
    return Recipe(
        source,
        batch_size,
        epochs,
        "3e-3",
        ["- Normalization                        # by mean and variance of each column"],
        (),
        model,
        3.0 * (num_features * units + units * (units + targets.count)) * num_train * epochs,
        [f"Two dense layers on {num_features} columns of numbers; {epochs} epochs."],
        monitor=targets.monitor_of_few if num_train < _FEW else None,
    )


def sequence_recipe(source: str, shape: Sequence[int], num_train: int, targets: Targets) -> Recipe:
    """Convolutions along the steps of sequences."""
    batch_size, epochs = _batch_and_epochs(num_train)
    steps, channels = shape
    filters, model, multiply_adds = 32, [], 0
    while True:
        multiply_adds += steps * 5 * channels * filters
        model.append(f"- Conv1D: {{filters: {filters}, kernel_size: 5, padding: same, activation: relu}}")
        if steps < 8 or filters == 128:
            break
        model.append("- MaxPooling1D")
        steps, channels, filters = steps // 2, filters, 2 * filters
    return Recipe(
        source,
        batch_size,
        epochs,
        "2e-3",
        ["- Normalization                        # by mean and variance of each channel"],
        (),
        [*model, "- GlobalAveragePooling1D", "- Dropout: {rate: 0.2}"],
        3.0 * multiply_adds * num_train * epochs,
        [f"Convolutions along sequences of {shape[0]} steps with {shape[1]} numbers each; {epochs} epochs."],
        monitor=targets.monitor_of_few if num_train < _FEW else None,
    )
