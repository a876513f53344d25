"""Files of images, folders of them, and arrays of pixels."""

from __future__ import annotations

from typing import ClassVar

from bigmodel_cli.kinds.inputs import WalkingFinder
from bigmodel_cli.sources.file_walk import Sought
from bigmodel_cli.sources.sought_images import IMAGES


class ImageFinder(WalkingFinder):
    """Finds files by their content; in folders those that are called as images are."""

    hint: ClassVar[str] = "give an image, a folder of images, or a quoted glob"
    sought: ClassVar[Sought] = IMAGES
