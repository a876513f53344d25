"""The options that all sources of image files share."""

from __future__ import annotations

from abc import ABC
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from bigmodel_cli.config.fields import ConfigPath, WholeNumber
from bigmodel_cli.kinds.image.kind import ColorMode, ImageFormat
from bigmodel_cli.kinds.image.redrawing.drawings import MADE_LIKE_HELP, MadeLike, drawing_like
from bigmodel_cli.sources.options import SourceOptions


def _square(value: Any) -> Any:
    """One number stands for height and width alike."""
    return (value, value) if isinstance(value, int | float) and not isinstance(value, bool) else value


_Pixels = Annotated[WholeNumber, Field(ge=1, le=16_384)]
_PIXELS_SCHEMA = {"type": "integer", "minimum": 1, "maximum": 16_384}
ImageSize = Annotated[
    tuple[_Pixels, _Pixels],
    BeforeValidator(_square),
    WithJsonSchema(
        {"anyOf": [_PIXELS_SCHEMA, {"type": "array", "items": _PIXELS_SCHEMA, "minItems": 2, "maxItems": 2}]}
    ),
]
Interpolation = Annotated[
    Literal["nearest", "bilinear", "bicubic", "lanczos"],
    Field(description="How pixels are computed where an image has another size."),
]
AspectRatio = Annotated[
    Literal["stretch", "crop", "pad"],
    Field(
        description="Where proportions differ: stretch the image, crop its longer side, or pad with black."
    ),
]
BitDepth = Annotated[
    WholeNumber,
    Field(
        ge=8,
        le=16,
        description="Bits that pixels of 16-bit grey images use; the upper 8 of them are kept. Cameras "
        "and scanners often use 12.",
    ),
]


class ImageFileOptions(SourceOptions, ABC):
    """How files become examples: the options that all sources of image files share."""

    path: ConfigPath = Field(description="Where the images are listed.")
    image_size: ImageSize = Field(
        description="[height, width] that every image is brought to; one number for a square."
    )
    color_mode: ColorMode = Field(default="rgb", description="The channels that every image is converted to.")
    interpolation: Interpolation = "bilinear"
    aspect_ratio: AspectRatio = "stretch"
    bit_depth: BitDepth = 16
    made_like: MadeLike | None = Field(
        default=None, description=MADE_LIKE_HELP.format(files="a file that is not is")
    )

    @property
    def image_format(self) -> ImageFormat:
        drawing = drawing_like(self.made_like, self.image_size)
        return ImageFormat(
            self.image_size,
            self.color_mode,
            self.interpolation,
            self.aspect_ratio,
            drawing=drawing,
            bit_depth=self.bit_depth,
        )
