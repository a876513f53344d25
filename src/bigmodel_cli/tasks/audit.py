"""What an audit says of the labels of a task."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import numpy as np

from bigmodel_cli.kinds.profile import Seen
from bigmodel_cli.sources.base import SplitName

BySplit = Mapping[SplitName, np.ndarray]


class Labels(ABC):
    """Looks at the labels of a task.

    Attributes:
        contradiction: How bad it is where equal examples have different labels; None: that is how they are.
        wants_each: Whether every class is to have examples, and about as many as the others.
        tell_apart: Whether examples with different labels should look different.
    """

    contradiction: ClassVar[Literal["error", "warning"] | None]
    tell_apart: ClassVar[bool]
    wants_each: ClassVar[bool] = True

    def __init__(self, task: Any) -> None:
        self.task = task

    @property
    def again(self) -> str | None:
        """What becomes of rows whose inputs were there before, "" for nothing; None: they are copies."""
        return None

    @abstractmethod
    def shown(self, label: np.generic | np.ndarray) -> Any:
        """A label as people and documents have it."""

    @abstractmethod
    def rows(self, labels: np.ndarray, of_training: np.ndarray) -> list[tuple[str, np.ndarray]]:
        """Examples by what their labels say.

        Args:
            labels: Of all examples.
            of_training: The numbers of those that are of the training split.

        Returns:
            Names with the numbers of the examples.
        """

    def seen(self, labels: np.ndarray) -> Seen | None:
        """Labels as a column of a table; None where they are more than one value each."""
        return None

    def classes(self, labels: BySplit) -> list[dict[str, Any]]:
        """Counts and shares of each class by split, in their order; none where there are no classes."""
        return []

    def spreads(self, labels: BySplit) -> dict[str, Any] | None:
        """How numbers are spread, by split and output; None where there are none."""
        return None

    def outliers(self, labels: BySplit) -> BySplit:
        """Indices of examples with a label far outside of what is usual in training."""
        return {}
