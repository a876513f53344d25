"""What an audit looks at in windows of a text."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from bigmodel_cli.kinds.audit import Features


class TokensFeatures(Features):
    """Ids are names, of which all together are described."""

    constant: ClassVar[str] = "of one token"
    are_seen: ClassVar[bool] = False

    def channels(self, values: np.ndarray) -> np.ndarray:
        return values.reshape(1, -1)

    def thumbnails(self, values: np.ndarray) -> None:
        return None
