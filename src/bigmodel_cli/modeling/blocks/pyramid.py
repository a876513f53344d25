"""What `unet` and `fpn` share: an encoder that gives maps of an image, each half as large as the last."""

from __future__ import annotations

from abc import ABC
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import Field

from bigmodel_cli.config.components import Component
from bigmodel_cli.config.fields import Step
from bigmodel_cli.modeling.blocks.base import Block, Connector

Filters = Annotated[int, Field(ge=1, le=100_000)]
# How far a side may be from half of the one before it, as borders that are cut off make it.
_ABOUT_HALF = (0.4, 0.6)


class PyramidOptions(Block, ABC):
    """The options of both."""

    encoder: Step | list[Step] | None = Field(
        None,
        description="What makes the maps: an application with include_top: false, weights included, or steps "
        "of convolutions and pooling; plain convolutions where left out.",
    )
    filters: list[Filters] = Field(
        [32, 64, 128, 256],
        min_length=2,
        max_length=8,
        description="Of the plain encoder, level by level: each next one is half as large.",
    )
    convolutions: Annotated[int, Field(ge=1, le=10)] = Field(2, description="At each level of it.")
    normalization: Literal["BatchNormalization", "GroupNormalization", "none"] = Field(
        "BatchNormalization", description="Behind each convolution."
    )
    activation: Literal["relu", "gelu", "silu", "leaky_relu"] = Field("relu", description="Behind that.")
    momentum: Annotated[float, Field(gt=0, lt=1)] = Field(
        0.9, description="Of BatchNormalization's moving averages; a short training settles none of 0.99."
    )

    def levels(self, tensor: Any, graph: Connector, name: str) -> list[Any]:
        """Maps of an image, from the largest to the smallest, each about half as large as the one before.

        Args:
            tensor: A `keras.KerasTensor` of shape (batch, height, width, channels).
            graph: Builds.
            name: Begins the names of layers.

        Raises:
            ConfigError: If what arrives is no image, or the encoder has no such maps.
        """
        if len(tensor.shape) != 4 or None in tensor.shape[1:]:
            raise graph.fail(
                None, f"expected images of shape (batch, height, width, channels), found {tensor.shape}"
            )
        if self.encoder is None:
            return self._plain(tensor, graph, name)
        steps = [self.encoder] if isinstance(self.encoder, Component) else list(self.encoder)
        found = _halving(tensor, graph.maps(steps, tensor))
        if len(found) < 2:
            sizes = ", ".join(f"{one.shape[1]} × {one.shape[2]}" for one in found) or "none"
            raise graph.fail(
                None,
                f"the encoder has maps of {sizes}: nothing to come back from",
                "take an application with include_top: false and without pooling, or layers with strides",
            )
        return found

    def _plain(self, tensor: Any, graph: Connector, name: str) -> list[Any]:
        from keras import layers

        levels = []
        for number, filters in enumerate(self.filters):
            if number:
                tensor = graph.own(
                    layers.MaxPooling2D(2, padding="same", name=f"{name}_down_{number}"), tensor
                )
            tensor = self.convolved(tensor, filters, graph, f"{name}_{number + 1}")
            levels.append(tensor)
        return levels

    def convolved(self, tensor: Any, filters: int, graph: Connector, name: str) -> Any:
        """Behind `convolutions` of 3 × 3."""
        for number in range(self.convolutions):
            tensor = self.convolution(tensor, filters, 3, graph, f"{name}_{'abcdefghij'[number]}")
        return tensor

    def convolution(self, tensor: Any, filters: int, size: int, graph: Connector, name: str) -> Any:
        """Behind one convolution, normalised and activated."""
        from keras import layers

        plain = self.normalization == "none"
        tensor = graph.own(
            layers.Conv2D(
                filters, size, padding="same", use_bias=plain, kernel_initializer="he_normal", name=name
            ),
            tensor,
        )
        if self.normalization == "BatchNormalization":
            layer = layers.BatchNormalization(momentum=self.momentum, name=f"{name}_normalized")
            tensor = graph.own(layer, tensor)
        elif not plain:
            groups = next(count for count in (32, 16, 8, 4, 2, 1) if filters % count == 0)
            tensor = graph.own(layers.GroupNormalization(groups, name=f"{name}_normalized"), tensor)
        return graph.own(layers.Activation(self.activation, name=f"{name}_{self.activation}"), tensor)


def in_size_of(tensor: Any, other: Any, graph: Connector, name: str, how: str = "nearest") -> Any:
    """A map that is enlarged to the size of another one: at each end by whole pixels, the rest cut off."""
    from keras import layers

    sizes = [
        (int(large), int(small)) for large, small in zip(other.shape[1:3], tensor.shape[1:3], strict=True)
    ]
    times = tuple(-(-large // small) for large, small in sizes)
    if times != (1, 1):
        layer = layers.UpSampling2D(times, interpolation=how, name=f"{name}_up")
        tensor = graph.own(layer, tensor)
    over = [small * factor - large for (large, small), factor in zip(sizes, times, strict=True)]
    if any(over):
        cropping = tuple((more // 2, more - more // 2) for more in over)
        tensor = graph.own(layers.Cropping2D(cropping, name=f"{name}_cut"), tensor)
    return tensor


def _halving(image: Any, maps: Sequence[Any]) -> list[Any]:
    """Of all maps the last one of each size that is about half of the one before."""
    last: dict[tuple[int, int], Any] = {}
    for tensor in maps:
        if len(tensor.shape) == 4 and None not in tensor.shape[1:]:
            last[tensor.shape[1], tensor.shape[2]] = tensor
    side, found = float(image.shape[1]), []
    low, high = _ABOUT_HALF
    if (own := last.get((image.shape[1], image.shape[2]))) is not None and own is not image:
        found.append(own)
    while near := [size for size in last if low * side <= size[0] <= high * side]:
        # What padding lays around a map comes before a smaller one of the same level.
        chosen = min(near, key=lambda size: (abs(size[0] - side / 2), -size[0]))
        found.append(last[chosen])
        side = float(chosen[0])
    return found
