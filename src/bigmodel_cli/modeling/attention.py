"""Attention over tokens (Vaswani et al. 2017, arXiv:1706.03762) as a graph of plain Keras.

Not Keras's own layers: these turn nothing by its place (rotary positions), and hide key and value, which
generation keeps from token to token. One product makes query, key and value, as in GPT-2.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from bigmodel_cli.modeling.masks import Own, places

_ROTARY_BASE = 10_000.0
# What the layers of a decoder are called that look at another text, and the layer of each that gives weights.
CROSS, WEIGHTS = "_cross_attention_", "_weights"


@dataclass(frozen=True)
class Heads:
    """How attention is divided.

    Attributes:
        width: Features of a token, all heads together.
        count: Heads of the query.
        groups: Heads of key and value; each serves as many of the query (Ainslie et al. 2023,
            arXiv:2305.13245).
        dropout: The share of weights that is dropped in training.
        use_bias: Whether the projections have a bias.
    """

    width: int
    count: int
    groups: int
    dropout: float
    use_bias: bool

    @property
    def size(self) -> int:
        return self.width // self.count


def causal_mask(tensor: Any) -> Any:
    """Which places each place may look at: itself and those before; bool (1, tokens, tokens)."""
    from keras import ops

    place = places(tensor)
    return ops.greater_equal(ops.expand_dims(place, -1), ops.expand_dims(place, -2))


def allowed(mask: Any | None, causal: Any | None = None) -> Any | None:
    """Which keys each query may look at: bool (batch or 1, 1, tokens or 1, keys); None: all.

    Args:
        mask: That of the keys: bool (batch, keys).
        causal: What `causal_mask` gives.
    """
    from keras import ops

    masks = [] if mask is None else [ops.expand_dims(mask, (1, 2))]
    masks += [] if causal is None else [ops.expand_dims(causal, 1)]
    if len(masks) == 2:
        return ops.logical_and(*masks)
    return masks[0] if masks else None


def rotation(tensor: Any, size: int) -> tuple[Any, Any]:
    """Cosines and sines of rotary positions (Su et al. 2021, arXiv:2104.09864).

    Returns:
        Two of float32 (1, 1, tokens, size / 2): a pair of features turns more slowly than the one before it.
    """
    import numpy as np
    from keras import ops

    pairs = np.arange(size // 2, dtype=np.float32)
    speeds = (_ROTARY_BASE ** (-2 * pairs / size)).astype(np.float32)
    angles = ops.multiply(ops.cast(places(tensor), "float32")[:, None, :, None], speeds)
    return ops.cos(angles), ops.sin(angles)


@dataclass(frozen=True)
class Attention:
    """Builds attention; its layers are called after `name`.

    Attributes:
        heads: How it is divided.
        name: For instance `transformer_attention_1`.
        own: Connects a layer.
    """

    heads: Heads
    name: str
    own: Own

    def to_itself(self, tensor: Any, mask: Any | None, turned: tuple[Any, Any] | None = None) -> Any:
        """Self-attention.

        Args:
            tensor: A `keras.KerasTensor` (batch, tokens, features).
            mask: Which keys each query may look at, as `allowed` gives it.
            turned: Cosines and sines by which query and key are turned.

        Returns:
            (batch, tokens, width).
        """
        from keras import ops

        heads = self.heads
        made = self._projected(tensor, "query_key_value", heads.count + 2 * heads.groups)
        if turned is None:
            query, key, value = ops.split(made, [heads.count, heads.count + heads.groups], axis=1)
        else:
            looking, value = ops.split(made, [heads.count + heads.groups], axis=1)
            query, key = ops.split(_turned(looking, turned), [heads.count], axis=1)
        return self._attended(query, key, value, mask)

    def to_other(self, tensor: Any, other: Any, mask: Any | None) -> Any:
        """Cross-attention: queries from `tensor` (batch, tokens, features), keys and values from `other`."""
        from keras import ops

        heads = self.heads
        query = self._projected(tensor, "query", heads.count)
        made = self._projected(other, "key_value", 2 * heads.groups)
        key, value = ops.split(made, 2, axis=1)
        return self._attended(query, key, value, mask)

    def _projected(self, tensor: Any, what: str, heads: int) -> Any:
        """(batch, tokens, features) to (batch, heads, tokens, size)."""
        import keras
        from keras import ops

        size = self.heads.size
        dense = keras.layers.Dense(heads * size, use_bias=self.heads.use_bias, name=f"{self.name}_{what}")
        # However many tokens there are: batches may have fewer than the model has room for.
        apart = keras.layers.Reshape((-1, heads, size), name=f"{self.name}_{what}_heads")
        return ops.transpose(self.own(apart, self.own(dense, tensor)), (0, 2, 1, 3))

    def _attended(self, query: Any, key: Any, value: Any, mask: Any | None) -> Any:
        import keras
        from keras import ops

        heads = self.heads
        if heads.groups < heads.count:
            key, value = (ops.repeat(one, heads.count // heads.groups, axis=1) for one in (key, value))
        query = ops.multiply(query, 1 / math.sqrt(heads.size))
        scores = ops.matmul(query, ops.transpose(key, (0, 1, 3, 2)))
        # Where no key may be looked at, this layer gives zeros.
        softmax = keras.layers.Softmax(name=f"{self.name}{WEIGHTS}")
        weights = self.own(softmax, scores) if mask is None else self.own(softmax, scores, mask=mask)
        if heads.dropout:
            weights = self.own(keras.layers.Dropout(heads.dropout), weights)
        found = ops.transpose(ops.matmul(weights, value), (0, 2, 1, 3))
        together = keras.layers.Reshape((-1, heads.width), name=f"{self.name}_together")
        dense = keras.layers.Dense(heads.width, use_bias=heads.use_bias, name=f"{self.name}_output")
        return self.own(dense, self.own(together, found))


def _turned(tensor: Any, by: tuple[Any, Any]) -> Any:
    """Pairs of features (the first half with the second) turned by their place's angle."""
    from keras import ops

    cosine, sine = (one if one.dtype == tensor.dtype else ops.cast(one, tensor.dtype) for one in by)
    first, second = ops.split(tensor, 2, axis=-1)
    return ops.concatenate([first * cosine - second * sine, second * cosine + first * sine], axis=-1)
