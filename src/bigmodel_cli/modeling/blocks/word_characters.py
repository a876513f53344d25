"""`word_characters`: each word of a sentence by its spelling."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import Field

from bigmodel_cli.config.fields import Share
from bigmodel_cli.modeling.blocks.base import Block, Connector
from bigmodel_cli.modeling.blocks.words import looked_up
from bigmodel_cli.modeling.masks import counting

_Count = Annotated[int, Field(ge=1, le=100_000)]
# Less than any convolution gives.
_LOWEST = -3e4


class WordCharacters(Block):
    """Each word of a sentence by its spelling: (batch, words) of strings to (batch, words, filters).

    A convolution over its characters, of which the largest value of each filter is kept (Ma and Hovy 2016):
    so new words are known by endings, capitals and digits.
    """

    block_name: ClassVar[str] = "word_characters"
    example: ClassVar[str] = "word_characters: {inputs: [words], filters: 64}"

    filters: _Count = Field(description="Features of each word.")
    kernel_size: Annotated[int, Field(ge=1, le=1000)] = Field(
        3, description="Characters that a filter sees at once."
    )
    length: _Count = Field(16, description="Characters of a word that are looked at; the rest is cut.")
    width: _Count = Field(24, description="Features of each character.")
    max_tokens: Annotated[int, Field(ge=3, le=1_000_000)] = Field(
        500, description="How many characters are known at most, those that come most often."
    )
    dropout: Share = Field(0.0, description="The share of characters' features that is dropped in training.")

    def connect(self, tensor: Any, graph: Connector) -> Any:
        import keras
        from keras import ops

        name = graph.unique(self.block_name)
        lookup = keras.layers.TextVectorization(
            max_tokens=self.max_tokens,
            standardize=None,
            split="character",
            output_sequence_length=self.length,
            name=f"{name}_lookup",
        )
        tokens = looked_up(tensor, lookup, graph, (self.length,))
        known = keras.layers.Embedding(int(lookup.vocabulary_size()), self.width, name=f"{name}_vectors")
        vectors = graph.own(known, tokens)
        if self.dropout:
            vectors = graph.own(keras.layers.Dropout(self.dropout), vectors)
        is_there = ops.expand_dims(ops.cast(ops.not_equal(tokens, 0), vectors.dtype), -1)
        # Over the characters of a word alone: words beside it are further places of a picture.
        convolution = keras.layers.Conv2D(
            self.filters, (1, self.kernel_size), padding="same", name=f"{name}_convolution"
        )
        found = graph.own(convolution, ops.multiply(vectors, is_there))
        lowered = ops.add(found, ops.multiply(ops.subtract(1.0, is_there), _LOWEST))
        made = ops.multiply(ops.max(lowered, axis=2), ops.max(is_there, axis=2))
        # Keras's Concatenate takes what has no mask for words everywhere.
        return counting(made, ops.not_equal(tokens[:, :, 0], 0))
