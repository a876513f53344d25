"""What a method finds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Attribution:
    """How much each place of an image speaks for a class, or raises the predicted number.

    Attributes:
        values: float64 of shape (height, width); below zero is what speaks against it.
        details: What else the method has to say, as JSON.
    """

    values: np.ndarray
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Subject:
    """What is explained.

    Attributes:
        pixels: One example of shape (height, width) or (height, width, channels): uint8, or what a model
            makes of it first.
        targets: Indices of the classes, or of the predicted numbers.
        batch_size: How many examples the network takes at once.
        hidden: What stands where something is hidden; None: an opaque grey.
        places: Those of the prediction that are explained, bool of shape (height, width); None: all.
    """

    pixels: np.ndarray
    targets: Sequence[int]
    batch_size: int
    hidden: float | None = None
    places: np.ndarray | None = None
