"""Known ways in which drawings were made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

from bigmodel_cli.kinds.image.kind import Drawing, ImageFormat

MadeLike = Literal["mnist", "mnist_inverted", "fashion_mnist"]
MADE_LIKE_HELP = (
    "Every image is one figure on an even ground, made like those of mnist (bright strokes on black, in the "
    "middle by their centre of mass), mnist_inverted (dark on white) or fashion_mnist (bright shades on "
    "black, as large as the image); {files} made so. Default: images of any kind."
)
# LeCun et al. 1998: a box of 20 pixels in 28. Nine tenths of its strokes are between 1.6 and 3.8 pixels wide.
_BOX, _STROKE = 20 / 28, (1.8 / 28, 3.6 / 28)
_INK: Mapping[MadeLike, Literal["bright", "dark"]] = {"mnist": "bright", "mnist_inverted": "dark"}


def drawing_like(name: MadeLike | None, image_size: tuple[int, int]) -> Drawing | None:
    """How drawings of this size are made, if they are made like those of a known data set.

    Args:
        name: The data set.
        image_size: (height, width) in pixels.
    """
    if name is None:
        return None
    side = min(image_size)
    if name == "fashion_mnist":
        # Xiao et al. 2017: the longer side fills the picture, negative shades of grey.
        return Drawing("bright", side, "box")
    low, high = _STROKE
    return Drawing(_INK[name], max(1, round(side * _BOX)), "mass", (low * side, high * side))


def made_like(image_format: ImageFormat) -> MadeLike | None:
    """The known data set that drawings of a format are made like."""
    names: tuple[MadeLike, ...] = get_args(MadeLike)
    drawing, size = image_format.drawing, image_format.image_size
    return next((name for name in names if drawing == drawing_like(name, size)), None)
