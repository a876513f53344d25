"""`data.cache`: where decoded examples are kept, or what does not learn gives for them.

Decided once per run by how much room they take.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from bigmodel_cli.pipeline.decoded import Decoded, DecodedStore, MemoryDecoded
from bigmodel_cli.pipeline.decoded_disk import DiskDecoded, bytes_of, is_supported, path_of
from bigmodel_cli.pipeline.splits import Splits
from bigmodel_cli.sources.base import Examples, SplitName
from bigmodel_cli.sources.decoded_folder import (
    DISK_SHARE,
    MAX_TOTAL_BYTES,
    bytes_on_disk,
    decoded_folder,
    free_bytes,
    make_room,
)
from bigmodel_cli.sources.files import Files
from bigmodel_cli.sources.stores import Store

Cache = Literal["memory", "disk", "none"]

# In memory: at most so much, and at most this part of what is free.
MAX_MEMORY_BYTES = 10**9
MEMORY_SHARE = 1 / 8


@dataclass(frozen=True)
class CacheChoice:
    """Where decoded examples are kept.

    Attributes:
        cache: Where.
        reason: In words; empty where there is nothing to decode.
        decoded: Keeps them; None where nothing does.
        plural: What they are called.
    """

    cache: Cache
    reason: str = ""
    decoded: Decoded | None = None
    plural: str = "examples"

    def describe(self) -> str:
        """The choice as one line for people; empty where there is nothing to decode."""
        places = {"memory": "kept in memory", "disk": "kept on disk", "none": "not kept"}
        return f"decoded {self.plural}: {places[self.cache]} ({self.reason})" if self.reason else ""

    def kept(self, examples: Examples) -> Examples:
        """Examples of which each is decoded once, where it is kept."""
        decoded = self.decoded
        if decoded is None:
            return examples
        return examples.with_inputs(
            lambda store: store if store.files is None else DecodedStore(store, decoded)
        )

    def close(self) -> None:
        """Give back what is open; no feed may need it any more."""
        if self.decoded is not None:
            self.decoded.close()


def choose_cache(
    asked: Literal["auto"] | Cache,
    splits: Splits,
    *,
    epochs: int,
    free_memory: int | None,
    warn: Callable[[str], None],
) -> CacheChoice:
    """Decide `auto`, and make ready what keeps decoded examples.

    Args:
        asked: `data.cache`.
        splits: The run's data.
        epochs: Of the whole run; with one of them, nothing is decoded twice.
        free_memory: In bytes; None where the system does not tell.
        warn: Told where what was asked for cannot be, and once where a disk takes no more.
    """
    parts = _seen_again(splits)
    if not parts:
        return CacheChoice("none")
    files = parts[0].files
    assert files is not None
    choice = _of_files(asked, parts, files, epochs=epochs, free_memory=free_memory, warn=warn)
    return replace(choice, plural=files.kind.plural)


def _of_files(
    asked: Literal["auto"] | Cache,
    parts: Sequence[Store],
    files: Files,
    *,
    epochs: int,
    free_memory: int | None,
    warn: Callable[[str], None],
) -> CacheChoice:
    """Where what files hold is kept."""
    if any(part.files is not files for part in parts):
        return CacheChoice("none", f"columns of {files.kind.plural} of several sizes are not kept")
    in_memory = sum(map(len, parts)) * parts[0].value_bytes
    if asked == "auto" and epochs == 1:
        return CacheChoice("none", "in one epoch none is decoded twice")
    place = _in_memory(asked, in_memory, free_memory, warn)
    if place is not None:
        return replace(place, decoded=MemoryDecoded(parts) if place.cache == "memory" else None)
    return _on_disk(
        path_of(files),
        bytes_of(files),
        lambda: DiskDecoded(files, warn),
        is_asked_for=asked == "disk",
        warn=warn,
    )


def choose_feature_cache(
    asked: Literal["auto"] | Cache,
    num_bytes: int,
    *,
    epochs: int,
    free_memory: int | None,
    warn: Callable[[str], None],
) -> CacheChoice:
    """Decide `auto` for what is computed once of each example.

    Args:
        asked: `data.cache`.
        num_bytes: What it takes.
        epochs: Of the whole run; with one of them, nothing is computed twice.
        free_memory: In bytes; None where the system does not tell.
        warn: Told where what was asked for cannot be.
    """
    if asked == "auto" and epochs == 1:
        return CacheChoice("none", "in one epoch nothing is computed twice")
    place = _in_memory(asked, num_bytes, free_memory, warn)
    if place is not None:
        return place
    return _on_disk(decoded_folder() / "new", num_bytes, None, is_asked_for=asked == "disk", warn=warn)


def _in_memory(
    asked: Literal["auto"] | Cache, num_bytes: int, free: int | None, warn: Callable[[str], None]
) -> CacheChoice | None:
    """The choice where the disk has no part in it; None: it is the disk's."""
    if asked == "none":
        return CacheChoice("none", "data.cache is none")
    if asked == "memory" and free is not None and num_bytes > free:
        problem = f"they would take {in_words(num_bytes)}, and {in_words(free)} are free"
        warn(f"data.cache: memory cannot be: {problem}")
        return CacheChoice("none", problem)
    if asked == "memory" or (asked == "auto" and _fits_memory(num_bytes, free)):
        return CacheChoice("memory", in_words(num_bytes))
    return None


def _seen_again(splits: Splits) -> list[Store]:
    """The files that every epoch sees."""
    names: Sequence[SplitName] = ("train", "validation")
    parts = [splits.parts[name] for name in names if name in splits.parts]
    return [store for part in parts for store in part.inputs.values() if store.files is not None]


def _fits_memory(num_bytes: int, free: int | None) -> bool:
    return free is not None and num_bytes <= min(MAX_MEMORY_BYTES, MEMORY_SHARE * free)


def _on_disk(
    path: Path,
    num_bytes: int,
    make: Callable[[], Decoded] | None,
    *,
    is_asked_for: bool,
    warn: Callable[[str], None],
) -> CacheChoice:
    """The disk where there is room, with what `make` gives; nothing is made yet where it is None."""
    try:
        if not is_supported():
            raise OSError("this system cannot read into an array")
        there = bytes_on_disk(path.stat()) if path.exists() else 0
        room = min(int(DISK_SHARE * free_bytes()) + there, MAX_TOTAL_BYTES)
        if num_bytes > room and not is_asked_for:
            return CacheChoice(
                "none", f"they would take {in_words(num_bytes)}, and on disk they may take {in_words(room)}"
            )
        if make is not None:
            make_room(num_bytes, path)
        decoded = None if make is None else make()
    except OSError as error:
        problem = f"{path.parent}: {error.strerror or error}"
        if is_asked_for:
            warn(f"data.cache: disk cannot be: {problem}")
        return CacheChoice("none", problem)
    return CacheChoice("disk", f"{in_words(num_bytes)} in {path.parent}", decoded)


def in_words(num_bytes: int) -> str:
    """Bytes as people say them: `3.1 GB`, `310 MB`, `less than 1 MB`."""
    if num_bytes < 10**6:
        return "less than 1 MB"
    return f"{num_bytes / 1e9:.1f} GB" if num_bytes >= 10**9 else f"{num_bytes / 1e6:.0f} MB"
