"""What a model says of examples, read from its outputs, decided, told and written; NumPy alone."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, TypeVar

import numpy as np

from bigmodel_cli.config.reading import Reading
from bigmodel_cli.geometry import Geometry
from bigmodel_cli.scoring.rule import AS_IT_IS, DecisionRule
from bigmodel_cli.words import Piece

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Asked:
    """The examples that a model answers, where an answer tells of them.

    Attributes:
        pieces: Of each the text that it is; None where it is none.
        features: Their columns, each with the values of all; an array where an example is one value.
    """

    pieces: Sequence[Piece | None]
    features: Any

    def values(self, column: str) -> np.ndarray:
        """A column, texts as objects."""
        found: np.ndarray = self.features[column].values()
        return found


class Answer(ABC):
    """What a model says of one example.

    Attributes:
        values: A score for each class, or the predicted numbers.
    """

    values: np.ndarray

    @abstractmethod
    def line(self, top: int) -> str:
        """As a line has it, with at most `top` of what is likely."""

    def terminal_line(self, top: int, shown: Callable[[str], str], mark: Callable[[str, int], str]) -> str:
        """The same for a terminal.

        Args:
            top: As for `line`.
            shown: Makes a text ready to be shown.
            mark: The same, in one of several colours by their number.
        """
        return shown(self.line(top))

    @abstractmethod
    def caption(self, shown: Callable[[str], str]) -> str:
        """The few words below a picture; `shown` makes a name ready to be drawn."""

    @abstractmethod
    def as_json(self, top: int) -> dict[str, Any]:
        """As JSON has it, with at most `top` of what is likely."""

    @abstractmethod
    def cells(self) -> list[str]:
        """Under the columns that `Predictions.columns` names."""

    def drawn(self, pixels: np.ndarray) -> np.ndarray:
        """The example that was answered with the answer drawn into it, where that is a picture.

        Args:
            pixels: uint8 of shape (height, width) or (height, width, channels), of the size that the model
                takes.
        """
        return pixels

    def png(self, geometry: Geometry) -> bytes:
        """The answer as a picture of the file's size, where it is one; see `Predictions.gives_files`.

        Args:
            geometry: Where the pixels that the model saw are in the file.
        """
        raise TypeError("the answer is no picture")


@dataclass(frozen=True, slots=True)
class Written(Answer):
    """A text that was found.

    Attributes:
        values: Its score alone: the logarithm of how likely it is.
        text: It.
    """

    values: np.ndarray
    text: str

    @property
    def score(self) -> float:
        return float(self.values[0])

    def line(self, top: int) -> str:
        return " ".join(self.text.split())

    def caption(self, shown: Callable[[str], str]) -> str:
        return shown(self.line(1)) or "…"

    def as_json(self, top: int) -> dict[str, Any]:
        return {"prediction": self.text, "score": self.score}

    def cells(self) -> list[str]:
        return [self.text, f"{self.score:.6g}"]


@dataclass(frozen=True)
class Telling:
    """How a few lines of Python that know nothing of bigmodel tell an answer.

    Attributes:
        code: Makes a function `tell(features)`, which prints it, by `predict`, `ABOUT`, `HERE` and `np`.
        packages: Those that it needs beside NumPy, as pip calls them.
        files: Contents of what has to lie beside it, by name.
    """

    code: str
    packages: Sequence[str] = ()
    files: Mapping[str, str] = field(default_factory=dict)


class Predictions(ABC, Generic[T]):
    """How a model's outputs for one target are understood.

    Attributes:
        gives_files: Whether answers are pictures, each of which can be a file.
    """

    gives_files: ClassVar[bool] = False

    def __init__(self, task: T) -> None:
        self.task = task

    @property
    def telling(self) -> Telling | None:
        """How the example beside an export tells the answer; None: by labels and numbers, as they come."""
        return None

    @abstractmethod
    def values(self, outputs: np.ndarray, reading: Reading) -> np.ndarray:
        """What outputs stand for as the loss reads them, before anything is decided.

        Args:
            outputs: Of n examples, shape (n, …).
            reading: How the loss reads them.

        Returns:
            Scores of shape (n, classes), or numbers of shape (n, …).
        """

    def probabilities(self, values: np.ndarray, reading: Reading) -> np.ndarray | None:
        """Those among `values` that are probabilities of classes, shape (n, classes); None for none."""
        return None

    @abstractmethod
    def answers(self, values: np.ndarray, reading: Reading, rule: DecisionRule) -> Iterator[Answer]:
        """What is said of each example.

        Args:
            values: As `values` gives them.
            reading: How the loss reads outputs.
            rule: What is decided by.
        """

    def answers_to(
        self, asked: Asked, values: np.ndarray, reading: Reading, rule: DecisionRule
    ) -> Iterator[Answer]:
        """The same, which may tell of the examples.

        Args:
            asked: They, in the order of the values.
            values: As for `answers`.
            reading: Likewise.
            rule: Likewise.
        """
        return self.answers(values, reading, rule)

    @abstractmethod
    def columns(self, reading: Reading) -> list[str]:
        """What the cells of an answer are called in a CSV file."""

    def rule(self, written: Any) -> DecisionRule:
        """The decision rule that a run keeps.

        Raises:
            DataError: If it is none.
        """
        return AS_IT_IS

    def decided_for(self, rule: DecisionRule) -> str | None:
        """`spam from a probability of 0.24 on`; None where a rule does not change what is decided for."""
        return None
