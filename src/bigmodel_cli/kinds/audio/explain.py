"""Where in a sound something is that a model decides by: which tones, and when."""

from __future__ import annotations

from typing import Any

import numpy as np

from bigmodel_cli.errors import UsageError
from bigmodel_cli.kinds.explain import Places
from bigmodel_cli.modeling.cut import Cut, cut_behind

# What these encodings call their layers.
_SPECTRA = ("mel_spectrogram", "mfcc")


class AudioPlaces(Places):
    """Places are those of the model's spectrogram."""

    are_in_values = False

    def cut(self, model: Any) -> Cut:
        found = [layer for layer in model.layers if layer.name.startswith(_SPECTRA)]
        both = cut_behind(model, found[:1]) if len(found) == 1 else None
        if both is None:
            raise UsageError(
                "explain shows what in a spectrogram a model of sounds decides by; this model has "
                f"{len(found) or 'none'}",
                hint="write mel_spectrogram in preprocessing, or as the first step of model",
            )
        return both

    def drawn(self, found: np.ndarray) -> np.ndarray:
        """Time goes to the right, high tones are above."""
        return found.swapaxes(0, 1)[::-1]
