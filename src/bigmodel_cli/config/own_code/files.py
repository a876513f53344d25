"""Python files of the user's own, as they are read."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

# What modules of such files are called; the rest is a hash of what they say.
MODULE_PREFIX = "bigmodel_code_"


@dataclass(frozen=True)
class OwnFile:
    """A file with what it says at the moment when it was read, which is what runs.

    Attributes:
        path: Where that was read: the file that the config names, or a run's copy of it.
        named: The file that the config names.
        text: All of it.
        names: Its classes and functions that a config may name.
        imports: Those of the config's other files that it imports, which run before it.
        is_copy: Whether it is a run's copy, which need not be what its user wrote.
        is_as_named: Whether the file that the config names has the same bytes.
    """

    path: Path
    named: Path
    text: str
    names: tuple[str, ...] = ()
    imports: tuple[OwnFile, ...] = ()
    is_copy: bool = False
    is_as_named: bool = True

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def module(self) -> str:
        """The name of its module: another one as soon as it, or what it imports, says something else."""
        everything = "".join([self.sha256, *(file.module for file in self.imports)])
        return f"{MODULE_PREFIX}{hashlib.sha256(everything.encode()).hexdigest()[:16]}"


@dataclass(frozen=True)
class Code:
    """All of the files, each behind those that it imports."""

    files: tuple[OwnFile, ...] = ()

    @property
    def hashes(self) -> dict[str, str]:
        """The sha256 of each by its name."""
        return {file.named.name: file.sha256 for file in self.files}


@dataclass(frozen=True)
class Own:
    """Where a name is from that is the user's own.

    Attributes:
        file: The file that defines it.
        line: There, from 1.
        base: The class of Keras that it is derived from, directly or by way of others; None where that only
            says what it is (`Layer`, `Loss`), and of functions.
        is_function: Whether it is a function.
        better: Which value of a metric is better, where it says so.
    """

    file: OwnFile
    line: int
    base: str | None = None
    is_function: bool = False
    better: Literal["min", "max"] | None = None

    def __str__(self) -> str:
        return f"{self.file.named.name}:{self.line}"
