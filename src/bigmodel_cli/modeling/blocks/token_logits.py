"""`token_logits`: how likely each token is, by the vectors that tokens went in by."""

from __future__ import annotations

from typing import Any, ClassVar

from bigmodel_cli.modeling.blocks.base import Block, Connector
from bigmodel_cli.modeling.blocks.token_and_position import TIED


class TokenLogits(Block):
    """Logits of the next token by the vectors of `token_and_position: {tied: true}` (Press and Wolf 2017).

    Takes (batch, tokens, width), gives (batch, tokens, vocabulary_size); the loss has `from_logits: true`.
    """

    block_name: ClassVar[str] = "token_logits"
    example: ClassVar[str] = "token_logits: {}"

    def connect(self, tensor: Any, graph: Connector) -> Any:
        def none() -> Any:
            raise graph.fail(
                None,
                "no vectors of tokens above are tied",
                "write token_and_position: {width: …, tied: true}",
            )

        layer = graph.once((TIED, ()), none)
        if len(tensor.shape) != 3 or tensor.shape[-1] != layer.output_dim:
            raise graph.fail(
                None,
                f"expected tokens of shape (batch, tokens, {layer.output_dim}), as token_and_position gives "
                f"them, found {tensor.shape}",
            )
        # The layer stays that of the step which made it.
        return layer(tensor, reverse=True)
