"""Damaged sounds of every format: each is read, or refused in a line that names it, in no time."""

from __future__ import annotations

import io
import random
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
import pytest
import soundfile
from mutations import MUTATIONS, is_named

from bigmodel_cli.errors import DataError
from bigmodel_cli.kinds.audio.files.decoding import decode_sound
from bigmodel_cli.kinds.audio.kind import AudioFormat
from bigmodel_cli.sources.audio_folder import AudioFolder
from bigmodel_cli.sources.base import LoadContext

SHORT, LONG = 300, 2000
SECONDS_A_FILE = 5
FORMAT = AudioFormat(8000, 0.5)
InTime = Callable[[float], AbstractContextManager[None]]
SUFFIXES = (".wav", ".flac", ".ogg", ".opus", ".mp3")
KINDS = (
    ("WAV", "PCM_16", 8000, 1),
    ("WAV", "FLOAT", 44100, 2),
    ("WAV", "ULAW", 8000, 1),
    ("WAVEX", "PCM_24", 16000, 4),
    ("FLAC", "PCM_16", 16000, 1),
    ("FLAC", "PCM_24", 44100, 2),
    ("OGG", "VORBIS", 22050, 1),
    ("OGG", "OPUS", 48000, 2),
    ("MP3", "MPEG_LAYER_III", 44100, 1),
)


def made() -> list[bytes]:
    """Short sounds in every format, also of several channels."""
    contents = []
    for kind, subtype, rate, channels in KINDS:
        time_of = np.arange(round(0.3 * rate)) / rate
        wave = 0.4 * np.sin(2 * np.pi * 440 * time_of)
        file = io.BytesIO()
        soundfile.write(file, np.stack([wave] * channels, axis=1), rate, subtype, format=kind)
        contents.append(file.getvalue())
    return contents


@pytest.fixture
def mutants(tmp_path: Path, how_many: Callable[..., int]) -> list[Path]:
    """Mutated files in two folders like classes, some with the ending of another format."""
    chance = random.Random(4)
    seeds, paths = made(), []
    for number in range(how_many(short=SHORT, long=LONG)):
        mutation = MUTATIONS[number % len(MUTATIONS)]
        content = mutation(chance.choice(seeds), chance.choice(seeds), chance)
        folder = tmp_path / "sounds" / ("cat" if number % 2 else "dog")
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{number:04}-{mutation.__name__}{chance.choice(SUFFIXES)}"
        path.write_bytes(content)
        paths.append(path)
    return sorted(paths)


@pytest.mark.slow
def test_each_is_read_or_named(mutants: list[Path], in_time: InTime) -> None:
    read, slowest = 0, 0.0
    for path in mutants:
        started = time.monotonic()
        with in_time(SECONDS_A_FILE):
            try:
                samples = decode_sound(path, FORMAT)
            except DataError as error:
                assert is_named(error.message, path), error.message
            else:
                read += 1
                assert (samples.shape, samples.dtype) == ((4000,), np.float32)
                assert np.isfinite(samples).all()
        slowest = max(slowest, time.monotonic() - started)
    # Both happen: a flipped bit seldom matters, a cut file often does.
    assert len(mutants) / 10 < read < len(mutants) * 0.95
    assert slowest < SECONDS_A_FILE


@pytest.mark.slow
def test_a_folder_of_them_is_loaded_without_the_bad(
    mutants: list[Path], tmp_path: Path, in_time: InTime
) -> None:
    """The headers are checked; a good header with broken samples is found when it is read."""
    options = AudioFolder(path=tmp_path / "sounds", sample_rate=8000, seconds=0.5)
    with in_time(60):
        with pytest.raises(DataError, match=r"more of [\d,]+ files are no good either"):
            options.load(LoadContext())
        source = options.load(LoadContext(skip_bad_files=True))
    examples = source.splits["train"]
    assert len(examples) == len(mutants) - source.num_skipped > len(mutants) / 4
    for index in range(len(examples)):
        with in_time(SECONDS_A_FILE):
            try:
                assert examples.read(index).shape == (4000,)
            except DataError as error:
                assert is_named(error.message, Path(examples.name(index)))
