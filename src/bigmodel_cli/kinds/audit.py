"""What an audit looks at in values of a kind."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

import numpy as np


class Features(ABC):
    """Looks at values of a kind.

    Attributes:
        constant: What a value is whose numbers are all the same.
        are_seen: Whether people see what values are.
    """

    constant: ClassVar[str]
    are_seen: ClassVar[bool]

    def __init__(self, kind: Any) -> None:
        self.kind = kind

    @abstractmethod
    def channels(self, values: np.ndarray) -> np.ndarray:
        """Values of shape (n, …) as (channels, numbers): what is described by its mean and spread."""

    @abstractmethod
    def thumbnails(self, values: np.ndarray) -> np.ndarray | None:
        """By what values are compared, float16 of shape (n, height, width); None where that means nothing."""
