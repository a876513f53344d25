"""What Linux tells of the memory of a process."""

from __future__ import annotations

from pathlib import Path

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
