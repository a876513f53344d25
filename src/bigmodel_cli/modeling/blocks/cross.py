"""`cross`: products of features, of a degree that grows with each layer (DCN v2, Wang et al. 2021)."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import Field

from bigmodel_cli.modeling.blocks.base import Block, Connector


class Cross(Block):
    """Features and their products: (batch, features) to (batch, features) (arXiv:2008.13535).

    Each layer multiplies what the block gets with a linear function of what the layer before it gives, and
    adds the latter. With `rank` that function goes through so many numbers, which takes fewer weights.
    """

    block_name: ClassVar[str] = "cross"
    example: ClassVar[str] = "cross: {layers: 2, rank: 32}"

    layers: Annotated[int, Field(ge=1)] = Field(2, description="How many layers.")
    rank: Annotated[int, Field(ge=1)] | None = Field(
        None, description="Numbers between; where left out, a full matrix."
    )

    def connect(self, tensor: Any, graph: Connector) -> Any:
        import keras
        from keras import ops

        if len(tensor.shape) != 2:
            raise graph.fail(None, f"expected features of shape (batch, n), found shape {tensor.shape}")
        name, width = graph.unique(self.block_name), int(tensor.shape[-1])
        crossed = tensor
        for number in range(1, self.layers + 1):
            linear = crossed
            if self.rank is not None:
                down = keras.layers.Dense(self.rank, use_bias=False, name=f"{name}_{number}_down")
                linear = graph.own(down, linear)
            linear = graph.own(keras.layers.Dense(width, name=f"{name}_{number}"), linear)
            crossed = ops.add(ops.multiply(tensor, linear), crossed)
        return crossed
