"""How kinds are shown: one answer each to what is a picture, and the same pixels as ever."""

from __future__ import annotations

import base64
import io

import numpy as np
import pytest
from PIL import Image

from bigmodel_cli.kinds.array.kind import ArrayKind
from bigmodel_cli.kinds.image.kind import ImageFormat, ImageKind
from bigmodel_cli.kinds.show import Show
from bigmodel_cli.parts import part_of


def show(kind):
    return part_of(kind, Show)


@pytest.mark.parametrize(
    ("kind", "picture", "pixels", "photograph"),
    [
        (ImageKind(ImageFormat((28, 28), "grayscale")), True, True, False),
        (ImageKind(ImageFormat((2, 2), "rgb")), True, True, False),
        (ImageKind(ImageFormat((32, 40), "grayscale", channel_axis=False)), True, True, True),
        (ArrayKind((8, 8)), True, False, False),
        (ArrayKind((200, 64)), True, False, False),
        (ArrayKind((8, 8, 3), "uint8"), True, True, False),
        (ArrayKind((64, 64, 3)), True, False, True),
        (ArrayKind((64, 64, 4)), True, False, False),
        (ArrayKind((64, 64, 2)), False, False, False),
        (ArrayKind((3, 100)), False, False, False),
        (ArrayKind((784,), "uint8"), False, False, False),
        (ArrayKind((4, 8, 8, 3)), False, False, False),
    ],
    ids=lambda value: value.described if hasattr(value, "described") else "",
)
def test_what_is_a_picture(kind, picture, pixels, photograph):
    shown = show(kind)
    assert (shown.are_pictures, shown.are_pixels, shown.are_photographs) == (picture, pixels, photograph)
    assert (shown.why_no_plot is None) == isinstance(kind, ImageKind)


@pytest.mark.parametrize(
    ("values", "pixels"),
    [
        ([[0.0, 1.0], [0.5, 0.25]], [[0, 255], [128, 64]]),
        ([[0.0, 255.0], [1.4, 9.0]], [[0, 255], [1, 9]]),
        ([[-1.0, 1.0], [0.0, 0.5]], [[0, 255], [128, 191]]),
        ([[float("nan"), 0.0], [1.0, 0.0]], [[0, 0], [255, 0]]),
    ],
)
def test_numbers_are_brought_to_pixels(values, pixels):
    assert show(ArrayKind((2, 2))).pixels(np.array(values, np.float32)).tolist() == pixels


def test_a_thumbnail_is_small_and_keeps_what_is_small():
    for shape, size in (((200, 64), (36, 112)), ((28, 28, 1), (28, 28)), ((16, 20, 4), (20, 16))):
        png = show(ArrayKind(shape, "uint8")).thumbnail(np.full(shape, 7, np.uint8))
        image = Image.open(io.BytesIO(base64.b64decode(png)))
        assert (image.format, image.size) == ("PNG", size)
