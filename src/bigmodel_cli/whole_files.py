"""Files that are whole or absent: written beside, brought to the disk, renamed."""

from __future__ import annotations

import errno
import hashlib
import json
import math
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from bigmodel_cli.errors import DataError, ResourceError

# The key of a sealed JSON file with the sha256 of the rest of it.
SEAL = "seal"
TEMPORARY_PREFIX = ".tmp-"
# What the system says where a disk, a share of it, or a file may hold no more.
NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_SURROGATE = re.compile(r"[\ud800-\udfff]")


def write_json(path: Path, value: Any) -> None:
    """Write JSON, whole or not at all."""
    write_text(path, to_json(value) + "\n")


def to_json(value: Any) -> str:
    """Indented JSON that UTF-8 can hold.

    A number that is none (NaN, infinity), for which JSON has no word, becomes null; bytes of a file's name
    that are no text stay the escapes that Python has for them.
    """
    text = json.dumps(_finite(value), indent=2, ensure_ascii=False, allow_nan=False)
    return _SURROGATE.sub(lambda match: f"\\u{ord(match.group()):04x}", text)


def write_sealed(path: Path, record: Mapping[str, Any]) -> None:
    """Write a JSON object with a sha256 of its content, whole or not at all."""
    plain = json.loads(to_json(record))
    write_json(path, {**plain, SEAL: _seal(plain)})


def read_sealed(path: Path) -> dict[str, Any]:
    """A JSON object that `write_sealed` wrote.

    Raises:
        DataError: If it is damaged, or was changed by hand.
    """
    try:
        record = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from None
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path}: damaged: {error}") from None
    seal = record.pop(SEAL, None) if isinstance(record, dict) else None
    if seal is None or seal != _seal(record):
        raise DataError(f"{path}: damaged or changed by hand: its content does not fit its seal")
    return dict(record)


def _seal(plain: Mapping[str, Any]) -> str:
    canonical = json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).hexdigest()


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
    with naming_target(path), output_place(path) as place:
        write(place)


@contextmanager
def output_place(path: Path) -> Iterator[Path]:
    """Where to write a file that a user named, as `write_output` does; errors inside pass as they are."""
    if not path.exists() or path.is_file():
        with whole_place(path.resolve() if path.is_symlink() else path) as temporary:
            yield temporary
    else:
        yield path


def write_whole(path: Path, write: Callable[[Path], Any]) -> None:
    """Let `write` make a file beside `path`, bring it to the disk, then rename it.

    Args:
        path: The file to be.
        write: Called with the temporary path, which ends as `path` does.

    Raises:
        ResourceError: If the disk is full or the folder cannot be written; `path` is as it was.
    """
    with naming_target(path), whole_place(path) as temporary:
        write(temporary)


@contextmanager
def whole_place(path: Path) -> Iterator[Path]:
    """Where to write, as `write_whole` does; an error inside passes as it is, and `path` is as it was.

    Raises:
        ResourceError: If the disk is full or the folder cannot be written.
    """
    temporary = temporary_beside(path)
    try:
        with naming_target(path):
            path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        with naming_target(path):
            bring_to_disk(temporary)
            temporary.replace(path)
            if os.name != "nt":
                bring_to_disk(path.parent)
    finally:
        # What could not be made cannot be removed either.
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def temporary_beside(path: Path) -> Path:
    """Where a file is written before it takes its name; it ends as `path` does."""
    return path.with_name(f"{TEMPORARY_PREFIX}{os.getpid()}-{path.name}")


@contextmanager
def naming_target(path: Path) -> Iterator[None]:
    """Say in a user's words that `path` cannot be written.

    Raises:
        ResourceError: If it cannot.
    """
    try:
        yield
    except OSError as error:
        raise ResourceError(
            f"{path}: cannot be written: {error.strerror or error}",
            hint="free some space, or choose another folder",
        ) from error


def bring_to_disk(path: Path) -> None:
    """Wait until a file or a folder's list of names is on the disk."""
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
