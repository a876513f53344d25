"""What a `.wandb` file has: the log of a run that Weights & Biases keeps on disk.

Seven bytes, then blocks of 32 KiB with pieces of records, as LevelDB's log has them
(https://github.com/google/leveldb/blob/main/doc/log_format.md): a CRC-32, the length, what piece of a record
it is, and the piece. Records are protocol buffers of the installed version of wandb.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterator
from typing import Any

_HEADER_BYTES, _BLOCK_BYTES = 7, 32768
_PIECE = struct.Struct("<IHB")
_WHOLE, _FIRST, _MIDDLE, _LAST = 1, 2, 3, 4


def steps_in(content: bytes) -> set[int]:
    """The steps at which metrics were logged."""
    return {
        int(json.loads(item.value_json))
        for record in _parsed(content)
        if record.HasField("history")
        for item in record.history.item
        if "_step" in (item.key, *item.nested_key)
    }


def has_exit(content: bytes) -> bool:
    """Whether the run was ended in order."""
    return any(record.HasField("exit") for record in _parsed(content))


def _parsed(content: bytes) -> Iterator[Any]:
    from wandb.proto import wandb_internal_pb2

    for record in records(content):
        yield wandb_internal_pb2.Record.FromString(record)


def records(content: bytes) -> Iterator[bytes]:
    """The whole records, up to where a process was killed."""
    place, record = _HEADER_BYTES, b""
    while place + _PIECE.size <= len(content):
        if (left := _BLOCK_BYTES - place % _BLOCK_BYTES) < _PIECE.size:
            # Too little for a piece: zeros.
            place += left
            continue
        checksum, length, kind = _PIECE.unpack_from(content, place)
        place += _PIECE.size
        piece = content[place : place + length]
        if len(piece) < length or zlib.crc32(piece, zlib.crc32(bytes([kind]))) != checksum:
            return
        place += length
        record = piece if kind in (_WHOLE, _FIRST) else record + piece
        if kind in (_WHOLE, _LAST):
            yield record
