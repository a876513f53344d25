"""A record as a TFRecord file has it (tensorflow/core/lib/io/record_writer.h).

Its length, a checksum of that, the record, a checksum of it. Checksums are CRC-32C, rotated by 15 bits and
moved by a constant, since a checksum of what contains checksums says little.
"""

from __future__ import annotations

import struct

HEADER_BYTES, FOOTER_BYTES = 12, 4
_MOVED_BY = 0xA282EAD8


def framed(record: bytes) -> bytes:
    """A record with what stands before and behind it."""
    length = struct.pack("<Q", len(record))
    return b"".join((length, checksum(length), record, checksum(record)))


def checksum(content: bytes) -> bytes:
    """What stands behind a length or a record."""
    import google_crc32c

    crc = google_crc32c.value(content)
    return struct.pack("<I", ((crc >> 15 | crc << 17) + _MOVED_BY) & 0xFFFFFFFF)
