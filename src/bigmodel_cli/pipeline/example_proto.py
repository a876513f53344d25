"""`tf.train.Example` as bytes, with the place of one value in them known.

https://protobuf.dev/programming-guides/encoding and tensorflow/core/example/feature.proto: an Example has
Features (1), which has entries (1) of a name (1) and a Feature (2), which is a list of bytes (1), of floats
(2) or of whole numbers (3), whose values are (1).
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence

Value = Sequence[bytes] | Sequence[int] | Sequence[float]
FEATURES = "features"


def encode_example(content: bytes, others: Mapping[str, Value]) -> tuple[bytes, int]:
    """An Example.

    Args:
        content: The value of `features`.
        others: Lists by their names; numbers of one list are all whole, or all floats.

    Returns:
        The Example, and where in it `content` begins.
    """
    rest = b"".join(_field(1, _entry(name, _feature(values))) for name, values in others.items())
    entry = _field(1, _entry(FEATURES, _field(1, _field(1, content))))
    # At the very end, where nothing more has to be counted.
    example = _field(1, rest + entry)
    return example, len(example) - len(content)


def _entry(name: str, feature: bytes) -> bytes:
    return _field(1, name.encode()) + _field(2, feature)


def _feature(values: Value) -> bytes:
    if all(isinstance(value, bytes) for value in values):
        return _field(1, b"".join(_field(1, value) for value in values if isinstance(value, bytes)))
    numbers = [value for value in values if not isinstance(value, bytes)]
    if all(isinstance(value, int) for value in numbers):
        return _field(3, _field(1, b"".join(_varint(int(value)) for value in numbers)))
    return _field(2, _field(1, struct.pack(f"<{len(numbers)}f", *numbers)))


def _field(number: int, content: bytes) -> bytes:
    """A field whose content has a length before it."""
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    """Seven bits a byte, the lowest first; what is below zero as 64 bits."""
    value &= 2**64 - 1
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)
