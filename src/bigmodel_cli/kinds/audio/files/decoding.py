"""Decoding: a file of sound becomes samples, in training, evaluation and prediction alike."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from bigmodel_cli.errors import DataError
from bigmodel_cli.kinds.audio.files.opening import breaking_off, library, num_frames, open_sound
from bigmodel_cli.kinds.audio.files.resampling import resampled
from bigmodel_cli.kinds.audio.kind import AudioFormat
from bigmodel_cli.kinds.image.files.opening import ImageFile, said_by

if TYPE_CHECKING:
    import numpy as np

# Raise it with every change after which a file may become other samples: decoded examples that are kept from
# earlier are then of no use any more.
DECODING_VERSION = 1
# What is read on either side of the part that is taken, since resampling looks at the neighbours.
_MARGIN_SECONDS = 0.05
# Of all channels, that are read at once.
_MOST_SAMPLES = 4_000_000


def decode_sound(path: ImageFile, audio_format: AudioFormat, start: float | None = None) -> np.ndarray:
    """Read a file of sound and bring it to a format.

    Only the part that is taken is read, so that a recording of hours takes no memory.

    Args:
        path: The file.
        audio_format: What it becomes.
        start: Where the part begins, in seconds; None: in the middle of a longer one.

    Returns:
        float32 of shape (samples,).

    Raises:
        DataError: If it cannot be read; names the file and the reason.
    """
    return _sound(path, audio_format, lambda sound: _part(path, sound, audio_format, start))


def decode_joined(paths: Sequence[ImageFile], audio_format: AudioFormat) -> np.ndarray:
    """Read files of sound, each whole, as one sound: what does not fit is cut, what lacks follows.

    Returns, raises:
        As `decode_sound`.
    """
    import numpy as np

    wholes = [_sound(path, audio_format, partial(_whole, path, audio_format=audio_format)) for path in paths]
    return _in_length(np.concatenate(wholes)[: audio_format.num_samples], audio_format)


def _sound(path: ImageFile, audio_format: AudioFormat, read: Callable[[Any], np.ndarray]) -> np.ndarray:
    """What is read of a file, where it is sound.

    Raises:
        DataError: As `decode_sound`.
    """
    try:
        with open_sound(path) as sound:
            if (audio_format.channel or 0) >= sound.channels:
                has = f"it has {sound.channels}, the first is 0"
                raise DataError(f"{path}: no channel {audio_format.channel}; {has}")
            samples = read(sound)
    except (DataError, MemoryError):
        raise
    except (OSError, ValueError, RuntimeError) as error:
        raise DataError(f"{path}: damaged sound: {said_by(error)}") from error
    if not len(samples):
        raise DataError(f"{path}: damaged sound: it breaks off before anything is heard")
    return samples


def decoder() -> str:
    """What decodes: the same text, the same samples."""
    soundfile = library()
    versions = f"soundfile {soundfile.__version__}, {soundfile.__libsndfile_version__}"
    return f"sounds {DECODING_VERSION}, {versions}"


def _part(path: ImageFile, sound: Any, audio_format: AudioFormat, start: float | None) -> np.ndarray:
    rate, wanted = sound.samplerate, audio_format.num_samples
    margin, needed = math.ceil(_MARGIN_SECONDS * rate), math.ceil(wanted * rate / audio_format.sample_rate)
    # `first` in samples of the file, `skip` in those of the example.
    told = num_frames(path, sound)
    first = max(0, ((told or sound.frames) - needed) // 2) if start is None else round(start * rate)
    before = min(first, margin)
    if first > before:
        sound.seek(first - before)
    mono = _mono(sound, audio_format, before + needed + margin, told)
    found = resampled(mono, rate, audio_format.sample_rate)
    skip = round(before * audio_format.sample_rate / rate)
    return _in_length(found[skip : skip + wanted], audio_format)


def _whole(path: ImageFile, sound: Any, audio_format: AudioFormat) -> np.ndarray:
    mono = _mono(sound, audio_format, sound.frames, num_frames(path, sound))
    return resampled(mono, sound.samplerate, audio_format.sample_rate)


def _mono(sound: Any, audio_format: AudioFormat, frames: int, told: int | None) -> np.ndarray:
    import numpy as np

    channel, found = audio_format.channel, []
    first = sound.tell() if sound.seekable() else 0
    wanted = min(first + frames, told or sound.frames)
    # Some at once: a file may have hundreds of channels, of which only one sound is wanted.
    at_once = max(1, _MOST_SAMPLES // sound.channels)
    with np.errstate(invalid="ignore", over="ignore"):
        while frames > 0:
            read = sound.read(min(frames, at_once), dtype="float32", always_2d=True)
            found.append(read.mean(axis=1) if channel is None else read[:, channel].copy())
            frames -= at_once
            if not len(read):
                break
    mono = np.concatenate(found) if found else np.zeros(0, np.float32)
    problem = breaking_off(first + len(mono), wanted, told or sound.frames, sound.samplerate)
    # A guess is no promise.
    if len(mono) and problem is not None and told is not None:
        raise ValueError(problem)
    if not np.isfinite(mono).all():
        raise ValueError("samples are NaN or infinite")
    return np.asarray(mono, np.float32)


def _in_length(samples: np.ndarray, audio_format: AudioFormat) -> np.ndarray:
    import numpy as np

    lacking = audio_format.num_samples - len(samples)
    if lacking <= 0 or not len(samples):
        return np.ascontiguousarray(samples, np.float32)
    if audio_format.shorter == "loop":
        return np.resize(samples, audio_format.num_samples).astype(np.float32)
    return np.pad(samples, (0, lacking)).astype(np.float32)
