"""`token_convolutions`: what stands beside each token, layer by layer from further away."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import Field

from bigmodel_cli.config.fields import Share
from bigmodel_cli.modeling.blocks.base import Block, Connector
from bigmodel_cli.modeling.masks import mask_of, with_mask, without_mask, zeroed

_FURTHEST = 16


class TokenConvolutions(Block):
    """Convolutions over tokens: (batch, tokens, features) to (batch, tokens, width).

    Each layer adds what its convolution finds, and normalises; each sees twice as far as the one before
    (Strubell et al. 2017). Unlike those of Keras's Conv1D, padding changes nothing: it is 0
    before each layer.
    """

    block_name: ClassVar[str] = "token_convolutions"
    example: ClassVar[str] = "token_convolutions: {layers: 2, width: 64}"

    layers: Annotated[int, Field(ge=1, le=1000)] = Field(2, description="How many layers.")
    width: Annotated[int, Field(ge=1, le=1_000_000)] | None = Field(
        None,
        description="Features of each token. Where left out, as many as arrive; where others arrive, a Dense "
        "layer makes them so many.",
    )
    kernel_size: Annotated[int, Field(ge=2, le=1000)] = Field(3, description="Tokens that a filter sees.")
    dropout: Share = Field(0.0, description="The share of what a layer adds that is dropped in training.")

    def connect(self, tensor: Any, graph: Connector) -> Any:
        from keras import layers, ops

        if len(tensor.shape) != 3 or tensor.shape[-1] is None:
            raise graph.fail(
                None,
                f"expected tokens of shape (batch, tokens, features), found shape {tensor.shape}",
                "write word_vectors, token_and_position or Embedding before it",
            )
        name, mask = graph.unique(self.block_name), mask_of(tensor)
        tensor = without_mask(tensor)
        width = self.width or int(tensor.shape[-1])
        if width != tensor.shape[-1]:
            tensor = graph.own(layers.Dense(width, name=f"{name}_width"), tensor)
        for number in range(self.layers):
            seen = tensor if mask is None else zeroed(tensor, mask)
            found = graph.own(
                layers.Conv1D(
                    width,
                    self.kernel_size,
                    padding="same",
                    dilation_rate=min(2**number, _FURTHEST),
                    activation="gelu",
                    name=f"{name}_{number + 1}",
                ),
                seen,
            )
            if self.dropout:
                found = graph.own(layers.Dropout(self.dropout), found)
            normalized = layers.LayerNormalization(name=f"{name}_{number + 1}_normalized")
            tensor = graph.own(normalized, ops.add(tensor, found))
        return with_mask(tensor, mask, graph.own)
