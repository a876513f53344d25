"""How much memory a file's content may take, asked before it is taken."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from bigmodel_cli.errors import DataError

# The part of the machine's memory that the arrays of one file may take.
MAX_SHARE = 0.8
# The part of it that they may take where they need not be in memory.
LARGE_SHARE = 0.25
# Where the kernel says how much memory a container may take.
_CONTAINER_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


def memory_bytes() -> int | None:
    """The memory that this machine has, or its container may take; None where the system does not say."""
    limits = []
    with suppress(AttributeError, ValueError, OSError):
        limits.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    for name in _CONTAINER_LIMITS:
        with suppress(ValueError, OSError):
            limits.append(int(Path(name).read_text("ascii")))
    return min((limit for limit in limits if limit > 0), default=None)


def is_large(num_bytes: int) -> bool:
    """Whether arrays that take so much are better not in memory: training needs as much again, and more."""
    memory = memory_bytes()
    return memory is not None and num_bytes > LARGE_SHARE * memory


def check_memory(
    path: Path,
    num_bytes: int,
    what: str = "arrays",
    hint: str = "split the file, or save a smaller dtype",
) -> None:
    """Refuse data that do not fit the memory.

    Args:
        path: The file, or the folder.
        num_bytes: What its content takes there.
        what: What that is.
        hint: What to do.

    Raises:
        DataError: If that is more than there is.
    """
    memory = memory_bytes()
    if memory is not None and num_bytes > MAX_SHARE * memory:
        raise DataError(
            f"{path}: its {what} take {num_bytes:,} bytes; this machine has {memory:,} bytes of memory, "
            f"of which they may take {MAX_SHARE:.0%}",
            hint=hint,
        )
