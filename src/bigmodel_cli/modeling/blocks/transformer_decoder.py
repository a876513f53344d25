"""`transformer_decoder`: a transformer that also looks at another text (Vaswani et al. 2017, 3.1)."""

from __future__ import annotations

from functools import partial
from typing import Any, ClassVar

from pydantic import Field

from bigmodel_cli.modeling.attention import CROSS, Attention, allowed, causal_mask, rotation
from bigmodel_cli.modeling.blocks.base import Connector
from bigmodel_cli.modeling.blocks.sublayers import TransformerOptions
from bigmodel_cli.modeling.masks import mask_of, with_mask, without_mask


class TransformerDecoder(TransformerOptions):
    """Layers of causal self-attention, attention to another text, and feed-forward networks.

    Takes two inputs, the tokens so far and what an encoder made of the other text, each (batch, tokens,
    features); their lengths and features may differ. Padding of both is left out of account.
    """

    block_name: ClassVar[str] = "transformer_decoder"
    example: ClassVar[str] = (
        "transformer_decoder: {inputs: [previous, encoded], layers: 2, heads: 4, width: 32}"
    )
    takes: ClassVar[tuple[str, ...]] = ("the tokens so far", "what an encoder made of the other text")

    causal: bool = Field(
        True,
        description="Whether tokens look at those before them alone; false where all are known, as of a text "
        "that a question is about.",
    )

    def connect(self, tensor: Any, graph: Connector) -> Any:
        tokens, other = tensor
        mask, mask_of_other = mask_of(tokens), mask_of(other)
        sublayers, tokens = self.begun(tokens, graph)
        if len(other.shape) != 3:
            raise graph.fail(
                None,
                f"expected a second input of shape (batch, tokens, features), found shape {other.shape}",
                "give it what a transformer makes of the other text",
            )
        other, heads = without_mask(other), sublayers.heads
        before = allowed(mask, causal_mask(tokens) if self.causal else None)
        turned = rotation(tokens, heads.size) if self.positions == "rotary" else None
        for number in range(1, self.layers + 1):
            itself = Attention(heads, f"{sublayers.name}_attention_{number}", graph.own)
            tokens = sublayers.added(
                tokens, partial(itself.to_itself, mask=before, turned=turned), f"attention_{number}"
            )
            cross = Attention(heads, f"{sublayers.name}{CROSS}{number}", graph.own)
            looking = partial(cross.to_other, other=other, mask=allowed(mask_of_other))
            tokens = sublayers.added(tokens, looking, f"cross_attention_{number}")
            tokens = sublayers.feeding_forward(tokens, number)
        return with_mask(sublayers.ended(tokens), mask, graph.own)
