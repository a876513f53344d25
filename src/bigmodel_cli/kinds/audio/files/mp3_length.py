"""How long an MP3 is: where no header says it, libmpg123 guesses thrice as much, or a third."""

from __future__ import annotations

from bigmodel_cli.kinds.image.files.opening import ImageFile

# What the first frame has where it says how many there are, and how large that one is at most.
_LENGTH_MARKS, _FIRST_FRAME = (b"Xing", b"Info", b"VBRI"), 3_000
# By two bits of a frame's header, the version of MPEG: what the rates of version 1 are divided by.
_DIVISORS = {0b11: 1, 0b10: 2, 0b00: 4}
_RATES = (44_100, 48_000, 32_000)
# Of version 1, and of others: kilobits in a second, by four bits.
_KILOBITS = (
    (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
)
# What stands behind the last frame, if anything does.
_TAGS = (b"TAG", b"APETAGEX", b"LYRICSBEGIN", b"\0")


def says_how_long(path: ImageFile) -> bool:
    """Whether it has a header with its length."""
    with path.open("rb") as file:
        file.seek(_behind_tag(file.read(10)))
        begins = file.read(_FIRST_FRAME)
    return any(mark in begins for mark in _LENGTH_MARKS)


def counted_samples(path: ImageFile) -> int | None:
    """Samples of each channel, frame by frame; None where frames do not follow each other to the end."""
    with path.open("rb") as file:
        content = file.read()
    place, count = _behind_tag(content), 0
    while (frame := _frame(content[place : place + 4])) is not None:
        size, samples = frame
        place, count = place + size, count + samples
    is_end = place >= len(content) or content[place:].startswith(_TAGS)
    return count if count and is_end else None


def _behind_tag(head: bytes) -> int:
    """Where the first frame is."""
    if not head.startswith(b"ID3"):
        return 0
    # Seven bits in each byte.
    return 10 + sum(byte << 7 * place for place, byte in enumerate(reversed(head[6:10])))


def _frame(head: bytes) -> tuple[int, int] | None:
    """Bytes and samples of the frame of layer III that begins so; None: none does."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0b1110_0110 != 0b1110_0010:
        return None
    divisor, kilobits, rate = _DIVISORS.get(head[1] >> 3 & 0b11), head[2] >> 4, head[2] >> 2 & 0b11
    if divisor is None or not 0 < kilobits < 15 or rate == 3:
        return None
    is_first, samples_in_second = divisor == 1, _RATES[rate] // divisor
    bits = 1000 * _KILOBITS[0 if is_first else 1][kilobits - 1]
    samples = 1152 if is_first else 576
    return samples // 8 * bits // samples_in_second + (head[2] >> 1 & 1), samples
