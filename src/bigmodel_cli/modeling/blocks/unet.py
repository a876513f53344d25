"""`unet`: an encoder, and a way back to the image's size past its maps (Ronneberger et al. 2015)."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field

from bigmodel_cli.config.fields import Share
from bigmodel_cli.modeling.blocks.base import Connector
from bigmodel_cli.modeling.blocks.pyramid import Filters, PyramidOptions, in_size_of


class Unet(PyramidOptions):
    """Maps of an image from coarse to fine, as large as the image: (batch, height, width, filters).

    Each map of the encoder is put beside what comes back from the smaller ones, and convolved.
    """

    block_name: ClassVar[str] = "unet"
    example: ClassVar[str] = "unet: {filters: [16, 32, 64]}"

    decoder_filters: list[Filters] | None = Field(
        None,
        min_length=1,
        description="Of the way back, from the coarse to the fine; default: those of the plain encoder, "
        "or [256, 128, 64, 32, 16] behind another one.",
    )
    upsampling: Literal["nearest", "bilinear", "transpose"] = Field(
        "nearest", description="How maps are enlarged; transpose: by convolutions that learn it."
    )
    dropout: Share = Field(0.0, description="The share of the coarsest map that is dropped in training.")

    def connect(self, tensor: Any, graph: Connector) -> Any:
        from keras import layers

        name = graph.unique(self.block_name)
        levels = self.levels(tensor, graph, f"{name}_encoder")
        *skips, coarse = levels
        if self.dropout:
            coarse = graph.own(layers.SpatialDropout2D(self.dropout, name=f"{name}_dropout"), coarse)
        if skips[0].shape[1:3] != tensor.shape[1:3]:
            # An encoder that begins with a stride has no map of the image's own size.
            skips = [None, *skips]
        widths = self._widths(len(skips))
        for number, (skip, filters) in enumerate(zip(reversed(skips), widths, strict=False)):
            own = f"{name}_decoder_{number + 1}"
            coarse = self._enlarged(coarse, tensor if skip is None else skip, filters, graph, own)
            if skip is not None:
                coarse = graph.own(layers.Concatenate(name=f"{own}_beside"), [coarse, skip])
            coarse = self.convolved(coarse, filters, graph, own)
        return coarse

    def _widths(self, count: int) -> list[int]:
        """How many filters each step of the way back has; the last one where there are fewer."""
        plain = self.filters[-2::-1] if self.encoder is None else [256, 128, 64, 32, 16]
        given = self.decoder_filters or plain
        return [*given, *[given[-1]] * count][:count]

    def _enlarged(self, tensor: Any, other: Any, filters: int, graph: Connector, name: str) -> Any:
        from keras import layers

        if self.upsampling != "transpose":
            return in_size_of(tensor, other, graph, name, self.upsampling)
        layer = layers.Conv2DTranspose(filters, 2, strides=2, padding="same", name=f"{name}_up")
        return in_size_of(graph.own(layer, tensor), other, graph, name)
