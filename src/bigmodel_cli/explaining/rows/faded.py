"""A row whose tokens can be faded: each from its vector into the one that stands for padding.

A share of each token says how much of it is there, so that scores have a gradient by tokens whatever the
model does with their vectors. Masks stay those of the row.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from itertools import count
from typing import Any

import numpy as np

from bigmodel_cli.explaining.rows.effects import in_parts
from bigmodel_cli.explaining.rows.network import RowNetwork, values_of
from bigmodel_cli.modeling.masks import handing_on
from bigmodel_cli.modeling.relied_on import relied_on
from bigmodel_cli.sources.stores import Store

# Calls of a model's layers that look tokens up, each by its number, with ids and vectors.
_Looked = Callable[[int, Any, Any, Any], Any]


class FadedRow:
    """One row of a model, as `along` takes a network: its numbers are the shares of its tokens.

    Args:
        network: The model.
        written: The row with its text written word by word, from nothing on, and at last as it is.

    Attributes:
        tokens: Of each word which shares are those of its tokens, bool (words, shares); None where a word
            changes the tokens of another one.
    """

    def __init__(self, network: RowNetwork, written: Mapping[str, Store]) -> None:
        self._network = network
        num_rows = len(next(iter(written.values())))
        ids: dict[int, list[np.ndarray]] = {}
        for rows in in_parts(num_rows):

            def keep(number: int, _layer: Any, looked_up: Any, vectors: Any, count: int = len(rows)) -> Any:
                if looked_up.shape[0] == count and len(vectors.shape) == 3:
                    ids.setdefault(number, []).append(np.asarray(looked_up))
                return vectors

            self._run(self._inputs({name: store.take(rows) for name, store in written.items()}), keep)
        looked_up = {number: np.concatenate(parts) for number, parts in ids.items()}
        self._looked_up = {number: one for number, one in looked_up.items() if (one[-1] != one[0]).any()}
        self._row = self._inputs(
            {name: store.take(np.array([num_rows - 1])) for name, store in written.items()}
        )
        self.tokens = self._tokens()

    def _tokens(self) -> np.ndarray | None:
        if not self._looked_up:
            return np.zeros((0, 0), bool)
        begun = np.concatenate([one[:-1] for one in self._looked_up.values()], axis=1)
        tokens: np.ndarray = begun[1:] != begun[:-1]
        return None if (tokens.sum(axis=0) > 1).any() else tokens

    @cached_property
    def _places(self) -> Mapping[int, tuple[int, int]]:
        """By the number of a call where its shares begin and end."""
        ends = np.cumsum([one.shape[1] for one in self._looked_up.values()]).tolist()
        return dict(zip(self._looked_up, zip([0, *ends], ends, strict=False), strict=True))

    def scores(self, shares: Any, targets: Sequence[int]) -> Any:
        """As `RowNetwork.scores`, of shares (n, tokens) instead of encoded rows."""
        return self._network.scores_of(self._faded(shares), targets)

    def scored(self, shares: np.ndarray, targets: Sequence[int]) -> np.ndarray:
        """The same as an array, float64."""
        import tensorflow as tf

        return np.asarray(self.scores(tf.constant(shares), targets), np.float64)

    @cached_property
    def _faded(self) -> Any:
        import tensorflow as tf

        def outputs(shares: Any) -> Any:
            def fade(number: int, layer: Any, _ids: Any, vectors: Any) -> Any:
                if number not in self._places:
                    return vectors
                start, end = self._places[number]
                padding = tf.cast(layer.embeddings[0], vectors.dtype)
                share = tf.cast(shares[:, start:end, tf.newaxis], vectors.dtype)
                return handing_on(vectors, padding + share * (vectors - padding))

            num_rows = tf.shape(shares)[0]
            return self._run([tf.repeat(one, num_rows, axis=0) for one in self._row], fade)

        return tf.function(outputs, autograph=False, reduce_retracing=True)

    def _inputs(self, columns: Mapping[str, Store]) -> list[Any]:
        """Columns in the order of the model's inputs."""
        import tensorflow as tf

        slugs = self._network.slugs
        raw = {slugs[name]: tf.constant(values_of(store)) for name, store in columns.items()}
        inputs = self._network.bare_model.inputs
        given = [next(iter(raw.values())) if len(raw) == 1 else raw[one.name] for one in inputs]
        return [
            one if one.dtype == tf.string else tf.cast(one, tensor.dtype)
            for one, tensor in zip(given, inputs, strict=True)
        ]

    def _run(self, inputs: list[Any], looked_up: _Looked) -> Any:
        """The model's outputs for inputs; what looks tokens up is called on the way."""
        import keras

        numbers = count()

        def call(operation: Any, *arguments: Any, **options: Any) -> Any:
            made = operation(*arguments, **options)
            if not isinstance(operation, keras.layers.Embedding) or "int" not in str(arguments[0].dtype):
                return made
            return looked_up(next(numbers), operation, arguments[0], made)

        run = relied_on(self._network.bare_model, "_run_through_graph")
        return run(inputs, operation_fn=lambda operation: operation, call_fn=call)
