"""Decoding: an image file becomes an array, in training, evaluation and prediction alike."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, replace
from importlib.metadata import version
from typing import TYPE_CHECKING

from bigmodel_cli.errors import DataError
from bigmodel_cli.kinds.image.files.names import has_heic
from bigmodel_cli.kinds.image.files.opening import (
    EncodedImage,
    ImageFile,
    has_sixteen_bits,
    open_image,
    pillow,
    said_by,
)
from bigmodel_cli.kinds.image.files.room import pixels_to_decode
from bigmodel_cli.kinds.image.kind import ImageFormat

if TYPE_CHECKING:
    import numpy as np
    from PIL import Image

# Raise it with every change after which a file may become other pixels: decoded examples that are kept from
# earlier are then of no use any more.
DECODING_VERSION = 2

_PILLOW_MODES = {"grayscale": "L", "rgb": "RGB", "rgba": "RGBA"}
# Pixels of a JPEG's longer side, at least, in which a figure is looked for.
_DRAWING_SIDE = 1024
# In a thumbnail of this size ink on a transparent ground that is brighter than this needs a dark one.
_THUMBNAIL, _BRIGHT_INK = 64, 192


@dataclass(frozen=True, eq=False)
class Decoded:
    """An image file in a format.

    Attributes:
        pixels: uint8 of the format's shape.
        area: (left, top, right, bottom) of what they show, in parts of the picture's sides, where it was
            drawn anew; None where the format's `aspect_ratio` says it.
    """

    pixels: np.ndarray
    area: tuple[float, float, float, float] | None = None


def decode_image(path: ImageFile, image_format: ImageFormat, *, invert: bool = False) -> np.ndarray:
    """The pixels of `read_image`."""
    return read_image(path, image_format, invert=invert).pixels


def read_image(path: ImageFile, image_format: ImageFormat, *, invert: bool = False) -> Decoded:
    """Read an image file and bring it to a format.

    Where the format is that of drawings, a picture that was not made as they are is drawn anew, if it shows
    one figure on an even ground; with `invert` the ground is what the negative says.

    The first frame of an animation counts, the rotation that a camera noted is applied, 16-bit grey keeps
    the upper 8 of the bits that it uses, and transparent pixels are laid over white (unless `color_mode` is
    `rgba`).

    Args:
        path: The file.
        image_format: What it becomes.
        invert: Whether bright becomes dark first.

    Raises:
        DataError: If it cannot be read; names the file and the reason.
    """
    import numpy as np

    try:
        with open_image(path) as image, _in_room(path, image, image_format):
            image.load()
            turn_upright(image)
            image = _in_eight_bits(image, image_format.bit_depth)
            if (drawn := _redrawn(image, image_format, invert=invert)) is not None:
                return drawn
            converted = _in_color_mode(image, image_format.color_mode)
            pixels = np.array(_in_size(converted, image_format), np.uint8)
    except (DataError, MemoryError):
        raise
    except Exception as error:  # Pillow's decoders raise whatever broken bytes lead them to.
        raise DataError(f"{path}: damaged image: {said_by(error)}") from error
    return Decoded((255 - pixels if invert else pixels).reshape(image_format.shape))


def decoder() -> str:
    """What decodes: the same text, the same pixels."""
    from PIL import __version__, features

    pillow()
    libraries = {name: features.version(name) for name in ("jpg", "libjpeg_turbo", "zlib", "webp")}
    heic = f", pillow-heif {version('pillow-heif')}" if has_heic() else ""
    return f"decoding {DECODING_VERSION}, Pillow {__version__}, {libraries}{heic}"


def _in_room(path: ImageFile, image: Image.Image, image_format: ImageFormat) -> AbstractContextManager[None]:
    """Set an image to be decoded at the size that is needed, once there is room for that."""
    whole = image.size
    _decode_scaled(image, image_format)
    room = path.room if isinstance(path, EncodedImage) else None
    return nullcontext() if room is None else room.taken(pixels_to_decode(image, whole))


def _decode_scaled(image: Image.Image, image_format: ImageFormat) -> None:
    """Let a JPEG that is much larger be decoded at a half, a quarter or an eighth of its size.

    It stays at least twice as large as the target in both directions (also when it is turned), so the
    resampling that follows still has enough to average.
    """
    if image_format.interpolation != "nearest":
        side = 2 * max(image_format.image_size)
        if image_format.drawing is not None:
            # The figure may be a small part of the picture.
            side = max(side, _DRAWING_SIDE)
        image.draft(None, (side, side))


def turn_upright(image: Image.Image) -> None:
    """Apply the rotation that a camera noted."""
    from PIL import ImageOps

    # A broken note about the rotation says nothing about the pixels.
    with suppress(Exception):
        ImageOps.exif_transpose(image, in_place=True)


def _in_color_mode(image: Image.Image, color_mode: str) -> Image.Image:
    mode = _PILLOW_MODES[color_mode]
    if image.has_transparency_data:
        image = image.convert("RGBA")
        if mode != "RGBA":
            white = pillow().new("RGBA", image.size, "white")
            image = pillow().alpha_composite(white, image)
    return image if image.mode == mode else image.convert(mode)


def _in_eight_bits(image: Image.Image, bit_depth: int) -> Image.Image:
    """16-bit grey as 8-bit grey; Pillow's own conversion would clip at 255. Other images as they are."""
    if not has_sixteen_bits(image):
        return image
    import numpy as np

    pixels = np.asarray(image).astype(np.int64) >> (bit_depth - 8)
    return pillow().fromarray(pixels.clip(0, 255).astype(np.uint8))  # type: ignore[no-any-return]


def _redrawn(image: Image.Image, image_format: ImageFormat, *, invert: bool) -> Decoded | None:
    """A drawing in its format; None where it is so already, is none, or the format is not one of drawings."""
    drawing = image_format.drawing
    if drawing is None:
        return None
    import numpy as np
    from PIL import ImageOps

    from bigmodel_cli.kinds.image.redrawing.redraw import is_drawn_so, redraw

    height, width = image_format.image_size
    if image.size == (width, height):
        grey = np.asarray(_in_color_mode(image, "grayscale"))
        if is_drawn_so(255 - grey if invert else grey, drawing):
            return None
    picture = _on_a_ground(image)
    if invert:
        redrawn = redraw(
            ImageOps.invert(picture), (height, width), drawing, bright_ink=drawing.ink == "bright"
        )
    else:
        redrawn = redraw(picture, (height, width), drawing)
    if redrawn is None:
        return None
    shown = _in_color_mode(pillow().fromarray(redrawn.pixels), image_format.color_mode)
    return Decoded(np.array(shown, np.uint8).reshape(image_format.shape), redrawn.area)


def _on_a_ground(image: Image.Image) -> Image.Image:
    """A picture as RGB, transparent parts over white, or over black where white would hide the rest."""
    import numpy as np

    if image.has_transparency_data:
        small = image.convert("RGBA")
        small.thumbnail((_THUMBNAIL, _THUMBNAIL))
        pixels = np.asarray(small, np.float32)
        opaque = pixels[..., 3:]
        # Mean brightness of what is not transparent.
        brightness = float((pixels[..., :3] * opaque).sum() / max(1.0, 3 * opaque.sum()))
        if brightness > _BRIGHT_INK:
            black = pillow().new("RGBA", image.size, "black")
            return pillow().alpha_composite(black, image.convert("RGBA")).convert("RGB")  # type: ignore[no-any-return]
    return _in_color_mode(image, "rgb")


def brought_to_size(values: np.ndarray, image_format: ImageFormat) -> np.ndarray:
    """Whole numbers beside the pixels of an image, as the image is brought to its size: each by its nearest.

    Args:
        values: int32 of shape (height, width).
        image_format: The image's.

    Returns:
        int32 of the format's height and width; 0 where the image is padded.
    """
    import numpy as np

    image = pillow().fromarray(values.astype(np.int32))
    return np.asarray(_in_size(image, replace(image_format, interpolation="nearest")), np.int32)


def _in_size(image: Image.Image, image_format: ImageFormat) -> Image.Image:
    from PIL import ImageOps

    height, width = image_format.image_size
    resampling = getattr(pillow().Resampling, image_format.interpolation.upper())
    if image.size == (width, height):
        return image
    if image_format.aspect_ratio == "crop":
        return ImageOps.fit(image, (width, height), resampling)
    if image_format.aspect_ratio == "stretch":
        return image.resize((width, height), resampling)
    scale = min(width / image.width, height / image.height)
    inner = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    padded: Image.Image = pillow().new(image.mode, (width, height))
    padded.paste(image.resize(inner, resampling), ((width - inner[0]) // 2, (height - inner[1]) // 2))
    return padded
