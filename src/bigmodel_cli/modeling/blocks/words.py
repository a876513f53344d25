"""What blocks that take words share: those of sentences are looked up one by one."""

from __future__ import annotations

from typing import Any

from bigmodel_cli.modeling.blocks.base import Connector


def looked_up(
    words: Any, layer: Any, graph: Connector, each: tuple[int, ...] = (), *, learns: bool = True
) -> Any:
    """What a `TextVectorization` gives for each word, once it has its tokens.

    Args:
        words: Strings, a `keras.KerasTensor` (batch, words).
        layer: It, which takes one text for each example.
        graph: For the errors, and what the layer learns from.
        each: The shape of what it gives for a word.
        learns: Whether it learns its tokens; else it has them.

    Returns:
        int64 (batch, words, …), 0 where no word is.
    """
    from keras import ops

    if words.dtype != "string" or len(words.shape) != 2:
        raise graph.fail(
            None,
            f"expected words of sentences, strings of shape (batch, words), found {words.dtype} of "
            f"{words.shape}",
            "name the column that has them: inputs: [words]",
        )
    alone = ops.reshape(words, (-1,))
    if learns:
        graph.learn_words(layer, alone)
    return ops.reshape(graph.own(layer, alone), (-1, int(words.shape[1]), *each))
