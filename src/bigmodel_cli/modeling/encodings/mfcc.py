"""`mfcc`: a sound as a few numbers for each moment (Davis and Mermelstein 1980)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field

from bigmodel_cli.modeling.encodings.base import Learn, as_one_layer
from bigmodel_cli.modeling.encodings.spectra import Spectra, fixed, of_one_scale

if TYPE_CHECKING:
    import numpy as np


class Mfcc(Spectra):
    """Cepstral coefficients: a few numbers for the shape of a mel spectrogram's columns, by cosines.

    Made of fixed matrices, so that it exports to every format; nothing of it is trained.
    Shape: (batch, samples) to (batch, windows, coefficients).
    """

    encoding_name: ClassVar[str] = "mfcc"
    example: ClassVar[str] = "mfcc: {coefficients: 13, bands: 40}"

    coefficients: Annotated[int, Field(ge=1, le=512)] = Field(
        13, description="Numbers for each moment, at most as many as there are bands."
    )
    normalize: Literal["sound", "none"] = Field(
        "sound", description="Whether each sound's spectrogram gets mean 0 and standard deviation 1 before."
    )
    expand_dims: bool = Field(
        False, description="Whether there is an axis of one channel at the end, for layers of pictures."
    )

    def encode(self, tensor: Any, learn: Learn) -> Any:
        if self.coefficients > self.bands:
            raise ValueError(f"coefficients: {self.coefficients} of {self.bands} bands cannot be")
        return as_one_layer("mfcc", tensor, self._coefficients)

    def _coefficients(self, samples: Any) -> Any:
        from keras import ops

        strengths = self.strengths(samples)
        if self.normalize == "sound":
            strengths = of_one_scale(strengths)
        found = fixed(cosines(self.bands, self.coefficients))(strengths)
        return ops.expand_dims(found, -1) if self.expand_dims else found


def cosines(bands: int, coefficients: int) -> np.ndarray:
    """The orthonormal cosine transform (DCT-II) as a matrix: (bands, coefficients)."""
    import numpy as np
    from scipy.fft import dct

    return np.asarray(dct(np.eye(bands), norm="ortho", axis=1)[:, :coefficients])
