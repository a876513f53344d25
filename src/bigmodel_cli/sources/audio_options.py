"""The options that all sources of sounds share."""

from __future__ import annotations

from abc import ABC
from typing import Annotated

from pydantic import Field

from bigmodel_cli.config.fields import WholeNumber
from bigmodel_cli.kinds.audio.kind import RATES, SECONDS, AudioFormat, Longer, Shorter
from bigmodel_cli.sources.options import SourceOptions


class AudioOptions(SourceOptions, ABC):
    """How files become examples."""

    sample_rate: Annotated[WholeNumber, Field(ge=RATES[0], le=RATES[1])] = Field(
        description="Samples in a second; files of another rate are resampled."
    )
    seconds: Annotated[float, Field(ge=SECONDS[0], le=SECONDS[1])] = Field(
        description="How long every sound is; of a longer one a part is taken."
    )
    longer: Longer = Field(
        default="middle",
        description="What is taken of a longer sound: the middle; with random training draws a part anew in "
        "each epoch, and the middle is taken elsewhere.",
    )
    shorter: Shorter = Field(
        default="pad", description="What follows a shorter sound: silence (pad), or the same again (loop)."
    )
    channel: Annotated[WholeNumber, Field(ge=0)] | None = Field(
        default=None, description="Which channel is taken, from 0 on; without it, the mean of all."
    )

    @property
    def audio_format(self) -> AudioFormat:
        return AudioFormat(self.sample_rate, self.seconds, self.shorter, self.channel, self.longer)
