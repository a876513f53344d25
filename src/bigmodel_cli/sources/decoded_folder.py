"""The folder of decoded examples that outlive a run: a file per source, removed by last use."""

from __future__ import annotations

import json
import os
import re
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bigmodel_cli.errors import ResourceError

# All of these files together take at most so many bytes.
MAX_TOTAL_BYTES = 20 * 10**9
# One of them at most this part of what is free.
DISK_SHARE = 1 / 4
MAGIC = b"bigmodel decoded 1\n"
HEADER_BYTES = 4096
_NAME = re.compile(r"[0-9a-f]{64}\.decoded")


@dataclass(frozen=True)
class DecodedFile:
    """One file of decoded examples.

    Attributes:
        path: Where it is.
        source: The folder of the images that it was made of.
        num_bytes: What it takes of the disk, which is less than its size while parts of it are empty.
        used: When a run began to use it or wrote into it, in seconds since 1970.
    """

    path: Path
    source: str
    num_bytes: int
    used: float


def cache_folder() -> Path:
    """`BIGMODEL_CACHE`, else `bigmodel` in `XDG_CACHE_HOME`, else `~/.cache/bigmodel`."""
    own = os.environ.get("BIGMODEL_CACHE")
    if own:
        return Path(own).expanduser()
    caches = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(caches).expanduser() / "bigmodel"


def decoded_folder() -> Path:
    """Where decoded examples are, in the folder of caches."""
    return cache_folder() / "decoded"


def list_decoded() -> list[DecodedFile]:
    """All files there, the least recently used first."""
    found = []
    with suppress(OSError):
        for path in decoded_folder().iterdir():
            with suppress(OSError):
                if _NAME.fullmatch(path.name):
                    status = path.stat()
                    found.append(DecodedFile(path, _source_of(path), bytes_on_disk(status), status.st_mtime))
    return sorted(found, key=lambda file: file.used)


def bytes_on_disk(status: os.stat_result) -> int:
    """What a file takes of the disk."""
    return getattr(status, "st_blocks", -(-status.st_size // 512)) * 512


def make_room(num_bytes: int, path: Path) -> None:
    """Remove the least recently used files, so that with `path` all of them stay within their total.

    A run that still reads a file that is removed here goes on reading it.

    Args:
        num_bytes: What `path` will take in the end.
        path: Stays in any case.
    """
    others = [file for file in list_decoded() if file.path != path]
    total = num_bytes + sum(file.num_bytes for file in others)
    for file in others:
        if total <= MAX_TOTAL_BYTES:
            return
        total -= file.num_bytes
        with suppress(OSError):
            file.path.unlink()


def clear_decoded() -> int:
    """Remove all files there.

    Returns:
        The bytes that they took.

    Raises:
        ResourceError: If one cannot be removed.
    """
    files = list_decoded()
    for file in files:
        try:
            file.path.unlink(missing_ok=True)
        except OSError as error:
            raise ResourceError(f"{file.path}: cannot be removed: {error.strerror or error}") from error
    return sum(file.num_bytes for file in files)


def free_bytes() -> int:
    """What is free on the disk of the folder, or of the nearest one above it that is there."""
    folder = decoded_folder().absolute()
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return shutil.disk_usage(folder).free


def header(description: dict[str, Any]) -> bytes:
    """The first bytes of a file, which say what it is made of."""
    text = MAGIC + json.dumps(description).encode("ascii")
    assert len(text) < HEADER_BYTES
    return text.ljust(HEADER_BYTES, b"\n")


def _source_of(path: Path) -> str:
    with path.open("rb") as file:
        start = file.read(HEADER_BYTES)
    try:
        return str(json.loads(start.removeprefix(MAGIC))["source"])
    except (ValueError, KeyError, TypeError):
        return "?"
