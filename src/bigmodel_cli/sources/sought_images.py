"""Which files are looked for where images are."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import ClassVar

from bigmodel_cli.kinds.image.files import names
from bigmodel_cli.sources.file_walk import Sought


class SoughtImages(Sought):
    """Files that are called as images are."""

    noun: ClassVar[str] = "image"
    plural: ClassVar[str] = "images"

    @property
    def suffixes(self) -> Collection[str]:
        return names.image_suffixes()

    def is_kin(self, suffix: str) -> bool:
        return (
            suffix in names.PILLOW_SUFFIXES
            or suffix in names.HEIC_SUFFIXES
            or suffix in names.OTHER_IMAGE_SUFFIXES
        )

    def ways_out(self, suffixes: Collection[str]) -> Sequence[str]:
        ways = [names.HEIC_HINT] if names.HEIC_SUFFIXES & set(suffixes) else []
        others = sorted(names.OTHER_IMAGE_SUFFIXES & set(suffixes))
        return [*ways, f"convert {', '.join(others)} to PNG or JPEG to use them"] if others else ways


IMAGES = SoughtImages()
