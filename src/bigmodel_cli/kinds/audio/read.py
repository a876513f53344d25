"""How a sound is read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bigmodel_cli.cut import some
from bigmodel_cli.kinds.audio.files.decoding import decode_joined, decode_sound, decoder
from bigmodel_cli.kinds.audio.files.opening import Recorded, recorded
from bigmodel_cli.kinds.audio.kind import AudioKind
from bigmodel_cli.kinds.image.files.opening import ImageFile
from bigmodel_cli.kinds.read import Read, Value

_NAMED = 4


class AudioRead(Read):
    """Decodes files of sounds, resamples them, and brings them to one length."""

    kind: AudioKind
    sources = ("audio_folder",)
    media = "audio/"

    def __init__(self, kind: AudioKind) -> None:
        super().__init__(kind)
        self.draws = kind.format.longer == "random"

    @property
    def described(self) -> str:
        return str(self.kind.format)

    @property
    def file_options(self) -> Mapping[str, Any]:
        return asdict(self.kind.format)

    def decoder(self) -> str:
        return decoder()

    def look(self, path: ImageFile) -> Recorded:
        return recorded(path)

    def remarks(self, paths: Sequence[Path], told: Sequence[Recorded]) -> Iterator[str]:
        """Which are resampled, mixed or cut: what a model hears is another sound than the file has."""
        wanted, total = self.kind.format, f"of {len(told):,} sounds"
        rates = Counter(one.sample_rate for one in told if one.sample_rate != wanted.sample_rate)
        if rates:
            each = some([f"{count:,} from {rate:,} Hz" for rate, count in rates.most_common()], _NAMED)
            yield f"{rates.total():,} {total} are resampled to {wanted.sample_rate:,} Hz: {each}"
        slower = [place for place, one in enumerate(told) if one.sample_rate < wanted.sample_rate]
        if slower and len(slower) < len(told):
            yield (
                f"{len(slower):,} {total} have a lower rate than others, so that they lack high tones, for "
                f"example {paths[slower[0]]}"
            )
        mixed = sum(one.channels > 1 for one in told)
        if mixed and wanted.channel is None:
            yield f"{mixed:,} {total} have several channels, of which the mean is taken; channel: 0 takes one"
        longer = [one.seconds for one in told if one.seconds > wanted.seconds * 1.001]
        if longer:
            part = "training draws a part, and the middle is" if self.draws else "the middle is"
            yield (
                f"{len(longer):,} {total} are longer than {wanted.seconds:g} s, of which {part} "
                f"taken{' elsewhere' if self.draws else ''}; the longest has {max(longer):.3g} s"
            )

    def joined(self, paths: Sequence[Path]) -> Value:
        return Value(decode_joined(paths, self.kind.format))

    def share(self, told: Recorded) -> float:
        # What is resampled may have a sample more.
        return (told.seconds + 1 / self.kind.sample_rate) / self.kind.format.seconds

    def room(self, told: Recorded) -> float:
        left = told.seconds - self.kind.format.seconds
        # What is resampled may have a sample more.
        return left if left * self.kind.sample_rate > 1 else 0.0

    def part(self, path: Path, start: float) -> Value:
        return Value(decode_sound(path, self.kind.format, start))

    def file(self, path: ImageFile, *, invert: bool = False) -> Value:
        return Value(decode_sound(path, self.kind.format))
