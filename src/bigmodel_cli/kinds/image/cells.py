"""Cells that are paths of images."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, get_args

from bigmodel_cli.kinds.cells import Cells, Held, no_options
from bigmodel_cli.kinds.image.kind import CHANNELS, ImageFormat, ImageKind
from bigmodel_cli.kinds.image.redrawing.drawings import MadeLike, drawing_like

_SCALING = ("nearest", "bilinear", "bicubic", "lanczos")
_PROPORTIONS = ("stretch", "crop", "pad")
_LARGEST = 16_384


class ImageCells(Cells):
    """A path stands for the image that the file has."""

    kind: ImageKind
    may_spill: ClassVar[bool] = False
    are_paths: ClassVar[bool] = True
    needs_options: ClassVar[bool] = True

    @classmethod
    def learnt(cls, facts: Any, options: Mapping[str, Any]) -> ImageKind:
        choices: Mapping[str, tuple[Any, ...]] = {
            "color_mode": tuple(CHANNELS),
            "interpolation": _SCALING,
            "aspect_ratio": _PROPORTIONS,
            "made_like": get_args(MadeLike),
            "bit_depth": tuple(range(8, 17)),
        }
        no_options(options, "image_size", *choices)
        size = _size(options.get("image_size"))
        told = {name: options[name] for name in choices if options.get(name) is not None}
        for name, value in told.items():
            if value not in choices[name]:
                there_are = ", ".join(map(str, choices[name]))
                raise ValueError(f"{name}: expected one of {there_are}; found {value!r}")
        drawing = drawing_like(told.pop("made_like", None), size)
        return ImageKind(ImageFormat(size, **told, drawing=drawing))

    def reading(self) -> dict[str, Any]:
        return {"kind": "image"}

    def held(self, values: Any) -> Held:
        import numpy as np

        texts = [values[row] for row in range(len(values))]
        return Held(np.where([bool(text) for text in texts], np.arange(len(texts)), len(texts)), texts)


def _size(given: Any) -> tuple[int, int]:
    """(height, width) in pixels.

    Raises:
        ValueError: If it is none.
    """
    sides = [given, given] if isinstance(given, int) else given
    is_list = isinstance(sides, list | tuple) and len(sides) == 2
    if not is_list or not all(type(side) is int and 1 <= side <= _LARGEST for side in sides):
        expected = "expected [height, width] in pixels, or one number for a square"
        raise ValueError(f"image_size: {expected}; found {'none' if given is None else repr(given)}")
    return sides[0], sides[1]
