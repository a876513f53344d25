"""`repeat`: the same steps several times, each time with weights of their own."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import Field

from bigmodel_cli.config.fields import Step
from bigmodel_cli.modeling.blocks.base import Block, Connector


class Repeat(Block):
    """The same steps several times, each time with weights of their own."""

    block_name: ClassVar[str] = "repeat"
    example: ClassVar[str] = "repeat: {times: 2, layers: [{Dense: {units: 64, activation: relu}}]}"

    times: Annotated[int, Field(ge=1, le=10_000)] = Field(description="How often the steps are repeated.")
    layers: list[Step] = Field(min_length=1, description="The steps of one repetition.")

    def connect(self, tensor: Any, graph: Connector) -> Any:
        for _ in range(self.times):
            tensor = graph.chain(self.layers, tensor)
        return tensor
