"""`transformer`: layers of attention and feed-forward networks (Vaswani et al. 2017, arXiv:1706.03762)."""

from __future__ import annotations

from functools import partial
from typing import Any, ClassVar

from pydantic import Field

from bigmodel_cli.modeling.attention import Attention, allowed, causal_mask, rotation
from bigmodel_cli.modeling.blocks.base import Connector
from bigmodel_cli.modeling.blocks.sublayers import TransformerOptions
from bigmodel_cli.modeling.masks import mask_of, with_mask


class Transformer(TransformerOptions):
    """Layers of self-attention and feed-forward networks, over (batch, tokens, features).

    An encoder; with `causal` a decoder, as language models are. Padding is left out of account.
    """

    block_name: ClassVar[str] = "transformer"
    example: ClassVar[str] = "transformer: {layers: 2, heads: 4, width: 32}"

    causal: bool = Field(
        False,
        description="Whether each token sees only itself and those before it, as what follows is to be told.",
    )

    def connect(self, tensor: Any, graph: Connector) -> Any:
        mask = mask_of(tensor)
        sublayers, tensor = self.begun(tensor, graph)
        heads = sublayers.heads
        may_see = allowed(mask, causal_mask(tensor) if self.causal else None)
        turned = rotation(tensor, heads.size) if self.positions == "rotary" else None
        for number in range(1, self.layers + 1):
            attention = Attention(heads, f"{sublayers.name}_attention_{number}", graph.own)
            attended = partial(attention.to_itself, mask=may_see, turned=turned)
            tensor = sublayers.added(tensor, attended, f"attention_{number}")
            tensor = sublayers.feeding_forward(tensor, number)
        return with_mask(sublayers.ended(tensor), mask, graph.own)
