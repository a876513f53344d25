"""`word_vectors`: each word of a sentence as a vector of its own."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import Field

from bigmodel_cli.config.fields import Share
from bigmodel_cli.modeling.blocks.base import Block, Connector
from bigmodel_cli.modeling.blocks.words import looked_up

_UNKNOWN = 1


class WordVectors(Block):
    """Each word of a sentence as a vector: (batch, words) of strings to (batch, words, width).

    Words that training had are looked up; all others have one vector. Where no word is, what follows leaves
    the place out.
    """

    block_name: ClassVar[str] = "word_vectors"
    example: ClassVar[str] = "word_vectors: {inputs: [words], width: 64}"

    width: Annotated[int, Field(ge=1, le=100_000)] = Field(description="Features of each word.")
    max_tokens: Annotated[int, Field(ge=3, le=10_000_000)] = Field(
        20_000, description="How many words are known at most, those that come most often."
    )
    lower: bool = Field(True, description="Whether London and london are one word (letters of ASCII).")
    forgetting: Share = Field(
        0.0,
        description="The share of words that are taken for unknown in training, so that what stands beside "
        "them has to tell what they are.",
    )

    def connect(self, tensor: Any, graph: Connector) -> Any:
        import keras
        from keras import ops

        name = graph.unique(self.block_name)
        lookup = keras.layers.TextVectorization(
            max_tokens=self.max_tokens,
            standardize="lower" if self.lower else None,
            split=None,
            name=f"{name}_lookup",
        )
        tokens = looked_up(tensor, lookup, graph)
        if self.forgetting:
            ones = ops.ones_like(tokens, dtype="float32")
            dropped = graph.own(keras.layers.Dropout(self.forgetting, name=f"{name}_forgetting"), ones)
            forgotten = ops.minimum(tokens, _UNKNOWN)
            tokens = ops.where(ops.greater(dropped, 0), tokens, forgotten)
        vectors = keras.layers.Embedding(
            int(lookup.vocabulary_size()), self.width, mask_zero=True, name=f"{name}_vectors"
        )
        return graph.own(vectors, tokens)
