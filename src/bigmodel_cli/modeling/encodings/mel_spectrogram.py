"""`mel_spectrogram`: a sound as the strengths of low and high tones, from moment to moment."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field

from bigmodel_cli.modeling.encodings.base import Learn, as_one_layer
from bigmodel_cli.modeling.encodings.spectra import Spectra, of_one_scale


class MelSpectrogram(Spectra):
    """A sound as a picture of its tones: the logarithm of the power in bands of the mel scale.

    Made of Keras's STFTSpectrogram and a fixed matrix, so that it exports to every format; nothing of it is
    trained. Shape: (batch, samples) to (batch, windows, bands, 1), as a network for pictures takes it.
    """

    encoding_name: ClassVar[str] = "mel_spectrogram"
    example: ClassVar[str] = "mel_spectrogram: {bands: 40, window_seconds: 0.032, hop_seconds: 0.01}"

    normalize: Literal["sound", "none"] = Field(
        "sound",
        description="Whether each sound gets mean 0 and standard deviation 1, so that loudness does not "
        "count; with none, `Normalization` behind it may learn one scale for all.",
    )
    expand_dims: bool = Field(
        True, description="Whether there is an axis of one channel at the end; recurrent layers want none."
    )

    def encode(self, tensor: Any, learn: Learn) -> Any:
        return as_one_layer("mel_spectrogram", tensor, self._spectrogram)

    def _spectrogram(self, samples: Any) -> Any:
        from keras import ops

        strengths = self.strengths(samples)
        if self.normalize == "sound":
            strengths = of_one_scale(strengths)
        return ops.expand_dims(strengths, -1) if self.expand_dims else strengths
