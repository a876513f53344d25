"""`branches`: several paths from one input, merged by a Keras layer."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field

from bigmodel_cli.config.components import Component
from bigmodel_cli.config.fields import Layer, Step
from bigmodel_cli.modeling.blocks.base import Block, Connector


class Branches(Block):
    """Several paths from one input, merged by a layer that takes a list, such as Concatenate or Add."""

    block_name: ClassVar[str] = "branches"
    example: ClassVar[str] = (
        "branches: {paths: [[{Dense: {units: 8}}], [{Dense: {units: 4}}]], merge: Concatenate}"
    )

    paths: list[list[Step]] = Field(
        min_length=2, description="The steps of each path; an empty list passes the input on."
    )
    merge: Layer | None = Field(
        None, description="The Keras layer that merges the paths; Concatenate where left out."
    )

    def connect(self, tensor: Any, graph: Connector) -> Any:
        import keras

        outputs = [graph.chain(path, tensor) for path in self.paths]
        if isinstance(self.merge, Component):
            return graph.step(self.merge, outputs)
        return graph.own(keras.layers.Concatenate(), outputs)
