"""Files that are whole or absent: written beside, brought to the disk, renamed."""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from bigmodel_cli.errors import ResourceError


def write_json(path: Path, value: Any) -> None:
    """Write JSON, whole or not at all."""
    write_text(path, to_json(value) + "\n")


def to_json(value: Any) -> str:
    """Indented JSON; a number that is none (NaN, infinity), for which JSON has no word, becomes null."""
    return json.dumps(_finite(value), indent=2, ensure_ascii=False, allow_nan=False)


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    return [_finite(item) for item in value] if isinstance(value, list | tuple) else value


def write_text(path: Path, text: str) -> None:
    """Write text, whole or not at all."""
    write_whole(path, lambda temporary: temporary.write_text(text, "utf-8"))


def write_output(path: Path, write: Callable[[Path], Any]) -> None:
    """Let `write` make a file that a user named: links are followed, pipes and devices are written through.

    Raises:
        ResourceError: As `write_whole`.
    """
    if not path.exists() or path.is_file():
        write_whole(path.resolve() if path.is_symlink() else path, write)
        return
    try:
        write(path)
    except OSError as error:
        raise ResourceError(f"{path}: cannot be written: {error.strerror or error}") from error


def write_whole(path: Path, write: Callable[[Path], Any]) -> None:
    """Let `write` make a file beside `path`, bring it to the disk, then rename it.

    Args:
        path: The file to be.
        write: Called with the temporary path, which ends as `path` does.

    Raises:
        ResourceError: If the disk is full or the folder cannot be written; `path` is as it was.
    """
    temporary = path.with_name(f".tmp-{os.getpid()}-{path.name}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(temporary)
        _bring_to_disk(temporary)
        temporary.replace(path)
        if os.name != "nt":
            _bring_to_disk(path.parent)
    except OSError as error:
        raise ResourceError(
            f"{path}: cannot be written: {error.strerror or error}",
            hint="free some space, or choose another folder",
        ) from error
    finally:
        # What could not be made cannot be removed either.
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def _bring_to_disk(path: Path) -> None:
    with _descriptor(path) as descriptor:
        os.fsync(descriptor)


@contextmanager
def _descriptor(path: Path) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def sha256_of(path: Path) -> str:
    """The sha256 of a file's content."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(2**20):
            digest.update(block)
    return digest.hexdigest()
