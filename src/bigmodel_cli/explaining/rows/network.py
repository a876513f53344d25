"""A run's model of rows as explanations need it: cut in two, where columns have become numbers.

What stands there is one row of floats for each example (`Encoded`): places in vocabularies are one-hot or
embedded already, so that there are gradients, and a column can be exchanged without reading a text again.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from bigmodel_cli.config.reading import Reading
from bigmodel_cli.modeling.cut import cut_row
from bigmodel_cli.modeling.surgery import rebuild
from bigmodel_cli.parts import part_of
from bigmodel_cli.signature import Signature, slugs
from bigmodel_cli.sources.base import bare
from bigmodel_cli.sources.stores import Store
from bigmodel_cli.tasks.explain import Explained

# Rows that the model computes at once.
_AT_ONCE = 4096


@dataclass(frozen=True)
class _Tensor:
    """A tensor between the two parts of a model."""

    name: str
    shape: tuple[int, ...]
    dtype: str

    @property
    def size(self) -> int:
        return math.prod(self.shape)


class RowNetwork:
    """One target of a model of rows.

    Args:
        model: The run's functional `keras.Model`.
        signature: What it takes, and all of its targets.
        target: Which of them is explained.
        reading: How its outputs are read.
        temperature: Of the decision rule.

    Attributes:
        explained: `log-odds`, or `output` where outputs are numbers or no probabilities.
        has_gradients: Whether all that stands between the two parts are floats.
        bare_model: The model up to what scores are made of.
        slugs: What it calls columns.
    """

    def __init__(
        self, model: Any, signature: Signature, target: str, reading: Reading, temperature: float
    ) -> None:
        import keras

        if len(signature.targets) > 1:
            model = keras.Model(model.input, model.output[slugs(signature.targets)[target]])
        part = part_of(signature.targets[target], Explained)
        score = part.score(model, signature.kind, reading.activation, temperature)
        self._score, self.explained = score.of, score.name
        bare_model = rebuild(keras.Model(model.input, model.output), bare=score.bare)
        through = (keras.layers.Embedding,)
        self.bare_model, self.slugs = bare_model, signature.slugs
        halves = cut_row(bare_model, through)
        whole = halves if score.bare is None else cut_row(model, through)
        self._front = None if halves is None else _compiled(halves.front)
        self._back = bare_model if halves is None else halves.back
        self._outputs = model if whole is None else whole.back
        given = self._back.input
        tensors = given if isinstance(given, dict) else {"": given}
        self._tensors = [
            _Tensor(name, tuple(tensor.shape[1:]), str(tensor.dtype)) for name, tensor in tensors.items()
        ]
        self.has_gradients = all(tensor.dtype.startswith("float") for tensor in self._tensors)
        self._run_outputs = _compiled(lambda flat: self._outputs(self._apart(flat), training=False))
        self._run_scores = _compiled(lambda flat: self._back(self._apart(flat), training=False))

    @cached_property
    def are_floats(self) -> np.ndarray:
        """Which of the numbers of a row gradients reach, bool of shape (width,)."""
        found = [one.dtype.startswith("float") for one in self._tensors]
        return np.repeat(found, [one.size for one in self._tensors])

    @property
    def width(self) -> int:
        """Numbers that a row becomes."""
        return sum(tensor.size for tensor in self._tensors)

    def encoded(self, columns: Mapping[str, Store]) -> np.ndarray:
        """Rows as numbers, float32 of shape (n, width).

        Args:
            columns: All that the model takes, by name.
        """
        count = len(next(iter(columns.values())))
        parts = []
        for start in range(0, count, _AT_ONCE):
            rows = np.arange(start, min(start + _AT_ONCE, count))
            parts.append(self._encode({name: store.take(rows) for name, store in columns.items()}))
        return np.concatenate(parts)

    def _encode(self, columns: Mapping[str, Store]) -> np.ndarray:
        import tensorflow as tf

        raw = {name: tf.constant(values_of(store)) for name, store in columns.items()}
        given = bare(raw) if self._front is None else self._front(bare(raw))
        named = given if isinstance(given, dict) else {"": given}
        flat = [np.asarray(named[one.name]).reshape(-1, one.size) for one in self._tensors]
        return np.concatenate(flat, axis=1).astype(np.float32)

    def _apart(self, flat: Any) -> Any:
        """What the second part takes of rows of numbers, inside the graph."""
        import tensorflow as tf

        pieces = tf.split(flat, [tensor.size for tensor in self._tensors], axis=1)
        found = {
            one.name: tf.cast(tf.reshape(piece, (-1, *one.shape)), one.dtype)
            for one, piece in zip(self._tensors, pieces, strict=True)
        }
        return found.get("", found)

    def outputs(self, encoded: np.ndarray) -> np.ndarray:
        """The model's outputs of shape (n, …) for rows of numbers."""
        return _in_parts(self._run_outputs, encoded)

    def scores(self, encoded: Any, targets: Sequence[int]) -> Any:
        """The number that is explained, for some classes or outputs: a tensor of shape (n, targets).

        Args:
            encoded: A float32 tensor of shape (n, width).
            targets: Their indices.
        """
        return self.scores_of(self._run_scores(encoded), targets)

    def scores_of(self, outputs: Any, targets: Sequence[int]) -> Any:
        """The same of what `bare_model` gives."""
        import keras

        outputs = keras.ops.reshape(outputs, (outputs.shape[0], -1))
        return keras.ops.stack([self._score(outputs, target) for target in targets], axis=1)

    def scored(self, encoded: np.ndarray, targets: Sequence[int]) -> np.ndarray:
        """The same as an array, float64."""
        return _in_parts(lambda part: self.scores(part, targets), encoded).astype(np.float64)


def _compiled(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    import tensorflow as tf

    compiled: Callable[[Any], Any] = tf.function(
        lambda given: function(given), autograph=False, reduce_retracing=True
    )
    return compiled


def _in_parts(run: Callable[[Any], Any], encoded: np.ndarray) -> np.ndarray:
    import tensorflow as tf

    parts = [
        np.asarray(run(tf.constant(encoded[start : start + _AT_ONCE])))
        for start in range(0, len(encoded), _AT_ONCE)
    ]
    return np.concatenate(parts)


def values_of(store: Store) -> np.ndarray:
    """What the model takes of a column."""
    if store.array is None:
        return np.stack([store.read(index) for index in range(len(store))])
    return store.values_of(store.array)
