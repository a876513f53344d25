"""Ways in which files are damaged, and what an error has to say of one."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path


def flipped(content: bytes, _: bytes, chance: random.Random) -> bytes:
    """A few bits here and there."""
    changed = bytearray(content)
    for _number in range(chance.choice([1, 1, 2, 10, 100])):
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def cut(content: bytes, _: bytes, chance: random.Random) -> bytes:
    return content[: chance.randrange(len(content))]


def zeroed(content: bytes, _: bytes, chance: random.Random) -> bytes:
    start = chance.randrange(len(content))
    length = min(chance.choice([1, 16, 512]), len(content) - start)
    return content[:start] + bytes(length) + content[start + length :]


def spliced(content: bytes, other: bytes, chance: random.Random) -> bytes:
    """The beginning of one file and the end of another."""
    return content[: chance.randrange(len(content))] + other[chance.randrange(len(other)) :]


def repeated(content: bytes, _: bytes, chance: random.Random) -> bytes:
    start = chance.randrange(len(content))
    return content[:start] + content[start : start + 64] * chance.randrange(2, 50) + content[start:]


def header_edited(content: bytes, _: bytes, chance: random.Random) -> bytes:
    """Extreme numbers where sizes, lengths and offsets are."""
    changed = bytearray(content)
    for _number in range(chance.choice([1, 2, 4])):
        at = chance.randrange(min(80, len(changed) - 4))
        number = chance.choice([0, 1, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 60_000])
        order = chance.choice(["big", "little"])
        width = chance.choice([2, 4]) if number <= 0xFFFF else 4
        changed[at : at + width] = number.to_bytes(width, order)
    return bytes(changed)


MUTATIONS: tuple[Callable[[bytes, bytes, random.Random], bytes], ...] = (
    flipped,
    cut,
    zeroed,
    spliced,
    repeated,
    header_edited,
)


def is_named(message: str, path: Path) -> bool:
    return message.startswith(f"{path}: ") and "\n" not in message and len(message) > len(f"{path}: ")
