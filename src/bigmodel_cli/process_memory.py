"""What Linux tells of the memory of a process, and when that gets back what was freed."""

from __future__ import annotations

import ctypes
from contextlib import suppress
from pathlib import Path

# As glibc calls it: from which size on a block of memory is the system's own.
_M_MMAP_THRESHOLD = -3
_LARGE_BYTES = 4 * 2**20
PROC = Path("/proc")


def status_of_process(proc: Path = PROC) -> dict[str, int]:
    """Bytes by what Linux calls them, such as `VmRSS` and its peak `VmHWM`; none where that is not told.

    Args:
        proc: Where Linux tells it.
    """
    return sizes_in(proc / "self/status")


def sizes_in(path: Path) -> dict[str, int]:
    """The lines `Name: 123 kB` of a file, in bytes; none where there is no such file."""
    try:
        lines = path.read_text("ascii", "replace").splitlines()
    except OSError:
        return {}
    words = [line.split() for line in lines if line.endswith(" kB")]
    return {name.rstrip(":"): 1024 * int(number) for name, number, _ in words}


def give_large_blocks_back() -> None:
    """Let large blocks go back to the system as soon as they are freed, where the C library is glibc.

    By itself it keeps them once it has seen that they are freed, and each thread keeps its own: threads that
    decode one large picture after the other would have the memory of all of them.
    """
    with suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)
