"""`residual`: steps whose result is added to what went in (He et al. 2015, arXiv:1512.03385)."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field

from bigmodel_cli.config.fields import Step
from bigmodel_cli.modeling.blocks.base import Block, Connector


class Residual(Block):
    """Steps whose result is added to what went in, or to a shortcut made from it."""

    block_name: ClassVar[str] = "residual"
    example: ClassVar[str] = "residual: {layers: [{Conv2D: {filters: 3, kernel_size: 3, padding: same}}]}"

    layers: list[Step] = Field(min_length=1, description="The steps of the main path.")
    shortcut: list[Step] = Field(
        [],
        description="Steps that bring the input to the main path's shape; the input itself where left out.",
    )

    def connect(self, tensor: Any, graph: Connector) -> Any:
        import keras

        main = graph.chain(self.layers, tensor)
        shortcut = graph.chain(self.shortcut, tensor)
        if main.shape != shortcut.shape:
            raise graph.fail(
                None,
                f"the main path ends with shape {main.shape}, the shortcut with {shortcut.shape}; "
                "they can be added only if they are equal",
                f"give a shortcut, for instance shortcut: [{{Conv2D: {{filters: {main.shape[-1]}, "
                "kernel_size: 1, strides: …}}]",
            )
        return graph.own(keras.layers.Add(), [main, shortcut])
