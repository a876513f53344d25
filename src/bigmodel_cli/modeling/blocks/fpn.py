"""`fpn`: a pyramid of maps, each with what the smaller ones know (Lin et al. 2017; Kirillov et al. 2019)."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field

from bigmodel_cli.modeling.blocks.base import Connector
from bigmodel_cli.modeling.blocks.pyramid import Filters, PyramidOptions, in_size_of


class Fpn(PyramidOptions):
    """The sum of all levels of a pyramid: (batch, height, width, channels) to (batch, height, width, width).

    Each map of the encoder is brought to the same number of features, and gets those of the next smaller one
    added; all of them are then convolved, enlarged to the largest and added up.
    """

    block_name: ClassVar[str] = "fpn"
    example: ClassVar[str] = "fpn: {filters: [16, 32, 64], width: 32}"

    width: Filters = Field(64, description="Features of each level of the pyramid.")

    def connect(self, tensor: Any, graph: Connector) -> Any:
        from keras import layers

        name = graph.unique(self.block_name)
        above, pyramid = None, []
        for number, level in enumerate(reversed(self.levels(tensor, graph, f"{name}_encoder"))):
            own = f"{name}_level_{number + 1}"
            lateral = graph.own(layers.Conv2D(self.width, 1, name=f"{own}_lateral"), level)
            if above is not None:
                larger = in_size_of(above, lateral, graph, own)
                lateral = graph.own(layers.Add(name=f"{own}_with_above"), [lateral, larger])
            above = lateral
            pyramid.append(self.convolution(lateral, self.width, 3, graph, f"{own}_smooth"))
        finest = pyramid[-1]
        sized = [
            in_size_of(one, finest, graph, f"{name}_sum_{number + 1}", "bilinear")
            for number, one in enumerate(pyramid)
        ]
        together = graph.own(layers.Add(name=f"{name}_sum"), sized)
        return in_size_of(together, tensor, graph, f"{name}_out", "bilinear")
