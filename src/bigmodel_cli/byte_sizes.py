"""Numbers of bytes as people read them: the unit follows from the number."""

from __future__ import annotations

_UNITS = ("B", "kB", "MB", "GB", "TB")


def unit_of(num_bytes: float) -> tuple[str, int]:
    """The unit that a size is said in, and how many bytes it has: `("MB", 1000000)`."""
    power = 0
    while power < len(_UNITS) - 1 and num_bytes >= 1000 ** (power + 1):
        power += 1
    return _UNITS[power], 1000**power


def byte_size(num_bytes: float) -> str:
    """`11.5 MB`."""
    unit, count = unit_of(num_bytes)
    return f"{num_bytes / count:.{0 if count == 1 else 1}f} {unit}"
