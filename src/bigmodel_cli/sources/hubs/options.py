"""The options that all data sets that others keep share."""

from __future__ import annotations

from abc import ABC
from dataclasses import replace

from pydantic import Field

from bigmodel_cli.config.facts import DataFacts
from bigmodel_cli.kinds.image.kind import ColorMode, ImageFormat
from bigmodel_cli.kinds.image.redrawing.drawings import MADE_LIKE_HELP, MadeLike, drawing_like
from bigmodel_cli.sources.image_options import AspectRatio, BitDepth, ImageSize, Interpolation
from bigmodel_cli.sources.label_values import CLASS_NAMES_HELP, LABELS_HELP, ClassNames, LabelKind
from bigmodel_cli.sources.options import SourceOptions

_SPLIT_HELP = "Which of its splits is for {split}; default: the one that is called so."


class HubOptions(SourceOptions, ABC):
    """Which columns and splits are used, and how images are read."""

    input: str | None = Field(
        default=None,
        min_length=1,
        description="Column that the model takes; one within another is called a/b. Default: what the data "
        "set itself says, else the only one that can be.",
    )
    target: str | None = Field(
        default=None, min_length=1, description="Column that is predicted; default: as for input."
    )
    train: str | None = Field(default=None, min_length=1, description=_SPLIT_HELP.format(split="training"))
    validation: str | None = Field(
        default=None, min_length=1, description=_SPLIT_HELP.format(split="validation")
    )
    test: str | None = Field(default=None, min_length=1, description=_SPLIT_HELP.format(split="testing"))
    labels: LabelKind = Field(default="auto", description=LABELS_HELP)
    class_names: ClassNames = Field(default=None, min_length=2, description=CLASS_NAMES_HELP)
    image_size: ImageSize | None = Field(
        default=None,
        description="[height, width] that every image is brought to; one number for a square. Default: the "
        "size that all of them have.",
    )
    color_mode: ColorMode | None = Field(
        default=None,
        description="The channels that every image is converted to; default: what the data set says or, "
        "where image_size is left out too, all images have; else rgb.",
    )
    interpolation: Interpolation = "bilinear"
    aspect_ratio: AspectRatio = "stretch"
    bit_depth: BitDepth = 16
    made_like: MadeLike | None = Field(
        default=None, description=MADE_LIKE_HELP.format(files="an image file that `predict` is given is")
    )

    @property
    def drawings(self) -> MadeLike | None:
        """How all images were drawn, where that is said or known."""
        return self.made_like

    def names_among(self, own: tuple[str, ...] | None) -> tuple[str, ...] | None:
        """Names of the classes: those that are said, else the data set's own, if it is one of classes."""
        return self.class_names or (None if self.labels == "numbers" else own)

    def facts(self) -> DataFacts:
        return DataFacts(None if self.labels == "auto" else self.labels)

    def format_of(self, size: tuple[int, int], color_mode: ColorMode) -> ImageFormat:
        """How image files of the data become examples."""
        return self.drawn(
            ImageFormat(size, color_mode, self.interpolation, self.aspect_ratio, bit_depth=self.bit_depth)
        )

    def drawn(self, image_format: ImageFormat) -> ImageFormat:
        """A format with how all images were drawn."""
        return replace(image_format, drawing=drawing_like(self.drawings, image_format.image_size))
