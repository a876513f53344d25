"""Words of the command line that stand for others."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator, Sequence

from bigmodel_cli.errors import UsageError


def is_piped() -> bool:
    """Whether a pipe or a file is standard input, and no terminal or nothing."""
    try:
        mode = os.fstat(sys.stdin.fileno()).st_mode
    except (AttributeError, OSError, ValueError):
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISREG(mode)


_FILES_HINT = "find photos -name '*.jpg' | bigmodel predict -"


def with_names_from_stdin(words: Sequence[str], of: str = "files", hint: str = _FILES_HINT) -> list[str]:
    """The words, with the names that standard input has, one a line, in the place of `-`.

    Args:
        words: Of the command line.
        of: What has these names.
        hint: How they are given.

    Raises:
        UsageError: If it has none, or no text.
    """
    return [name for word in words for name in (_names(of, hint) if word == "-" else [word])]


def _names(of: str, hint: str) -> Iterator[str]:
    try:
        names = [line.removesuffix("\n").removesuffix("\r") for line in sys.stdin]
    except UnicodeDecodeError as error:
        raise UsageError(
            f"-: expected names of {of} on standard input, one a line; found no text",
            hint="write what is piped into a file, and give its name",
        ) from error
    found = [name for name in names if name]
    if not found:
        raise UsageError(
            f"-: expected names of {of} on standard input, one a line; found none",
            hint=hint,
        )
    return iter(found)
