"""Which files are images, by the names that they have."""

from __future__ import annotations

import os
from functools import cache
from importlib.util import find_spec

# What Pillow reads everywhere, and what telephones write, for which it needs the extra `heic`.
PILLOW_SUFFIXES = frozenset({".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".gif", ".webp"})
HEIC_SUFFIXES = frozenset({".heic", ".heif", ".hif"})
# Images of kinds that are not read: whoever has them can convert them.
OTHER_IMAGE_SUFFIXES = frozenset(
    {".tif", ".tiff", ".avif", ".jp2", ".jxl", ".dng", ".cr2", ".cr3", ".nef", ".arw", ".svg", ".psd"}
    | {".ico", ".tga", ".ppm", ".pgm", ".pbm", ".dcm", ".exr"}
)
HEIC_HINT = "to read HEIC images: pip install 'bigmodel-cli[heic]'"


@cache
def has_heic() -> bool:
    """Whether the extra `heic` is installed."""
    return find_spec("pillow_heif") is not None


@cache
def image_suffixes() -> frozenset[str]:
    """The suffixes of files that are read here, in lower case."""
    return PILLOW_SUFFIXES | HEIC_SUFFIXES if has_heic() else PILLOW_SUFFIXES


def suffix_of(name: str) -> str:
    """The suffix of a file's name or path in lower case: `.jpg`; "" where it has none."""
    return os.path.splitext(name)[1].lower()  # noqa: PTH122 - as text: a folder may have a million files


def is_image_name(name: str) -> bool:
    """Whether the name of a file says that it is an image that can be read here."""
    return suffix_of(name) in image_suffixes()
