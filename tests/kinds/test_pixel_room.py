"""Images that a server gets are decoded at a time only up to so many pixels; others wait, none is refused."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from PIL import Image

from bigmodel_cli.kinds.image.files.decoding import decode_image
from bigmodel_cli.kinds.image.files.opening import EncodedImage
from bigmodel_cli.kinds.image.files.room import PixelRoom
from bigmodel_cli.kinds.image.kind import ImageFormat

SMALL = ImageFormat((8, 8), "grayscale")


class Noting(PixelRoom):
    """Notes what was taken."""

    def __init__(self, most: int) -> None:
        super().__init__(most)
        self.asked: list[int] = []

    @contextmanager
    def taken(self, pixels: int) -> Iterator[None]:
        self.asked.append(pixels)
        with super().taken(pixels):
            yield


def encoded(kind: str, width: int, height: int, **options: bool) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (width, height), (90, 90, 90)).save(buffer, kind, **options)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "pixels"),
    [
        (encoded("PNG", 100, 50), 5000),
        # A JPEG is decoded at an eighth of its size where that is enough; a progressive one is kept whole.
        (encoded("JPEG", 800, 400), 100 * 50),
        (encoded("JPEG", 800, 400, progressive=True), 800 * 400),
    ],
)
def test_room_is_taken_for_what_is_decoded(content: bytes, pixels: int) -> None:
    room = Noting(10**6)
    assert decode_image(EncodedImage("a", content, room), SMALL).shape == (8, 8, 1)
    assert room.asked == [pixels]


def test_what_does_not_fit_together_waits(in_time) -> None:
    room, inside, most, together = PixelRoom(100), 0, 0, threading.Lock()

    def decode(pixels: int) -> None:
        nonlocal inside, most
        with room.taken(pixels):
            with together:
                inside += min(pixels, 100)
                most = max(most, inside)
            threading.Event().wait(0.002)
            with together:
                inside -= min(pixels, 100)

    with in_time(20), ThreadPoolExecutor(8) as threads:
        # One is larger than all of the room: it has it alone.
        list(threads.map(decode, [40, 60, 30, 70, 250, 10, 90, 50] * 5))
    assert 60 < most <= 100


def test_room_is_free_again_after_a_file_that_is_damaged(in_time) -> None:
    room = PixelRoom(5000)
    content = encoded("PNG", 100, 50)
    with in_time(20):
        for _ in range(3):
            with pytest.raises(Exception, match="damaged image"):
                decode_image(EncodedImage("a", content[:-30], room), SMALL)
        assert decode_image(EncodedImage("a", content, room), SMALL).shape == (8, 8, 1)
