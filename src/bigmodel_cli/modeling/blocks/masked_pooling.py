"""`masked_pooling`: a text's tokens as one vector, padding left out."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field

from bigmodel_cli.modeling.blocks.base import Block, Connector
from bigmodel_cli.modeling.masks import averaging, mask_of, zeroed


class MaskedPooling(Block):
    """The tokens of each text as one vector: (batch, tokens, features) to (batch, features).

    Padding is left out; a text without any token gives zeros.
    """

    block_name: ClassVar[str] = "masked_pooling"
    example: ClassVar[str] = "masked_pooling: {mode: mean}"

    mode: Literal["mean", "max", "first", "last"] = Field(
        "mean", description="Their mean, the largest value of each feature, or the first or last of them."
    )

    def connect(self, tensor: Any, graph: Connector) -> Any:
        import keras
        from keras import ops

        if len(tensor.shape) != 3:
            raise graph.fail(
                None, f"expected tokens of shape (batch, tokens, features), found shape {tensor.shape}"
            )
        mask = mask_of(tensor)
        if self.mode == "mean":
            layer = keras.layers.GlobalAveragePooling1D()
            tensor, more = averaging(layer, tensor)
            return graph.own(layer, tensor, **more)
        if self.mode == "max":
            if mask is None:
                return graph.own(keras.layers.GlobalMaxPooling1D(), tensor)
            return _largest(tensor, mask)
        if mask is None:
            return tensor[:, 0 if self.mode == "first" else -1]
        count = ops.cumsum(ops.cast(mask, "int32"), axis=1)
        number = 1 if self.mode == "first" else ops.max(count, axis=1, keepdims=True)
        only = ops.logical_and(mask, ops.equal(count, number))
        return ops.sum(zeroed(tensor, only), axis=1)


def _largest(tensor: Any, mask: Any) -> Any:
    from keras import ops

    lowest = ops.full_like(tensor, -3e4)
    largest = ops.max(ops.where(ops.expand_dims(mask, -1), tensor, lowest), axis=1)
    return zeroed(largest, ops.any(mask, axis=1))
