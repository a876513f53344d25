"""How far the features of an example, before the model's last layer, are from those that are common."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from bigmodel_cli.errors import DataError
from bigmodel_cli.inference.rarity import Rarity
from bigmodel_cli.sources.base import Examples

# So many examples of training are looked at: more of them show more of what is common.
MOST_EXAMPLES = 8_000
# Of more features some are compared, which are spread over all.
_MOST_FEATURES = 4_096


def compared(features: np.ndarray) -> np.ndarray:
    """Features as they are compared: with their square roots few large ones do not hide the others.

    Args:
        features: Shape (n, features).
    """
    if features.shape[1] > _MOST_FEATURES:
        chosen = np.linspace(0, features.shape[1] - 1, _MOST_FEATURES).astype(np.int64)
        features = features[:, chosen]
    return np.asarray(np.sign(features) * np.sqrt(np.abs(features)), np.float32)


def fit_inner(
    model: Any,
    train: Examples,
    held_out: Examples,
    probabilities: Callable[[np.ndarray], np.ndarray | None],
    batch_size: int,
) -> Rarity | None:
    """What features are common; None where there is too little to say.

    Args:
        model: As `modeling.inner.with_features` gives it.
        train: Some examples that were learned from, as the model takes them.
        held_out: Some others.
        probabilities: Of classes, from the model's outputs; None where there are none.
        batch_size: No larger than in training: what fits there fits here.
    """
    _, features, kept = _run(model, train, batch_size)
    outputs, others, _ = _run(model, held_out, batch_size)
    if not len(features) or not len(others):
        return None
    labels = train.labels[kept]
    return Rarity.of_features(compared(features), labels, compared(others), probabilities(outputs))


def _run(model: Any, examples: Examples, batch_size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Outputs and features of the examples that can be read, and their indices."""
    import tensorflow as tf

    run = tf.function(
        lambda features: model(features, training=False), autograph=False, reduce_retracing=True
    )
    kept: list[int] = []
    found: list[tuple[np.ndarray, np.ndarray]] = []
    for start in range(0, len(examples), batch_size):
        values = []
        for index in range(start, min(start + batch_size, len(examples))):
            try:
                values.append(examples.read(index))
            except DataError:
                # A bad file, which training has left out as well.
                continue
            kept.append(index)
        if values:
            outputs, features = run(tf.constant(np.stack(values)))
            found.append((outputs.numpy(), features.numpy()))
    if not found:
        return np.empty((0, 0)), np.empty((0, 0)), np.empty(0, np.int64)
    outputs, features = (np.concatenate(parts).astype(np.float32) for parts in zip(*found, strict=True))
    return outputs, features, np.array(kept, np.int64)
