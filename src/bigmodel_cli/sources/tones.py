"""Made-up sounds: a first try with sounds that needs no download and no extra."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field

from bigmodel_cli.config.facts import DataFacts
from bigmodel_cli.config.fields import WholeNumber
from bigmodel_cli.kinds.audio.kind import AudioFormat, AudioKind
from bigmodel_cli.signature import Signature
from bigmodel_cli.sources.base import Examples, LoadContext, Source
from bigmodel_cli.sources.options import SourceOptions
from bigmodel_cli.tasks.classification.task import Classification

if TYPE_CHECKING:
    import numpy as np

_CLASSES = ("falling", "noise", "pulses", "rising", "steady", "trembling")
_RATE, _SECONDS = 4_000, 0.5
_LOW, _HIGH = 200.0, 1_400.0


class Tones(SourceOptions):
    """Made-up sounds of half a second: steady, rising, falling and trembling tones, pulses and noise."""

    source_name: ClassVar[str] = "tones"
    example: ClassVar[str] = "tones"

    num_examples: Annotated[WholeNumber, Field(ge=len(_CLASSES), le=100_000)] = Field(
        default=1_200, description="How many there are, before splits are held out."
    )

    def facts(self) -> DataFacts:
        return DataFacts("classes", len(_CLASSES), self.num_examples, frozenset(), value_range=(-1, 1))

    def load(self, context: LoadContext) -> Source:
        import numpy as np

        labels = np.arange(self.num_examples, dtype=np.int64) % len(_CLASSES)
        # The data are always the same ones, whatever the seed of training is.
        sounds = np.stack([sound(int(label), number) for number, label in enumerate(labels)])
        kind = AudioKind(AudioFormat(_RATE, _SECONDS))
        signature = Signature.of(kind, Classification(_CLASSES))
        return Source({"train": Examples.of_arrays(sounds, labels, "tones")}, signature)


def sound(label: int, number: int) -> np.ndarray:
    """One sound of a class.

    Args:
        label: The index of its class.
        number: Decides what is left to chance.

    Returns:
        float32 of shape (samples,), from -1 to 1.
    """
    import numpy as np

    random = np.random.default_rng([0, number])
    samples = round(_RATE * _SECONDS)
    progress = np.arange(samples) / samples
    pitch = random.uniform(_LOW, _HIGH)
    bend = random.uniform(1.3, 2.0)
    name = _CLASSES[label]
    frequency = np.full(samples, pitch)
    if name in ("rising", "falling"):
        frequency = pitch * bend ** (progress if name == "rising" else -progress)
    elif name == "trembling":
        frequency = pitch * (1 + 0.12 * np.sin(2 * np.pi * random.uniform(6, 12) * _SECONDS * progress))
    wave = np.sin(2 * np.pi * np.cumsum(frequency) / _RATE + random.uniform(0, 2 * np.pi))
    if name == "pulses":
        wave *= np.sin(2 * np.pi * random.uniform(8, 16) * _SECONDS * progress) > 0.3
    elif name == "noise":
        wave = np.convolve(random.standard_normal(samples), np.hanning(4), "same") / 2
    loudness = random.uniform(0.05, 0.5)
    hiss = random.standard_normal(samples) * random.uniform(0.01, 0.3)
    return np.clip(loudness * (wave + hiss), -1, 1).astype(np.float32)
