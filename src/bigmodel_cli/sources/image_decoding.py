"""Decoding: an image file becomes an array, in training, evaluation and prediction alike."""

from __future__ import annotations

import stat
import warnings
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bigmodel_cli.errors import DataError
from bigmodel_cli.sources.base import ImageFormat
from bigmodel_cli.sources.image_names import HEIC_HINT, has_heic

if TYPE_CHECKING:
    import numpy as np
    from PIL import Image

# Raise it with every change after which a file may become other pixels: decoded examples that are kept from
# earlier are then of no use any more.
DECODING_VERSION = 1

_PILLOW_FORMATS = ("JPEG", "PNG", "BMP", "GIF", "WEBP")
_EXPECTED = "expected a JPEG, PNG, BMP, GIF or WebP image"
_PILLOW_MODES = {"grayscale": "L", "rgb": "RGB", "rgba": "RGBA"}
# No format packs pixels closer than PNG does those of one bit: some 8,300 to a byte.
_MAX_PIXELS_PER_BYTE = 10_000
_FREE_PIXELS = 2**24
# Pixels of a JPEG's longer side, at least, in which a figure is looked for.
_DRAWING_SIDE = 1024
# In a thumbnail of this size ink on a transparent ground that is brighter than this needs a dark one.
_THUMBNAIL, _BRIGHT_INK = 64, 192
_HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1")
_BOMB = "(a small file can hide a huge image)"
_BOMB_HINT = "scale it down, or remove it"


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


def decode_image(path: Path, image_format: ImageFormat, *, invert: bool = False) -> np.ndarray:
    """The pixels of `read_image`."""
    return read_image(path, image_format, invert=invert).pixels


def read_image(path: Path, image_format: ImageFormat, *, invert: bool = False) -> Decoded:
    """Read an image file and bring it to a format.

    Where the format is that of drawings, a picture that was not made as they are is drawn anew, if it shows
    one figure on an even ground; with `invert` the ground is what the negative says.

    The first frame of an animation counts, the rotation that a camera noted is applied, 16-bit grey keeps
    its upper 8 bits, and transparent pixels are laid over white (unless `color_mode` is `rgba`).

    Args:
        path: The file.
        image_format: What it becomes.
        invert: Whether bright becomes dark first.

    Raises:
        DataError: If it cannot be read; names the file and the reason.
    """
    import numpy as np

    try:
        with open_image(path) as image:
            _decode_scaled(image, image_format)
            image.load()
            _turn_upright(image)
            if (drawn := _redrawn(image, image_format, invert=invert)) is not None:
                return drawn
            converted = _in_color_mode(image, image_format.color_mode)
            pixels = np.array(_in_size(converted, image_format), np.uint8)
    except (DataError, MemoryError):
        raise
    except Exception as error:  # Pillow's decoders raise whatever broken bytes lead them to.
        raise DataError(f"{path}: damaged image: {error or type(error).__name__}") from error
    return Decoded((255 - pixels if invert else pixels).reshape(image_format.shape))


def decoder() -> str:
    """What decodes: the same text, the same pixels."""
    from PIL import __version__, features

    _pillow()
    libraries = {name: features.version(name) for name in ("jpg", "libjpeg_turbo", "zlib", "webp")}
    heic = f", pillow-heif {version('pillow-heif')}" if has_heic() else ""
    return f"decoding {DECODING_VERSION}, Pillow {__version__}, {libraries}{heic}"


def image_size_and_mode(path: Path) -> tuple[tuple[int, int], str]:
    """(width, height) and Pillow's name of the pixels' kind (`L`, `RGB`, …), from a file's header alone.

    Raises:
        DataError: If it is no image.
    """
    with open_image(path) as image:
        return image.size, image.mode


@cache
def _pillow() -> Any:
    """Pillow's `Image` module, ready for the formats that are read here, some of which it loads late."""
    from PIL import Image, WebPImagePlugin  # noqa: F401

    Image.preinit()
    # Between its soft and its hard limit of pixels Pillow only warns, and photographs may be that large.
    warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)
    # Broken notes of cameras (EXIF) harm no pixel, and a data set has thousands of them.
    warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")
    return Image


def open_image(path: Path) -> Image.Image:
    """An image whose header is read and sound; its pixels are not read yet.

    Raises:
        DataError: If there is none.
    """
    pillow = _pillow()
    try:
        num_bytes = _bytes_of_file(path)
        image = _opened(path)
        _check_pixels(path, image, num_bytes)
    except FileNotFoundError as error:
        raise DataError(f"{path}: no such file") from error
    except pillow.DecompressionBombError as error:
        raise DataError(
            f"{path}: more than {2 * pillow.MAX_IMAGE_PIXELS:,} pixels, which is refused {_BOMB}",
            hint=_BOMB_HINT,
        ) from error
    except pillow.UnidentifiedImageError as error:
        found = "an empty file" if path.stat().st_size == 0 else "something else"
        raise DataError(f"{path}: {_EXPECTED}, found {found}") from error
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from error
    except Exception as error:  # Pillow's readers raise whatever broken headers lead them to.
        if isinstance(error, DataError | MemoryError):
            raise
        raise DataError(f"{path}: damaged image: {error or type(error).__name__}") from error
    return image


def _opened(path: Path) -> Image.Image:
    """An image by its content, whatever its suffix says.

    Raises:
        DataError: If it is of a kind for which an extra is missing.
    """
    pillow = _pillow()
    try:
        image: Image.Image = pillow.open(
            path, formats=[name for name in _PILLOW_FORMATS if name in pillow.OPEN]
        )
    except pillow.UnidentifiedImageError:
        if not _is_heic(path):
            raise
        if not has_heic():
            raise DataError(f"{path}: {_EXPECTED}, found a HEIC image", hint=HEIC_HINT) from None
        _register_heic()
        image = pillow.open(path, formats=["HEIF"])
    return image


def _is_heic(path: Path) -> bool:
    """Whether a file begins as a HEIC image does: a box `ftyp` with one of its brands."""
    with path.open("rb") as file:
        head = file.read(64)
    return head[4:8] == b"ftyp" and any(brand in head[8:] for brand in _HEIC_BRANDS)


@cache
def _register_heic() -> None:
    """Make HEIC known to Pillow."""
    from pillow_heif import register_heif_opener

    register_heif_opener(thumbnails=False)


def _bytes_of_file(path: Path) -> int:
    """The size of a file. A pipe would be waited for until somebody writes into it; a device may never end.

    Raises:
        DataError: If it is one.
        OSError: If the path leads nowhere.
    """
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        found = "a folder" if stat.S_ISDIR(status.st_mode) else "a pipe, a socket or a device"
        raise DataError(f"{path}: {_EXPECTED}, found {found}")
    return status.st_size


def _check_pixels(path: Path, image: Image.Image, num_bytes: int) -> None:
    """Refuse an image whose bytes cannot have been enough for its pixels."""
    pixels = image.width * image.height
    if pixels > _FREE_PIXELS and pixels > _MAX_PIXELS_PER_BYTE * num_bytes:
        image.close()
        raise DataError(
            f"{path}: {pixels:,} pixels in {num_bytes:,} bytes, which is refused {_BOMB}", hint=_BOMB_HINT
        )


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


def _turn_upright(image: Image.Image) -> None:
    from PIL import ImageOps

    # A broken note about the rotation says nothing about the pixels.
    with suppress(Exception):
        ImageOps.exif_transpose(image, in_place=True)


def _in_color_mode(image: Image.Image, color_mode: str) -> Image.Image:
    mode = _PILLOW_MODES[color_mode]
    if image.mode.startswith("I"):
        image = _upper_bits(image)
    if image.has_transparency_data:
        image = image.convert("RGBA")
        if mode != "RGBA":
            white = _pillow().new("RGBA", image.size, "white")
            image = _pillow().alpha_composite(white, image)
    return image if image.mode == mode else image.convert(mode)


def _upper_bits(image: Image.Image) -> Image.Image:
    """16-bit grey as 8-bit grey; Pillow's own conversion would clip at 255."""
    import numpy as np

    return _pillow().fromarray((np.asarray(image).astype(np.int64) >> 8).clip(0, 255).astype(np.uint8))  # type: ignore[no-any-return]


def _redrawn(image: Image.Image, image_format: ImageFormat, *, invert: bool) -> Decoded | None:
    """A drawing in its format; None where it is so already, is none, or the format is not one of drawings."""
    drawing = image_format.drawing
    if drawing is None:
        return None
    import numpy as np
    from PIL import ImageOps

    from bigmodel_cli.sources.redrawing.redraw import is_drawn_so, redraw

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
    shown = _in_color_mode(_pillow().fromarray(redrawn.pixels), image_format.color_mode)
    return Decoded(np.array(shown, np.uint8).reshape(image_format.shape), redrawn.area)


def _on_a_ground(image: Image.Image) -> Image.Image:
    """A picture as RGB, transparent parts over white, or over black where white would hide the rest."""
    import numpy as np

    if image.has_transparency_data and not image.mode.startswith("I"):
        small = image.convert("RGBA")
        small.thumbnail((_THUMBNAIL, _THUMBNAIL))
        pixels = np.asarray(small, np.float32)
        opaque = pixels[..., 3:]
        # Mean brightness of what is not transparent.
        brightness = float((pixels[..., :3] * opaque).sum() / max(1.0, 3 * opaque.sum()))
        if brightness > _BRIGHT_INK:
            black = _pillow().new("RGBA", image.size, "black")
            return _pillow().alpha_composite(black, image.convert("RGBA")).convert("RGB")  # type: ignore[no-any-return]
    return _in_color_mode(image, "rgb")


def _in_size(image: Image.Image, image_format: ImageFormat) -> Image.Image:
    from PIL import ImageOps

    height, width = image_format.image_size
    resampling = getattr(_pillow().Resampling, image_format.interpolation.upper())
    if image.size == (width, height):
        return image
    if image_format.aspect_ratio == "crop":
        return ImageOps.fit(image, (width, height), resampling)
    if image_format.aspect_ratio == "stretch":
        return image.resize((width, height), resampling)
    scale = min(width / image.width, height / image.height)
    inner = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    padded: Image.Image = _pillow().new(image.mode, (width, height))
    padded.paste(image.resize(inner, resampling), ((width - inner[0]) // 2, (height - inner[1]) // 2))
    return padded
