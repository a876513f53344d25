"""A sound, and how a file becomes one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar, Literal, Self

from bigmodel_cli.kinds.kind import Kind

Shorter = Literal["pad", "loop"]
Longer = Literal["middle", "random"]
# What `sample_rate` and `seconds` may be.
RATES = (1_000, 192_000)
SECONDS = (0.01, 600.0)


@dataclass(frozen=True)
class AudioFormat:
    """How a file of sound becomes one example; used alike in training, evaluation and prediction.

    Attributes:
        sample_rate: Samples in a second, to which every file is resampled.
        seconds: How long a sound is.
        shorter: What follows a shorter one: silence (`pad`), or the same again (`loop`).
        channel: Which of several channels is taken, from 0 on; None: the mean of all.
        longer: What is taken of a longer one: the `middle`; or in training a part that each epoch draws
            (`random`), and elsewhere the middle.
    """

    sample_rate: int
    seconds: float
    shorter: Shorter = "pad"
    channel: int | None = None
    # What a file is decoded to does not depend on it.
    longer: Longer = field(default="middle", repr=False)

    @property
    def num_samples(self) -> int:
        return max(1, round(self.sample_rate * self.seconds))


@dataclass(frozen=True)
class AudioKind(Kind):
    """Samples of a sound, from -1 to 1.

    Attributes:
        format: How a file becomes one.
    """

    name: ClassVar[str] = "audio"
    plural: ClassVar[str] = "sounds"
    placeholder: ClassVar[str] = "SOUND.wav"
    noun: ClassVar[str] = "sound"
    is_json: ClassVar[bool] = False

    format: AudioFormat
    shape: tuple[int, ...] = field(init=False, repr=False)
    dtype: str = field(default="float32", init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "shape", (self.format.num_samples,))

    @property
    def described(self) -> str:
        return f"{self.format.seconds:g} s at {self.format.sample_rate:,} Hz, {self.shape[0]} {self.dtype}"

    @property
    def sample_rate(self) -> int:
        return self.format.sample_rate

    def as_json(self) -> dict[str, Any]:
        return asdict(self.format)

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Self:
        return cls(AudioFormat(**{name: value for name, value in record.items() if name != "kind"}))
