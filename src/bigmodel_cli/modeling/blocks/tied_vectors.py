"""`tied_vectors`: words of one column by the vectors of another one's."""

from __future__ import annotations

from typing import Any, ClassVar

from bigmodel_cli.modeling.blocks.base import Block, Connector
from bigmodel_cli.modeling.blocks.token_and_position import VECTORS


class TiedVectors(Block):
    """Words of a column by the vectors that `token_and_position` above has of another's: items of a history.

    Takes two columns with the same vocabulary, the one whose vectors these are and the one that gets them,
    whole numbers (batch,) or (batch, tokens); gives (batch, width) or (batch, tokens, width). What is missing
    gets zeros.
    """

    block_name: ClassVar[str] = "tied_vectors"
    example: ClassVar[str] = "tied_vectors: {inputs: [history, item]}"
    takes: ClassVar[tuple[str, ...]] = ("a column with vectors", "a column that gets them")

    def connect(self, tensor: Any, graph: Connector) -> Any:
        from keras import ops

        of, own = tensor

        def none() -> Any:
            raise graph.fail(
                None,
                "no token_and_position above takes the first of the inputs",
                "write token_and_position: {inputs: [history], width: …}, and tied_vectors below it",
            )

        layer = graph.once((VECTORS, of), none)
        if len(own.shape) > 2 or not own.dtype.startswith(("int", "uint")):
            raise graph.fail(
                None,
                f"expected whole numbers of shape (batch,) or (batch, tokens), found {own.dtype} of "
                f"{own.shape}",
                "write StringLookup in the preprocessing of the column",
            )
        sizes = graph.vocabulary_sizes()
        if len(set(sizes)) > 1:
            raise graph.fail(
                None,
                f"the first has {sizes[0] or 0:,} words and the second {sizes[1] or 0:,}: they are not of "
                "one vocabulary",
                "name the column that the history is made of, looked up as the history is",
            )
        # The layer stays that of the step which made it.
        made = layer(own)
        if len(own.shape) == 2 or not layer.mask_zero:
            return made
        # A row's one word is no sequence: nothing behind is to take it for padding.
        there = ops.expand_dims(ops.not_equal(own, 0), -1)
        return ops.where(there, made, ops.zeros_like(made))
