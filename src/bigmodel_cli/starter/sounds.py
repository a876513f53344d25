"""What sounds to learn from are like: a folder per class, or one folder whose names begin with the class."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bigmodel_cli.kinds.audio.files.opening import recorded
from bigmodel_cli.sources.base import SplitName
from bigmodel_cli.sources.class_folders import ClassFolders, find_class_folders
from bigmodel_cli.sources.file_walk import FileWalk, subfolders
from bigmodel_cli.sources.name_pattern import NamePattern
from bigmodel_cli.sources.named_files import NamesTell, find_named_files
from bigmodel_cli.sources.sought_sounds import SOUNDS
from bigmodel_cli.starter.sizes import train_size
from bigmodel_cli.starter.targets import Targets, classes
from bigmodel_cli.starter.writing import path_from

# Headers that are looked at; of more files some that are spread evenly.
_SAMPLE = 300
# Speech has little above 8,000 Hz, which takes twice as many samples in a second.
_HIGHEST_RATE = 16_000
# So many sounds are no longer than what is taken, unless they are very long.
_MOSTLY, _LONGEST = 0.95, 10.0
_BY_NAME = ("{label}_*", "{label}-*")


@dataclass(frozen=True)
class SeenSounds:
    """Sounds to learn from.

    Attributes:
        source: The data source as YAML.
        sample_rate, seconds: What they are brought to.
        num_train: Sounds of the training split.
        targets: What is predicted.
        decisions: What was decided, and why.
    """

    source: str
    sample_rate: int
    seconds: float
    num_train: int
    targets: Targets
    decisions: tuple[str, ...]


def look_at_sounds(folder: Path, written_in: Path, warn: Callable[[str], None]) -> tuple[SeenSounds, str]:
    """What is in a folder of sounds, and a sentence about it.

    Args:
        folder: It.
        written_in: The folder of the config, which the path is relative to.
        warn: Told what is passed over.

    Raises:
        DataError: If it is arranged in neither way, or a file is no sound.
    """
    pattern = None if any(subfolders(folder)) else _pattern(folder)
    if pattern is None:
        found = find_class_folders(folder, SOUNDS, warn)
    else:
        found = find_named_files(folder, SOUNDS, warn, NamesTell(NamePattern(pattern), "label", {}))
    counts: Mapping[SplitName, int] = {split: len(found.in_order(split)) for split in found.files}
    own = {split: count for split, count in counts.items() if split != "train"}
    rates, lengths = _headers(found)
    (common, _), *others = rates.most_common()
    rate = min(common, _HIGHEST_RATE)
    seconds = min(_LONGEST, max(0.1, math.ceil(10 * lengths[int(_MOSTLY * (len(lengths) - 1))]) / 10))
    options = [f"path: {path_from(written_in, folder)}", f"sample_rate: {rate}", f"seconds: {seconds:g}"]
    if pattern is not None:
        options += [f'name_pattern: "{pattern}"', "label: label"]
    named = [] if pattern is None else ["Names of files begin with the class, which is read from there."]
    seen = SeenSounds(
        f"audio_folder: {{{', '.join(options)}}}",
        rate,
        seconds,
        counts["train"] if own else train_size(counts["train"]),
        classes(len(found.class_names)),
        (*named, _decision(rate, common, seconds, lengths)),
    )
    held_out = "".join(f", {count:,} of them for {split}" for split, count in own.items())
    mixed = f" and {len(others)} other rates" if others else ""
    return seen, (
        f"{sum(counts.values()):,} sounds of {lengths[0]:.2g} to {lengths[-1]:.2g} s at {common:,} Hz{mixed}"
        f", of {len(found.class_names)} classes{held_out}"
    )


def _decision(rate: int, common: int, seconds: float, lengths: Sequence[float]) -> str:
    resampled = f" ({common:,} would take longer, and tells speech no better)" if rate < common else ""
    longer = sum(length > seconds for length in lengths) / len(lengths)
    cut = f", of the {longer:.0%} that are longer the middle" if longer else ""
    return f"{seconds:g} s of each sound at {rate:,} Hz{resampled}{cut}."


def _headers(found: ClassFolders) -> tuple[Counter[int], list[float]]:
    """Sample rates, and lengths in order, of a sample spread over all sounds."""
    paths = [path for split in found.files for path in found.in_order(split)]
    seen = [recorded(Path(path)) for path in paths[:: max(1, len(paths) // _SAMPLE)]]
    return Counter(one.sample_rate for one in seen), sorted(one.seconds for one in seen)


def _pattern(folder: Path) -> str | None:
    """How files are named whose names begin with the class; None where they do not look so."""
    names = [Path(path).stem for path in FileWalk(SOUNDS, needs_all=False).files_below(folder)]
    for pattern in _BY_NAME:
        mark = pattern[-2]
        if not all(mark in name for name in names):
            continue
        counts = Counter(name.split(mark)[0] for name in names)
        # A class has several files; what each name has another of is a number.
        if 2 <= len(counts) <= len(names) / 4 and min(counts.values()) > 1:
            return pattern
    return None
