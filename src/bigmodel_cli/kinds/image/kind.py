"""A picture, and how a file becomes one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, ClassVar, Literal, Self

from bigmodel_cli.kinds.kind import Kind

ColorMode = Literal["rgb", "grayscale", "rgba"]
CHANNELS: Mapping[str, int] = {"grayscale": 1, "rgb": 3, "rgba": 4}
COLOR_MODES: Mapping[int, ColorMode] = {1: "grayscale", 3: "rgb", 4: "rgba"}


@dataclass(frozen=True)
class Drawing:
    """How the drawings of a data set were made, each of one figure on an even ground.

    Attributes:
        ink: Whether figures are brighter or darker than their ground.
        box: Pixels of a figure's longer side.
        center: What of a figure is in the middle: its centre of mass, or of the box around it.
        stroke: The least and the largest width of strokes, in pixels; None: figures have shades, not strokes.
    """

    ink: Literal["bright", "dark"]
    box: int
    center: Literal["mass", "box"]
    stroke: tuple[float, float] | None = None


@dataclass(frozen=True)
class ImageFormat:
    """How an image file becomes one example; used alike in training, evaluation and prediction.

    Attributes:
        image_size: (height, width) in pixels.
        color_mode: The channels that every file is converted to.
        interpolation: Resampling when a file has another size.
        aspect_ratio: `stretch` ignores it, `crop` cuts the longer side, `pad` adds black borders.
        channel_axis: False for sources whose examples are (height, width) with no channel axis.
        drawing: How all examples were made; a file that was made otherwise is brought to that. None: they are
            pictures of any kind.
        bit_depth: Bits that the pixels of 16-bit grey files use, of which the upper 8 are kept.
    """

    image_size: tuple[int, int]
    color_mode: ColorMode = "rgb"
    interpolation: Literal["nearest", "bilinear", "bicubic", "lanczos"] = "bilinear"
    aspect_ratio: Literal["stretch", "crop", "pad"] = "stretch"
    channel_axis: bool = True
    # Not in the text that fingerprints have been made of since before there were drawings.
    drawing: Drawing | None = field(default=None, repr=False)
    bit_depth: int = field(default=16, repr=False)

    @property
    def described(self) -> str:
        """The same text, the same pixels of a file."""
        drawing = "" if self.drawing is None else f" {self.drawing}"
        return f"{self}{drawing}{'' if self.bit_depth == 16 else f' {self.bit_depth} bits'}"

    @property
    def shape(self) -> tuple[int, ...]:
        return (*self.image_size, CHANNELS[self.color_mode]) if self.channel_axis else self.image_size


def format_of_pixels(shape: tuple[int, ...], dtype: str) -> ImageFormat | None:
    """How an image file becomes an array like these; None where they do not look like pixels."""
    if dtype != "uint8":
        return None
    if len(shape) == 2:
        return ImageFormat((shape[0], shape[1]), "grayscale", channel_axis=False)
    if len(shape) == 3 and shape[2] in COLOR_MODES:
        return ImageFormat((shape[0], shape[1]), COLOR_MODES[shape[2]])
    return None


@dataclass(frozen=True)
class ImageKind(Kind):
    """A picture of one size.

    Attributes:
        format: How a file becomes one.
    """

    name: ClassVar[str] = "image"
    plural: ClassVar[str] = "images"
    placeholder: ClassVar[str] = "IMAGE.png"
    noun: ClassVar[str] = "image"
    is_json: ClassVar[bool] = False

    format: ImageFormat
    shape: tuple[int, ...] = field(init=False, repr=False)
    dtype: str = field(default="uint8", init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "shape", self.format.shape)

    def as_it_is(self) -> ImageKind:
        return ImageKind(replace(self.format, drawing=None))

    def as_json(self) -> dict[str, Any]:
        return asdict(self.format)

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Self:
        options = {name: value for name, value in record.items() if name != "kind"}
        drawing = options.get("drawing")
        if drawing is not None:
            stroke = drawing["stroke"]
            drawing = Drawing(**{**drawing, "stroke": None if stroke is None else tuple(stroke)})
        size = tuple(options["image_size"])
        return cls(ImageFormat(**{**options, "image_size": size, "drawing": drawing}))
