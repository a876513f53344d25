"""The config for recordings with what is said in them: convolutions over a spectrogram, and CTC."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from pathlib import Path

from bigmodel_cli.errors import DataError
from bigmodel_cli.kinds.audio.files.opening import recorded
from bigmodel_cli.sources.base import LoadContext
from bigmodel_cli.sources.file_checks import first_of
from bigmodel_cli.sources.file_walk import FileWalk
from bigmodel_cli.sources.sought_sounds import SOUNDS
from bigmodel_cli.sources.spoken import LISTS, find_spoken
from bigmodel_cli.starter.sizes import batch_size_for, train_size, warmup_of
from bigmodel_cli.starter.writing import MODELINE, Written, comment_lines, path_from, plain_name

# Sounds that are looked at for a text beside them.
_LOOKED_AT = 200
_HIGHEST_RATE = 16_000
_BATCH_SIZE = 16
# Blanks alone are learnt for some hundred steps.
_STEPS, _FEWEST_EPOCHS, _MOST_EPOCHS = 3_000, 10, 100
_WARMUP = 100
_HOP = 0.016
# A character wants more than a moment, and a blank between two that are the same one.
_MOMENTS_PER_CHARACTER = 1.5
# So few words, each so often, are learnt as they are: orders, digits. Characters are learnt much slower.
_FEW_WORDS, _TIMES_EACH = 100, 20
# Tokens that a tokenizer begins with, and the part of pairs of letters that it finds in any training split.
_BYTES, _SURE = 260, 0.9


def is_spoken(folder: Path) -> bool:
    """Whether a folder has sounds of which most have a text beside them, as far as a short look tells."""
    try:
        sounds = [Path(path) for path in islice(FileWalk(SOUNDS).files_below(folder), _LOOKED_AT)]
    except DataError:
        return False
    lists = {parent: any(parent.glob(f"*{LISTS}")) for parent in {path.parent for path in sounds}}
    return 2 * sum(path.with_suffix(".txt").exists() or lists[path.parent] for path in sounds) > len(sounds)


@dataclass(frozen=True)
class SeenSpeech:
    """Recordings with their texts.

    Attributes:
        source: Gives the data source as lines of YAML, for options that say what is taken of a sound, and
            those of what is said.
        rate: Samples in a second that most of them have.
        seconds: Of each.
        texts: What is said in each.
        num_train: Recordings of the training split.
        name: What the data are called.
        decisions: What was decided of the data.
    """

    source: Callable[[str, str], Sequence[str]]
    rate: int
    seconds: Sequence[float]
    texts: Sequence[str]
    num_train: int
    name: str
    decisions: Sequence[str] = ()

    @classmethod
    def of(
        cls,
        source: Callable[[str, str], Sequence[str]],
        spoken: Sequence[tuple[Path, str]],
        num_train: int,
        name: str,
        decisions: Sequence[str] = (),
    ) -> SeenSpeech:
        """Of recordings, each with its text.

        Raises:
            DataError: If a file is no sound.
        """
        headers = [recorded(path) for path, _ in spoken]
        ((rate, _),) = Counter(header.sample_rate for header in headers).most_common(1)
        seconds = [header.seconds for header in headers]
        return cls(source, rate, seconds, [text for _, text in spoken], num_train, name, decisions)


def look_at_spoken(folder: Path, written_in: Path, warn: Callable[[str], None]) -> Written:
    """The config for a folder of recordings with texts beside them.

    Raises:
        DataError: If a file is no sound, or no text.
    """
    found = find_spoken(folder, None, LoadContext(warn=warn))
    both = [
        (folder / path, text)
        for part in found.values()
        for path, text in zip(part.paths, part.texts, strict=True)
        if isinstance(text, str)
    ]
    if not both:
        problems = [text for part in found.values() for text in part.texts if isinstance(text, DataError)]
        raise first_of(problems, len(problems))
    counts = {split: len(part.paths) for split, part in found.items()}

    def source(taken: str, heard: str) -> list[str]:
        return [f"speech_folder: {{path: {path_from(written_in, folder)}, {taken}, {heard}}}"]

    num_train = counts["train"] if len(counts) > 1 else train_size(counts["train"])
    return spoken_starter(SeenSpeech.of(source, both, num_train, plain_name(folder.resolve())))


def spoken_starter(seen: SeenSpeech) -> Written:
    """The config."""
    rate, seconds = min(seen.rate, _HIGHEST_RATE), math.ceil(10 * max(seen.seconds)) / 10
    stride = 2 if _density(seen) * 2 * _HOP * _MOMENTS_PER_CHARACTER <= 1 else 1
    batch_size = batch_size_for(seen.num_train, _BATCH_SIZE)
    steps = math.ceil(seen.num_train / batch_size)
    epochs = max(_FEWEST_EPOCHS, min(_MOST_EPOCHS, math.ceil(_STEPS / steps)))
    warmup = warmup_of(epochs * steps, _WARMUP)
    moments = int(seconds / (_HOP * stride))
    heard, pieces = _pieces(seen.texts)
    decisions = [
        *seen.decisions,
        f"{seconds:g} s at {rate:,} Hz, as the longest has: what is cut off would be in the text, unheard.",
        f"{pieces}, letters made small: {moments:,} moments of {1000 * _HOP * stride:g} ms for the "
        f"{max(map(len, seen.texts)):,} characters of the longest text.",
        f"Convolutions and CTC; {epochs} epochs, which are {epochs * steps:,} steps. For some hundred steps "
        "it hears nothing.",
    ]
    comments = "\n".join(line for one in decisions for line in comment_lines(one))
    taken = f"sample_rate: {rate}, seconds: {seconds:g}"
    source = "\n".join(f"    {line}" for line in seen.source(taken, heard))
    yaml = f"""\
{MODELINE}
# Train with: bigmodel train THIS_FILE
# Then:       bigmodel predict recording.wav
{comments}
name: {seen.name}
seed: 0                                # the same seed gives the same splits, order and weights

data:
  source:
{source}
  # Where the data has no validation or test split of its own, a tenth of it is held out for each.
  batch_size: {batch_size}

preprocessing:                         # saved inside the model
  - mel_spectrogram: {{bands: 40, window_seconds: 0.032, hop_seconds: {_HOP}, expand_dims: false}}

augmentation:                          # active in training only
  - spec_augment: {{frequency_masks: 1, frequency_width: 6, time_masks: 2, time_width: 6}}

model:
  - Conv1D: {{filters: 96, kernel_size: 7, strides: {stride}, padding: same, use_bias: false}}
  - BatchNormalization: {{momentum: 0.9}}
  - Activation: {{activation: relu}}
  - repeat:
      times: 4
      layers:
        - residual:                    # without it words are long not heard at all
            layers:
              - Dropout: {{rate: 0.1}}
              - Conv1D: {{filters: 96, kernel_size: 5, padding: same, use_bias: false}}
              - BatchNormalization: {{momentum: 0.9}}
              - Activation: {{activation: relu}}
  - Dense: {{units: vocabulary_size}}    # known from the data

loss: CTC
optimizer:
  Adam:
    clipnorm: 1.0
    learning_rate:                     # up at first, then down to 0 at the last step
      CosineDecay: {{initial_learning_rate: 0.0, warmup_target: 3e-3, warmup_steps: {warmup}}}
metrics: auto

training:
  epochs: {epochs}
"""
    found = (
        f"{len(seen.texts):,} sounds of {min(seen.seconds):.2g} to {max(seen.seconds):.2g} s at "
        f"{seen.rate:,} Hz, with what is said in them"
    )
    return Written(yaml, found, decisions)


def _pieces(texts: Sequence[str]) -> tuple[str, str]:
    """Options that say what a text is cut into, and what that is called."""
    spoken = [text.lower().split() for text in texts]
    words = Counter(word for text in spoken for word in text)
    if not words or len(words) > _FEW_WORDS or words.total() < _TIMES_EACH * len(words):
        return "lowercase: true", "Characters"
    begins = Counter(text[0] for text in spoken if text)
    behind = words - begins
    size = _BYTES + int(_SURE * _num_pairs({**{f" {word}": n for word, n in behind.items()}, **begins}))
    tokenizer = f"tokenizer: {{bpe: {{vocabulary_size: {size}}}}}"
    return f"lowercase: true, {tokenizer}", f"Whole words, since there are but {len(words)}"


def _num_pairs(words: Mapping[str, int]) -> int:
    """How many pairs are put together until words are whole, always that which comes most often."""
    cut, merged = {tuple(word): count for word, count in words.items()}, 0
    while True:
        pairs: Counter[tuple[str, str]] = Counter()
        for pieces, count in cut.items():
            for pair in pairwise(pieces):
                pairs[pair] += count
        if not pairs:
            return merged
        ((first, second), _), *_ = pairs.most_common(1)
        merged += 1
        cut = {_merged(pieces, first, second): count for pieces, count in cut.items()}


def _merged(pieces: tuple[str, ...], first: str, second: str) -> tuple[str, ...]:
    made: list[str] = []
    for piece in pieces:
        if made and (made[-1], piece) == (first, second):
            made[-1] = first + second
        else:
            made.append(piece)
    return tuple(made)


def _density(seen: SeenSpeech) -> float:
    """Characters in a second, of nearly all recordings at most."""
    shares = sorted(len(text) / seconds for text, seconds in zip(seen.texts, seen.seconds, strict=True))
    return shares[int(0.95 * (len(shares) - 1))]
