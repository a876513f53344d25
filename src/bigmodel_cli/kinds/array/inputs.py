"""Arrays in files."""

from __future__ import annotations

from bigmodel_cli.kinds.image.inputs import ImageFinder


class ArrayFinder(ImageFinder):
    """Finds rows of arrays. What people give besides are images, which are refused one by one."""
