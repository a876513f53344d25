"""What sounds to learn from are like: a folder per class, or one folder whose names begin with the class."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bigmodel_cli.kinds.audio.files.opening import recorded
from bigmodel_cli.sources.base import SplitName
from bigmodel_cli.sources.class_folders import find_class_folders
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
# Where so many are longer, what their middle lacks is worth reading anew in each epoch.
_MANY = 0.1
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
        column: Of a table, the column of the sounds.
    """

    source: str
    sample_rate: int
    seconds: float
    num_train: int
    targets: Targets
    decisions: tuple[str, ...]
    column: str | None = None


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
    more = [] if pattern is None else [f'name_pattern: "{pattern}"', "label: label"]

    def source(taken: str) -> str:
        return f"audio_folder: {{{', '.join([f'path: {path_from(written_in, folder)}', taken, *more])}}}"

    seen, about = told_of(
        [Path(path) for split in found.files for path in found.in_order(split)],
        source,
        counts["train"] if own else train_size(counts["train"]),
        classes(len(found.class_names)),
        [] if pattern is None else ["Names of files begin with the class, which is read from there."],
    )
    held_out = "".join(f", {count:,} of them for {split}" for split, count in own.items())
    return seen, f"{about}, of {len(found.class_names)} classes{held_out}"


def told_of(
    files: Sequence[Path],
    source: Callable[[str], str],
    num_train: int,
    targets: Targets,
    decisions: Sequence[str],
    column: str | None = None,
) -> tuple[SeenSounds, str]:
    """What sounds are like, with a sentence about them.

    Args:
        files: All of them.
        source: Gives the data source as YAML, for options that say what is taken of a sound.
        num_train: Sounds of the training split.
        targets: What is predicted.
        decisions: What was decided of the data.
        column: Of a table, the column of the sounds.

    Raises:
        DataError: If one is no sound.
    """
    rates, lengths = _headers(files)
    (common, _), *others = rates.most_common()
    rate = min(common, _HIGHEST_RATE)
    seconds = min(_LONGEST, max(0.1, math.ceil(10 * lengths[int(_MOSTLY * (len(lengths) - 1))]) / 10))
    longer = sum(length > seconds for length in lengths) / len(lengths)
    taken = f"sample_rate: {rate}, seconds: {seconds:g}{', longer: random' if longer >= _MANY else ''}"
    decisions = [*decisions, _decision(rate, common, seconds, longer)]
    seen = SeenSounds(source(taken), rate, seconds, num_train, targets, tuple(decisions), column)
    mixed = f" and {len(others)} other rates" if others else ""
    return seen, f"{len(files):,} sounds of {lengths[0]:.2g} to {lengths[-1]:.2g} s at {common:,} Hz{mixed}"


def _decision(rate: int, common: int, seconds: float, longer: float) -> str:
    resampled = f" ({common:,} would take longer, and tells speech no better)" if rate < common else ""
    part = "the middle" if longer < _MANY else "a part that is drawn in each epoch"
    cut = f", of the {longer:.0%} that are longer {part}" if longer else ""
    return f"{seconds:g} s of each sound at {rate:,} Hz{resampled}{cut}."


def _headers(files: Sequence[Path]) -> tuple[Counter[int], list[float]]:
    """Sample rates, and lengths in order, of a sample spread over all sounds."""
    seen = [recorded(path) for path in files[:: max(1, len(files) // _SAMPLE)]]
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
