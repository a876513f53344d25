"""What is drawn of a task, and how its targets are written above examples."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.figure import Figure

T = TypeVar("T")
# A column of a table by its name.
Cells = Callable[[str], Sequence[str]]


class Plot(NamedTuple):
    """One figure of an evaluation.

    Attributes:
        name: Of its file.
        draw: Draws it.
        label: What it shows, for those who cannot see it; empty where the report has no such figure.
    """

    name: str
    draw: Callable[[], Figure]
    label: str = ""


class Caption(NamedTuple):
    """What stands above an example.

    Attributes:
        title: The first line.
        note: Below the title, in gray.
        color: Of the title.
    """

    title: str
    note: str = ""
    color: str = "black"


class Figures(ABC, Generic[T]):
    """What is drawn of a task."""

    def __init__(self, task: T) -> None:
        self.task = task

    @abstractmethod
    def plots(self, cells: Cells, evaluation: Mapping[str, Any], title: str) -> Iterator[Plot]:
        """The figures of an evaluation.

        Args:
            cells: Gives a column of predictions_<split>.csv.
            evaluation: As evaluation/<split>.json has it.
            title: Of those that need one.
        """

    @abstractmethod
    def different(self, labels: np.ndarray, count: int) -> np.ndarray:
        """Indices of a few examples of targets as different as can be, in the order of the targets.

        Args:
            labels: Targets, of shape (n, …).
            count: Of how many examples, n at most.
        """

    @abstractmethod
    def caption(self, label: Any, mixed: Any) -> Caption:
        """A target in words.

        Args:
            label: As the data have it.
            mixed: What augmentation has made of it; None where it mixes nothing.
        """

    def drawn(self, pixels: np.ndarray, label: Any) -> np.ndarray:
        """An example that is a picture with its target drawn into it, where that is a part of the picture.

        Args:
            pixels: uint8 of shape (height, width) or (height, width, channels).
            label: As the data have it, or as augmentation has moved it.
        """
        return pixels

    @abstractmethod
    def of_sample(self, sample: Mapping[str, Any]) -> Caption:
        """The prediction and the target of a sample as evaluation/samples_<split>.json has it."""
