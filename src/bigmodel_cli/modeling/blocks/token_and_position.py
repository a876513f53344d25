"""`token_and_position`: tokens as vectors, with where they stand."""

from __future__ import annotations

import math
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from bigmodel_cli.config.fields import NumberOfData, Share
from bigmodel_cli.modeling.blocks.base import Block, Connector
from bigmodel_cli.modeling.masks import mask_of, places, with_mask

_SLOWEST = 10_000.0
# What a graph knows the layer by whose vectors are used at the end of the model, too.
TIED = "tied vectors"
# The same of the layer that has the vectors of some tokens.
VECTORS = "vectors of tokens"


class TokenAndPosition(Block):
    """Tokens as vectors, with where they stand: what a `transformer` gets of a text.

    Takes the whole numbers that `TextVectorization` and tokenizers give, (batch, tokens), and gives
    (batch, tokens, width).
    """

    block_name: ClassVar[str] = "token_and_position"
    example: ClassVar[str] = "token_and_position: {vocabulary_size: 1000, width: 32, length: 64}"

    vocabulary_size: NumberOfData | None = Field(
        None,
        description="How many tokens there are, for instance review.vocabulary_size; where left out, that of "
        "the column which arrives.",
    )
    width: Annotated[int, Field(ge=1, le=100_000)] = Field(description="Features of each token.")
    length: Annotated[int, Field(ge=1, le=10_000_000)] | None = Field(
        None,
        description="How many places have a vector of their own, with learnt positions; tokens behind the "
        "last one share its. Where left out, as many as every text has.",
    )
    positions: Literal["learnt", "sinusoidal", "none"] = Field(
        "learnt",
        description="A learnt vector for each place, sines and cosines of it (Vaswani et al. 2017), or none, "
        "as for a transformer with rotary positions.",
    )
    mask_zero: bool | None = Field(
        None,
        description="Whether the token 0 is padding, which all that follows leaves out. Where left out, "
        "it is in columns whose preprocessing looks tokens up, and not in tokens that the data number.",
    )
    tied: bool = Field(
        False, description="Whether `token_logits` at the end of the model has the same vectors of tokens."
    )
    dropout: Share = Field(0.0, description="The share of features that is dropped in training.")

    def connect(self, tensor: Any, graph: Connector) -> Any:
        import keras

        if len(tensor.shape) != 2 or not tensor.dtype.startswith(("int", "uint")):
            raise graph.fail(
                None,
                f"expected whole numbers of shape (batch, tokens), found {tensor.dtype} of {tensor.shape}",
                "write TextVectorization (output_mode: int) in the preprocessing of the column",
            )
        name = graph.unique("token_and_position")
        kind = keras.layers.ReversibleEmbedding if self.tied else keras.layers.Embedding
        tokens = kind(
            graph.vocabulary_size(self.vocabulary_size),
            self.width,
            mask_zero=graph.has_padding() if self.mask_zero is None else self.mask_zero,
            name=f"{name}_tokens",
        )
        if self.tied and graph.once((TIED, ()), lambda: tokens) is not tokens:
            raise graph.fail(None, "tied: the vectors of another token_and_position are tied already")
        graph.once((VECTORS, tensor), lambda: tokens)
        embedded = graph.own(tokens, tensor)
        mask = mask_of(embedded)
        if self.positions == "learnt":
            embedded = self._with_learnt(embedded, tensor, name, graph)
        elif self.positions == "sinusoidal":
            embedded = _with_waves(embedded, tensor, self.width)
        if self.positions != "none":
            embedded = with_mask(embedded, mask, graph.own)
        return graph.own(keras.layers.Dropout(self.dropout), embedded) if self.dropout else embedded

    def _with_learnt(self, embedded: Any, tensor: Any, name: str, graph: Connector) -> Any:
        import keras
        from keras import ops

        found = tensor.shape[1]
        length = self.length or found
        if length is None:
            raise graph.fail(
                None,
                "length is not known: texts have as many tokens as they have",
                "write length: 256, or output_sequence_length in TextVectorization, or positions: sinusoidal",
            )
        place = places(tensor)
        if found is None or found > length:
            place = ops.minimum(place, length - 1)
        return ops.add(
            embedded, graph.own(keras.layers.Embedding(length, self.width, name=f"{name}_positions"), place)
        )


def _with_waves(embedded: Any, tensor: Any, width: int) -> Any:
    """Vaswani et al. 2017, 3.5, sines first, then cosines; tokens are multiplied by √width (3.4)."""
    import numpy as np
    from keras import ops

    half = (width + 1) // 2
    speeds = (_SLOWEST ** (-np.arange(half, dtype=np.float32) * 2 / width)).astype(np.float32)
    angles = ops.multiply(ops.expand_dims(ops.cast(places(tensor), "float32"), -1), speeds)
    waves = ops.concatenate([ops.sin(angles), ops.cos(angles)], axis=-1)[:, :, :width]
    return ops.add(ops.multiply(embedded, math.sqrt(width)), ops.cast(waves, embedded.dtype))
