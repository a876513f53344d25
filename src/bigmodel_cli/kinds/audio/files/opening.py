"""Opening files of sounds: what a file is by its content, and whether it is one of those that are read."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bigmodel_cli.errors import DataError
from bigmodel_cli.kinds.audio.files.mp3_length import counted_samples, says_how_long
from bigmodel_cli.kinds.audio.files.names import CONVERT_HINT, OTHER_SOUND_SUFFIXES
from bigmodel_cli.kinds.image.files.names import suffix_of
from bigmodel_cli.kinds.image.files.opening import ImageFile, bytes_of_file, said_by

_FORMATS = ("WAV", "WAVEX", "RF64", "FLAC", "OGG", "MP3")
_EXPECTED = "expected a WAV, FLAC, OGG, Opus or MP3 sound"
# Slower and faster ones are no sound that anybody recorded, but a damaged header.
_RATES = (1_000, 768_000)
# No format packs samples closer than FLAC does those of silence: some 5,000 to a byte.
_MOST_PER_BYTE = 10_000
# What libsndfile notes of a WAV file that has fewer bytes of samples than its header says. Whoever writes
# while recording does not know how many there will be, and writes the largest number, or nearly.
_SHORT_OF = re.compile(r"^data : (\d+) \(should be (\d+)\)$", re.MULTILINE)
_LARGEST_TOLD = 0x7FFF_0000
# A file that lacks less than that breaks off nowhere that is heard.
_LACKING_SECONDS = 0.2
# How files begin that are often given a wrong suffix.
_OTHER_KINDS = {
    b"RIFF": "a WAV file in a form that is not read",
    b"FORM": "an AIFF sound",
    b"\x1aE\xdf\xa3": "a Matroska or WebM file",
    b"0&\xb2u": "a WMA sound",
    b"#!AMR": "an AMR sound",
    b"MThd": "a MIDI file",
    b"version https://git-lfs": "a pointer of Git LFS (git lfs pull fetches the file)",
}


@dataclass(frozen=True)
class Recorded:
    """What the header of a file says.

    Attributes:
        sample_rate: Samples in a second.
        channels: How many there are.
        frames: Samples of each channel, as `num_frames` has them, or as they are guessed.
    """

    sample_rate: int
    channels: int
    frames: int

    @property
    def seconds(self) -> float:
        return self.frames / self.sample_rate


def library() -> Any:
    """The package `soundfile`.

    Raises:
        DataError: If it is not installed.
    """
    try:
        import soundfile
    except (ImportError, OSError) as error:
        raise DataError(
            f"soundfile, which reads sounds, cannot be loaded: {error}",
            hint="pip install 'bigmodel-cli[audio]'",
        ) from None
    return soundfile


def open_sound(path: ImageFile) -> Any:
    """A `soundfile.SoundFile` whose header is read and sound; its samples are not read yet.

    Raises:
        DataError: If there is none; names the file and the reason.
    """
    soundfile = library()
    try:
        num_bytes = bytes_of_file(path, _EXPECTED)
        # As bytes: names need not be UTF-8.
        given = os.fsencode(path) if isinstance(path, Path) else path.open()
        sound = soundfile.SoundFile(given)
    except FileNotFoundError as error:
        raise DataError(f"{path}: no such file") from error
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or said_by(error)}") from error
    except (RuntimeError, TypeError, ValueError) as error:
        raise _refused(path, error) from error
    problem = _problem(sound, num_bytes) or _problem_of_guess(path, sound)
    if problem is not None:
        sound.close()
        raise DataError(f"{path}: {problem}", hint=CONVERT_HINT if sound.format not in _FORMATS else None)
    return sound


def recorded(path: ImageFile) -> Recorded:
    """What a file's header says.

    Raises:
        DataError: If it is no sound.
    """
    with open_sound(path) as sound:
        return Recorded(sound.samplerate, sound.channels, num_frames(path, sound) or sound.frames)


def num_frames(path: ImageFile, sound: Any) -> int | None:
    """Samples of each channel; None where that is but a guess, of an MP3 that cannot be counted."""
    is_told = sound.format != "MP3" or says_how_long(path)
    return int(sound.frames) if is_told else counted_samples(path)


def _problem(sound: Any, num_bytes: int) -> str | None:
    low, high = _RATES
    if sound.format not in _FORMATS:
        return f"{_EXPECTED}, found {sound.format_info}"
    if not low <= sound.samplerate <= high:
        return f"damaged sound: {sound.samplerate:,} samples in a second"
    if sound.frames < 1 and num_bytes:
        return "holds no sound: it is 0 seconds long"
    if sound.frames > _MOST_PER_BYTE * num_bytes:
        return "damaged sound: its header does not say how long it is; encoding it anew mends that"
    told = _SHORT_OF.search(sound.extra_info) if sound.format in ("WAV", "WAVEX") else None
    if told is not None and (there := int(told[2])) < (said := int(told[1])) < _LARGEST_TOLD:
        frames = sound.frames * said // max(1, there)
        problem = breaking_off(sound.frames, frames, frames, sound.samplerate)
        return None if problem is None else f"damaged sound: {problem}"
    return None


def _problem_of_guess(path: ImageFile, sound: Any) -> str | None:
    """Why an MP3 cannot be read to its end: libsndfile reads no further than libmpg123 guesses."""
    there, rate = num_frames(path, sound), sound.samplerate
    if there is None or there - sound.frames <= _LACKING_SECONDS * rate:
        return None
    return (
        f"damaged sound: its header does not say how long it is, and {sound.frames / rate:.3g} of its "
        f"{there / rate:.3g} s can be read; encoding it anew mends that"
    )


def breaking_off(there: int, wanted: int, told: int, rate: int) -> str | None:
    """Why a file cannot be read on; None: too few samples lack to be missed.

    Args:
        there: Samples that there are.
        wanted: Samples up to which it was read.
        told: Samples that its header tells of.
        rate: Samples in a second.
    """
    if wanted - there <= _LACKING_SECONDS * rate:
        return None
    return f"it breaks off: its header tells of {told / rate:.3g} s, and {there / rate:.3g} s are there"


def _refused(path: ImageFile, error: Exception) -> DataError:
    """The error of a file that libsndfile does not open."""
    with path.open("rb") as file:
        head = file.read(512)
    suffix = suffix_of(path.name)
    if not head:
        return DataError(f"{path}: {_EXPECTED}, found an empty file")
    found = next((kind for begins, kind in _OTHER_KINDS.items() if head.startswith(begins)), None)
    if head[4:8] == b"ftyp":
        found = "an MP4 file (M4A, AAC)"
    if found is None and suffix in OTHER_SOUND_SUFFIXES:
        found = f"a {suffix[1:].upper()} file"
    if found is None and (head.startswith((b"fLaC", b"OggS", b"ID3")) or head[:1] == b"\xff"):
        return DataError(f"{path}: damaged sound: {said_by(error)}")
    return DataError(f"{path}: {_EXPECTED}, found {found or 'something else'}", hint=CONVERT_HINT)
