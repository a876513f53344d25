"""`word_matches`: which words of a text are in another one, and how many stand near."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import Field

from bigmodel_cli.modeling.blocks.base import Block, Connector
from bigmodel_cli.modeling.blocks.words import looked_up
from bigmodel_cli.modeling.masks import counting

# Letters of a word that are compared, and of its beginning; words that differ behind that are one.
_LETTERS, _BEGINNING = 16, 5
# Letters, digits and signs that are known (Latin, Greek, Cyrillic, Hebrew, …, and marks); all others are one.
_CHARACTERS = [chr(point) for point in (*range(0x600), *range(0x2010, 0x2060)) if chr(point).isprintable()]
# Numbers of letters times numbers below this are added up to less than 2³¹.
_LARGEST = 2**16


class WordMatches(Block):
    """Which words of a text are in another one: two times (batch, words) to (batch, words, features).

    Of each word of the first text: whether the second one has it, whether it has one with the same beginning,
    and for each number of `near` how much of the second text stands within so many words. Words count less
    there the more often they come in the first text. Nothing of it is learnt (Chen et al. 2017: exact match).
    """

    block_name: ClassVar[str] = "word_matches"
    example: ClassVar[str] = "word_matches: {inputs: [context, question], near: [5, 15]}"
    takes: ClassVar[tuple[str, ...]] = ("words of a text", "words of the other text")

    near: list[Annotated[int, Field(ge=1, le=1000)]] = Field(
        [5, 15], description="Within how many words on either side the other text's words are counted."
    )

    def connect(self, tensor: Any, graph: Connector) -> Any:
        import keras
        from keras import ops

        name = graph.unique(self.block_name)
        lookup = keras.layers.TextVectorization(
            standardize="lower",
            split="character",
            output_sequence_length=_LETTERS,
            vocabulary=[one for one in _CHARACTERS if not one.isspace()],
            name=f"{name}_lookup",
        )
        own, other = (looked_up(words, lookup, graph, (_LETTERS,), learns=False) for words in tensor)
        is_there = [ops.not_equal(letters[:, :, 0], 0) for letters in (own, other)]
        both = ops.logical_and(ops.expand_dims(is_there[0], 2), ops.expand_dims(is_there[1], 1))
        same, alike = (
            ops.cast(ops.logical_and(both, _equal(own, other, letters)), "float32")
            for letters in (_LETTERS, _BEGINNING)
        )
        # What the first text says again and again tells of no place in it.
        weights = ops.divide(1.0, ops.maximum(ops.sum(same, axis=1, keepdims=True), 1.0))
        features = [ops.max(same, axis=2, keepdims=True), ops.max(alike, axis=2, keepdims=True)]
        for reach in self.near:
            pooling = keras.layers.MaxPooling1D(
                2 * reach + 1, strides=1, padding="same", name=f"{name}_near_{reach}"
            )
            features.append(ops.sum(ops.multiply(graph.own(pooling, same), weights), axis=2, keepdims=True))
        found = ops.concatenate(features, axis=-1)
        # Keras's Concatenate takes what has no mask for words everywhere.
        return counting(
            ops.multiply(found, ops.expand_dims(ops.cast(is_there[0], "float32"), -1)), is_there[0]
        )


def _equal(own: Any, other: Any, letters: int) -> Any:
    """Which words are the same in their first letters, bool (batch, words, other words).

    Words are compared by one number each, which two different ones have in common once in some 10⁸ times.
    """
    import numpy as np
    from keras import ops

    numbers = np.random.default_rng(0).integers(1, _LARGEST, letters).astype(np.int32)
    one, another = (
        ops.sum(ops.multiply(ops.cast(words[:, :, :letters], "int32"), numbers), axis=-1)
        for words in (own, other)
    )
    return ops.equal(ops.expand_dims(one, 2), ops.expand_dims(another, 1))
