"""How many pixels are decoded at a time by several threads, so that memory has a bound."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image


class PixelRoom:
    """Room for so many pixels; who needs more than is left waits until others are done.

    Args:
        most: Pixels that are decoded at a time, and the most that one image may have.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self._taken = 0
        self._changed = threading.Condition()

    @contextmanager
    def taken(self, pixels: int) -> Iterator[None]:
        """Take room, for as long as the block lasts; what is larger than all of it takes it alone."""
        needed = min(pixels, self.most)
        with self._changed:
            self._changed.wait_for(lambda: self._taken + needed <= self.most)
            self._taken += needed
        try:
            yield
        finally:
            with self._changed:
                self._taken -= needed
                self._changed.notify_all()


def pixels_to_decode(image: Image.Image, whole: tuple[int, int]) -> int:
    """How many pixels a decoder keeps of an image whose header was read.

    Args:
        image: It, maybe set to be decoded at a part of its size.
        whole: Its width and height before that. Of a progressive JPEG all has to be kept, whatever comes out.
    """
    width, height = whole if image.info.get("progressive") else image.size
    return width * height
