"""What an audit looks at in arrays."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from bigmodel_cli.kinds.audit import Features

# Examples of more features are described as a whole.
MAX_FEATURES = 1000


class ArrayFeatures(Features):
    """Features are described one by one; nobody sees what they mean."""

    constant: ClassVar[str] = "of one number"
    are_seen: ClassVar[bool] = False

    def channels(self, values: np.ndarray) -> np.ndarray:
        are_few = values.ndim == 2 and values.shape[1] <= MAX_FEATURES
        return values.T if are_few else values.reshape(1, -1)

    def thumbnails(self, values: np.ndarray) -> None:
        return None
