"""Cells that are paths of images."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, get_args

from bigmodel_cli.kinds.cells import Cells, Held, WrongOptionError, no_options, paths_held
from bigmodel_cli.kinds.image.kind import CHANNELS, ImageFormat, ImageKind
from bigmodel_cli.kinds.image.redrawing.drawings import MadeLike, drawing_like

_CHOICES: Mapping[str, tuple[Any, ...]] = {
    "color_mode": tuple(CHANNELS),
    "interpolation": ("nearest", "bilinear", "bicubic", "lanczos"),
    "aspect_ratio": ("stretch", "crop", "pad"),
    "made_like": get_args(MadeLike),
    "bit_depth": tuple(range(8, 17)),
}
_LARGEST = 16_384


class ImageCells(Cells):
    """A path stands for the image that the file has."""

    kind: ImageKind
    may_spill: ClassVar[bool] = False
    are_paths: ClassVar[bool] = True
    needs_options: ClassVar[bool] = True

    @classmethod
    def check_options(cls, options: Mapping[str, Any]) -> None:
        no_options(options, "image_size", *_CHOICES)
        _size(options.get("image_size"))
        for name, choices in _CHOICES.items():
            value = options.get(name)
            if value is not None and value not in choices:
                there_are = ", ".join(map(str, choices))
                raise WrongOptionError(name, f"expected one of {there_are}; found {value!r}")

    @classmethod
    def learnt(cls, facts: Any, options: Mapping[str, Any]) -> ImageKind:
        size = _size(options.get("image_size"))
        told = {name: options[name] for name in _CHOICES if options.get(name) is not None}
        drawing = drawing_like(told.pop("made_like", None), size)
        return ImageKind(ImageFormat(size, **told, drawing=drawing))

    def reading(self) -> dict[str, Any]:
        return {"kind": "image"}

    def held(self, values: Any) -> Held:
        return paths_held(values)


def _size(given: Any) -> tuple[int, int]:
    """(height, width) in pixels.

    Raises:
        WrongOptionError: If it is none.
    """
    sides = [given, given] if isinstance(given, int) else given
    is_list = isinstance(sides, list | tuple) and len(sides) == 2
    if not is_list or not all(type(side) is int and 1 <= side <= _LARGEST for side in sides):
        found = "none" if given is None else repr(given)
        raise WrongOptionError(
            "image_size",
            f"expected [height, width] in pixels, or one number for a square; found {found}",
            "write for instance {image: {image_size: [96, 96]}}",
        )
    return sides[0], sides[1]
