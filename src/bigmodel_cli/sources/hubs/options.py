"""The options that all data sets that others keep share."""

from __future__ import annotations

from abc import ABC
from collections.abc import Collection
from dataclasses import replace
from typing import Final, Literal

from pydantic import Field, model_validator

from bigmodel_cli.config.facts import DataFacts
from bigmodel_cli.kinds.image.kind import ColorMode, ImageFormat
from bigmodel_cli.kinds.image.redrawing.drawings import MADE_LIKE_HELP, MadeLike, drawing_like
from bigmodel_cli.sources.image_options import AspectRatio, BitDepth, ImageSize, Interpolation
from bigmodel_cli.sources.label_values import CLASS_NAMES_HELP, LABELS_HELP, ClassNames, LabelKind
from bigmodel_cli.sources.options import SourceOptions

IGNORE: Final = "ignore"
_SPLIT_HELP = "Which of its splits is for {split}; default: the one that is called so."


class HubOptions(SourceOptions, ABC):
    """Which columns and splits are used, and how images are read."""

    input: str | list[str] | None = Field(
        default=None,
        min_length=1,
        description="Column that the model takes, or several; one within another is called a/b. Default: "
        "what the data set itself says, else its images, else all that can be.",
    )
    target: str | list[str] | None = Field(
        default=None,
        min_length=1,
        description="Column that is predicted, or several; default: what the data set itself says, else the "
        "only one of classes.",
    )
    columns: dict[str, Literal["number", "category", "text", "date", "ignore"]] = Field(
        default={},
        description="What columns of single numbers, words or moments are as inputs; ignore leaves one out. "
        "Columns that are not named are looked at.",
    )
    sample_weight: str | None = Field(
        default=None, min_length=1, description="The column that says what each example counts in the loss."
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

    @model_validator(mode="after")
    def _roles(self) -> HubOptions:
        inputs, targets = named(self.input), named(self.target)
        for name in targets:
            if name in inputs:
                raise ValueError(f"input: {name!r} is the target")
            if self.columns.get(name) == IGNORE:
                raise ValueError(f"target: {name!r} is a column that columns says to ignore")
        if self.sample_weight in (*inputs, *targets):
            raise ValueError(f"sample_weight: {self.sample_weight!r} is an input or the target")
        if len(targets) > 1 and self.class_names:
            raise ValueError("class_names is for one target: leave it out where there are several")
        return self

    @property
    def target_names(self) -> tuple[str, ...]:
        return tuple(named(self.target))

    @property
    def named_columns(self) -> Collection[str]:
        return self.columns

    @property
    def drawings(self) -> MadeLike | None:
        """How all images were drawn, where that is said or known."""
        return self.made_like

    def names_among(self, own: tuple[str, ...] | None) -> tuple[str, ...] | None:
        """Names of the classes: those that are said, else the data set's own, if it is one of classes."""
        return self.class_names or (None if self.labels == "numbers" else own)

    def facts(self) -> DataFacts:
        labels = None if self.labels == "auto" else self.labels
        if self.target is None:
            # One input and one target go without names.
            return DataFacts(labels, beside=None)
        names = dict.fromkeys([*named(self.input), *self.columns])
        return DataFacts(
            labels,
            by_target={name: DataFacts(labels) for name in self.target_names},
            columns={name: self.columns.get(name, "") for name in names if self.columns.get(name) != IGNORE},
            ignored=frozenset(name for name, kind in self.columns.items() if kind == IGNORE),
        )

    def format_of(self, size: tuple[int, int], color_mode: ColorMode) -> ImageFormat:
        """How image files of the data become examples."""
        return self.drawn(
            ImageFormat(size, color_mode, self.interpolation, self.aspect_ratio, bit_depth=self.bit_depth)
        )

    def drawn(self, image_format: ImageFormat) -> ImageFormat:
        """A format with how all images were drawn."""
        return replace(image_format, drawing=drawing_like(self.drawings, image_format.image_size))


def named(said: str | list[str] | None) -> list[str]:
    """The columns that an option names."""
    return [] if said is None else [said] if isinstance(said, str) else said
