"""`answer_span`: where an answer begins and ends among the words of a text."""

from __future__ import annotations

from typing import Any, ClassVar

from bigmodel_cli.modeling.blocks.base import Block, Connector
from bigmodel_cli.modeling.masks import averaging, mask_of, without_mask

# What no place that is none has; its probability is 0.
_NEVER = -1e9


class AnswerSpan(Block):
    """Where an answer begins and where it ends: (batch, words, features) to logits (batch, 2, 1 + words).

    The first place says that no answer is there, by the mean of all words. Places where no word is are never
    an answer.
    """

    block_name: ClassVar[str] = "answer_span"
    example: ClassVar[str] = "answer_span: {}"

    def connect(self, tensor: Any, graph: Connector) -> Any:
        import keras
        from keras import ops

        if len(tensor.shape) != 3 or tensor.shape[1] is None:
            raise graph.fail(
                None,
                f"expected words of a text, of shape (batch, words, features), found shape {tensor.shape}",
                "give it what layers make of the text, not of the question",
            )
        name, mask = graph.unique(self.block_name), mask_of(tensor)
        if mask is None:
            raise graph.fail(
                None,
                "nothing tells which places hold words, so that answers could stand behind the text's end",
                "give it what is made of word_vectors, beside others, by layers that hand a mask on",
            )
        pooling = keras.layers.GlobalAveragePooling1D(name=f"{name}_mean")
        given, more = averaging(pooling, tensor)
        none = graph.own(keras.layers.Dense(2, name=f"{name}_none"), graph.own(pooling, given, **more))
        words = graph.own(keras.layers.Dense(2, name=f"{name}_words"), without_mask(tensor))
        # Of halves of the precision the largest number is nearer to 0.
        logits = ops.cast(words, "float32")
        logits = ops.where(ops.expand_dims(mask, -1), logits, ops.full_like(logits, _NEVER))
        every = ops.concatenate([ops.cast(ops.expand_dims(none, 1), "float32"), logits], axis=1)
        return ops.transpose(every, (0, 2, 1))
