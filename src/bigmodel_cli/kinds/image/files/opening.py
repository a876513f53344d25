"""Opening image files: what a file is by its content, and whether it can be one of those that are read."""

from __future__ import annotations

import stat
import warnings
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from bigmodel_cli.errors import DataError
from bigmodel_cli.kinds.image.files.names import HEIC_HINT, HEIC_SUFFIXES, has_heic, suffix_of
from bigmodel_cli.kinds.image.files.room import PixelRoom

if TYPE_CHECKING:
    from PIL import Image

_PILLOW_FORMATS = ("JPEG", "PNG", "BMP", "GIF", "WEBP")
_EXPECTED = "expected a JPEG, PNG, BMP, GIF or WebP image"
_EXPECTED_TOO = "expected a JPEG, PNG, BMP, GIF, WebP or HEIC image"
# No format packs pixels closer than PNG does those of one bit: some 8,300 to a byte.
_MAX_PIXELS_PER_BYTE = 10_000
_FREE_PIXELS = 2**24
# Images that are decoded to see how many bits their pixels use.
_DEPTH_SAMPLE = 32
# How files begin that are often given a wrong suffix, in lower case.
_OTHER_KINDS = {
    b"ii*\0": "a TIFF image",
    b"mm\0*": "a TIFF image",
    b"%pdf": "a PDF file",
    b"<!doctype html": "a web page",
    b"<html": "a web page",
    b"<svg": "an SVG drawing",
    b"version https://git-lfs": "a pointer of Git LFS (git lfs pull fetches the file)",
}
# The tag in which a camera notes how it was held; from 5 on width and height are exchanged.
_ORIENTATION = 0x0112
_FIRST_TURNED = 5
_HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1")
_BOMB = "(a small file can hide a huge image)"
_BOMB_HINT = "scale it down, or remove it"


@dataclass(frozen=True)
class EncodedImage:
    """An image file that is part of another one, or was sent, as what is opened and decoded here.

    Attributes:
        name: What a person would call it.
        content: Its bytes.
        room: Where its pixels are decoded; more than it has are refused before any is; None: as any file.
    """

    name: str
    content: bytes = field(repr=False)
    room: PixelRoom | None = None

    def __str__(self) -> str:
        return self.name

    def open(self, _mode: str = "rb") -> BinaryIO:
        return BytesIO(self.content)


# What an image is read from.
ImageFile = Path | EncodedImage


def said_by(error: Exception) -> str:
    """What a decoder's error says, in one line."""
    return " ".join(str(error).split()) or type(error).__name__


def has_sixteen_bits(image: Image.Image) -> bool:
    """Whether pixels are grey of 16 bits."""
    return image.mode.startswith("I")


def image_size_and_mode(path: ImageFile) -> tuple[tuple[int, int], str]:
    """(width, height) and Pillow's name of the pixels' kind (`L`, `RGB`, …), from a file's header alone.

    Raises:
        DataError: If it is no image.
    """
    with open_image(path) as image:
        return image.size, image.mode


@cache
def pillow() -> Any:
    """Pillow's `Image` module, ready for the formats that are read here, some of which it loads late."""
    from PIL import Image, WebPImagePlugin  # noqa: F401

    Image.preinit()
    # Between its soft and its hard limit of pixels Pillow only warns, and photographs may be that large.
    warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)
    # Broken notes of cameras (EXIF) harm no pixel, and a data set has thousands of them.
    warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")
    return Image


def bits_of_images(paths: Sequence[Path]) -> int:
    """How many bits the brightest pixel of some images uses, as a sample of them tells.

    Args:
        paths: Images with 16 bits per pixel.
    """
    import numpy as np

    brightest = 0
    for path in paths[:: max(1, len(paths) // _DEPTH_SAMPLE)]:
        # What cannot be decoded is told of elsewhere.
        with suppress(Exception), open_image(path) as image:
            brightest = max(brightest, int(np.asarray(image).max()))
    return brightest.bit_length()


def open_image(path: ImageFile) -> Image.Image:
    """An image whose header is read and sound; its pixels are not read yet.

    Raises:
        DataError: If there is none.
    """
    image_module = pillow()
    try:
        num_bytes = bytes_of_file(path, _EXPECTED)
        image = _opened(path)
        _check_pixels(path, image, num_bytes)
    except FileNotFoundError as error:
        raise DataError(f"{path}: no such file") from error
    except image_module.DecompressionBombError as error:
        raise DataError(
            f"{path}: more than {2 * image_module.MAX_IMAGE_PIXELS:,} pixels, which is refused {_BOMB}",
            hint=_BOMB_HINT,
        ) from error
    except image_module.UnidentifiedImageError as error:
        found = _kind_of(path)
        expected = _EXPECTED_TOO if suffix_of(path.name) in HEIC_SUFFIXES and has_heic() else _EXPECTED
        raise DataError(f"{path}: {expected}, found {found}") from error
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or said_by(error)}") from error
    except Exception as error:  # Pillow's readers raise whatever broken headers lead them to.
        if isinstance(error, DataError | MemoryError):
            raise
        raise DataError(f"{path}: damaged image: {said_by(error)}") from error
    return image


def upright_size(path: ImageFile) -> tuple[int, int]:
    """(width, height) of an image file as it is looked at, from its header.

    Raises:
        DataError: If it is no image.
    """
    with open_image(path) as image:
        width, height = image.size
        # A broken note about the rotation says nothing.
        with suppress(Exception):
            if image.getexif().get(_ORIENTATION, 1) >= _FIRST_TURNED:
                width, height = height, width
    return width, height


def _opened(path: ImageFile) -> Image.Image:
    """An image by its content, whatever its suffix says.

    Raises:
        DataError: If it is of a kind for which an extra is missing.
    """
    image_module = pillow()
    file = path if isinstance(path, Path) else path.open()
    try:
        image: Image.Image = image_module.open(
            file, formats=[name for name in _PILLOW_FORMATS if name in image_module.OPEN]
        )
    except image_module.UnidentifiedImageError:
        if not _is_heic(path):
            raise
        if not has_heic():
            raise DataError(f"{path}: {_EXPECTED}, found a HEIC image", hint=HEIC_HINT) from None
        _register_heic()
        image = image_module.open(file, formats=["HEIF"])
    return image


def _kind_of(path: ImageFile) -> str:
    """What a file that is no image seems to be instead."""
    with path.open("rb") as file:
        head = file.read(512)
    if not head:
        return "an empty file"
    if head[4:12] == b"ftypavif":
        return "an AVIF image"
    text = head.lstrip().lower()
    return next((kind for begins, kind in _OTHER_KINDS.items() if text.startswith(begins)), "something else")


def _is_heic(path: ImageFile) -> bool:
    """Whether a file begins as a HEIC image does: a box `ftyp` with one of its brands."""
    with path.open("rb") as file:
        head = file.read(64)
    return head[4:8] == b"ftyp" and any(brand in head[8:] for brand in _HEIC_BRANDS)


@cache
def _register_heic() -> None:
    """Make HEIC known to Pillow."""
    from pillow_heif import register_heif_opener

    register_heif_opener(thumbnails=False)


def bytes_of_file(path: ImageFile, expected: str) -> int:
    """The size of a file. A pipe would be waited for until somebody writes into it; a device may never end.

    Args:
        path: The file.
        expected: What it should be, for the error.

    Raises:
        DataError: If it is one.
        OSError: If the path leads nowhere.
    """
    if isinstance(path, EncodedImage):
        return len(path.content)
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        found = "a folder" if stat.S_ISDIR(status.st_mode) else "a pipe, a socket or a device"
        raise DataError(f"{path}: {expected}, found {found}")
    return status.st_size


def _check_pixels(path: ImageFile, image: Image.Image, num_bytes: int) -> None:
    """Refuse an image whose bytes cannot have been enough for its pixels."""
    pixels = image.width * image.height
    room = path.room if isinstance(path, EncodedImage) else None
    if room is not None and pixels > room.most:
        image.close()
        raise DataError(f"{path}: {pixels:,} pixels; {room.most:,} are the most that are taken here")
    if pixels > _FREE_PIXELS and pixels > _MAX_PIXELS_PER_BYTE * num_bytes:
        image.close()
        raise DataError(
            f"{path}: {pixels:,} pixels in {num_bytes:,} bytes, which is refused {_BOMB}", hint=_BOMB_HINT
        )
