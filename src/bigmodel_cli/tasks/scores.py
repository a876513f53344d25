"""How good a model is at a task: scores, a rule for decisions, examples that tell most; no TensorFlow."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Generic, Self, TypeVar

import numpy as np

from bigmodel_cli.config.reading import Reading
from bigmodel_cli.config.schema import Calibrate
from bigmodel_cli.errors import DataError, UsageError
from bigmodel_cli.parts import part_of
from bigmodel_cli.scoring.groups.gaps import GroupScores
from bigmodel_cli.scoring.groups.grouping import Groups
from bigmodel_cli.scoring.label_problems import LabelProblems
from bigmodel_cli.scoring.rule import AS_IT_IS, DecisionRule
from bigmodel_cli.scoring.scores import Scores
from bigmodel_cli.tasks.figures import Cells
from bigmodel_cli.tasks.predictions import Predictions
from bigmodel_cli.tasks.task import Task

T = TypeVar("T", bound=Task)
# Examples that tell most: as many as a look takes in.
NUM_SAMPLES = 24


@dataclass(frozen=True)
class Sample:
    """One example with what was decided on it.

    Attributes:
        index: Among those that were evaluated.
        label: Its class, or its number.
        prediction: The class that was decided for, or the predicted number.
        probability: Of the prediction; None of numbers.
        of_label: Probability of the label; None of numbers.
    """

    index: int
    label: str | float
    prediction: str | float
    probability: float | None = None
    of_label: float | None = None


@dataclass(frozen=True)
class Scored(ABC):
    """What a model said of examples, and how good that is.

    Attributes:
        needs_outputs: Whether samples are shown with what the model said of them, which is not kept of all.
        labels: Of the examples.
        values: What outputs stand for, as `Predictions.values` gives it.
        scores: All that is known.
        decision: What was decided by, and what the scores are without it; None where there is no such rule.
        by: Scores of groups, by the columns that make them.
    """

    needs_outputs: ClassVar[bool] = False

    labels: np.ndarray
    values: np.ndarray
    scores: Scores
    decision: Mapping[str, Any] | None = field(default=None, kw_only=True)
    by: Mapping[str, GroupScores] = field(default_factory=dict, kw_only=True)

    @abstractmethod
    def columns(self) -> list[str]:
        """What the cells of a row of predictions are called."""

    @abstractmethod
    def rows(self) -> Iterator[list[str]]:
        """Label and prediction of each example, as cells."""

    @abstractmethod
    def samples(self) -> dict[str, list[Sample]]:
        """Examples that tell most, by what they tell; `mistakes` are the worst ones."""

    def with_outputs(self, outputs: Mapping[int, np.ndarray]) -> Self:
        """The same with the model's outputs for its samples, by their indices."""
        raise TypeError("the outputs of all examples are known")

    def pictures(self, index: int, pixels: np.ndarray, label: np.ndarray) -> Sequence[np.ndarray]:
        """A sample that is a picture, as it is shown: with what was said of it, where that is a picture, too.

        Args:
            index: Which one.
            pixels: uint8 of shape (height, width) or (height, width, channels).
            label: Its target, as the data have it.
        """
        return [pixels]

    @abstractmethod
    def by_group(self, groups: Groups, *, seed: int) -> GroupScores:
        """Scores of groups of the examples.

        Args:
            groups: Of the same examples.
            seed: Of the resampling for the intervals.
        """


@dataclass(frozen=True, eq=False)
class Suspected:
    """Labels that may be wrong.

    Attributes:
        figures: How many, by which method, and what they are taken for.
        stands_out: Whether there is more than what clean data come to.
        samples: The examples, the most suspicious first, with what is suggested as their `prediction`.
    """

    figures: Mapping[str, Any]
    stands_out: bool
    samples: Sequence[Sample]


@dataclass(frozen=True)
class OtherData:
    """Examples that a model was not trained with.

    Attributes:
        where: A folder or a file of examples, or a config.
        renamed: Class names of the data, and what the model calls them; "" leaves a class out.
        beside: Columns of them that are asked for beside what the model takes.
    """

    where: Path
    renamed: Mapping[str, str]
    beside: Sequence[str] = ()


@dataclass(frozen=True)
class Calibrated:
    """A rule for decisions that was chosen on examples which the model has not learned from.

    Attributes:
        rule: What is decided by.
        document: The same with what it changes, as decision.json has it.
        described: The same as a sentence.
    """

    rule: DecisionRule
    document: Mapping[str, Any]
    described: str


class Scoring(ABC, Generic[T]):
    """What evaluating asks of a task."""

    def __init__(self, task: T) -> None:
        self.task = task

    @abstractmethod
    def scored(self, labels: np.ndarray, values: np.ndarray, rule: DecisionRule, *, seed: int) -> Scored:
        """How good a model is.

        Args:
            labels: Of the examples.
            values: What the model's outputs stand for, as `Predictions.values` gives it.
            rule: What is decided by.
            seed: Of the resampling for the intervals.
        """

    def of_kept(self, kept: np.ndarray, reading: Reading) -> np.ndarray:
        """What `scored` takes, of what `Bound.kept` keeps of all examples."""
        return part_of(self.task, Predictions).values(kept, reading)

    def of_outputs(self, labels: np.ndarray, outputs: np.ndarray, reading: Reading) -> np.ndarray:
        """The same of a model's whole outputs.

        Args:
            labels: Of the examples.
            outputs: Shape (n, …).
            reading: How the loss reads them.
        """
        return part_of(self.task, Predictions).values(outputs, reading)

    @abstractmethod
    def scored_again(self, cells: Cells, rule: DecisionRule, *, seed: int) -> Scored:
        """How good predictions are that were written: what `Scored.rows` gave, of one model or of several.

        Args:
            cells: Gives a column of rows of predictions by its name, of examples that have the target.
            rule: What was decided by; it decides nothing anew, but says which class is looked for.
            seed: Of the resampling for the intervals.
        """

    @abstractmethod
    def cells(self, values: np.ndarray, rule: DecisionRule) -> Iterator[list[str]]:
        """What is decided for examples, as the cells behind the label's in a row of predictions.

        Args:
            values: As for `scored`.
            rule: What is decided by.
        """

    def suspected(self, labels: np.ndarray, values: np.ndarray) -> Suspected | None:
        """Which labels may be wrong; None where that cannot be told.

        Args:
            labels: Of the examples.
            values: As for `scored`, of a model that has not learned from them.
        """
        problems = self.problems(labels, values)
        if problems is None:
            return None
        samples = self.suspects(labels, problems)
        return Suspected({**problems.as_json(), **self.pairs(problems)}, problems.stands_out, samples)

    @abstractmethod
    def problems(self, labels: np.ndarray, values: np.ndarray) -> LabelProblems | None:
        """The same as places among the examples; arguments are those of `suspected`."""

    @abstractmethod
    def suspects(self, labels: np.ndarray, problems: LabelProblems) -> list[Sample]:
        """Examples whose labels may be wrong, in the order of `problems`.

        Args:
            labels: Of all examples.
            problems: What is suspected of them.
        """

    def pairs(self, problems: LabelProblems) -> dict[str, Any]:
        """Which classes are taken for which, as the figures have it; nothing where there are none."""
        return {}

    @abstractmethod
    def calibrated(
        self, asked: Calibrate, labels: np.ndarray, values: np.ndarray, warn: Callable[[str], None]
    ) -> Calibrated | None:
        """What `calibrate` asks for; None where nothing can be chosen.

        Args:
            asked: The config's.
            labels: Of examples that the weights have not been fitted to.
            values: What the model's outputs for them stand for.
            warn: Is told what could not be chosen.
        """

    def differing(self, expected: np.ndarray, found: np.ndarray, rule: DecisionRule = AS_IT_IS) -> int | None:
        """For how many examples two models decide otherwise; None where nothing is decided.

        Args:
            expected: What outputs of the one stand for, as `Predictions.values` gives it.
            found: The same of the other.
            rule: What is decided by.
        """
        return None

    @abstractmethod
    def has_labels_of(self, of_data: Task) -> bool:
        """Whether labels of some data mean what they mean here."""

    def relabelled(
        self, labels: np.ndarray, of_data: Task, data: OtherData, warn: Callable[[str], None]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Which examples of other data can be evaluated on, and their labels as this task has them.

        Args:
            labels: As the data have them.
            of_data: What they stand for there.
            data: Where they are from, and what is called otherwise there.
            warn: Is told of classes without examples.

        Raises:
            UsageError: If a renaming names no class.
            DataError: If the labels cannot be what this task has, or no example is left.
        """
        if not self.has_labels_of(of_data):
            raise self.other_labels(of_data, f"{data.where}: ")
        if data.renamed:
            raise UsageError(f"--map is for classes; the labels of this run are {self.task.labels}")
        return np.arange(len(labels)), labels

    def other_labels(self, of_data: Task, where: str = "", hint: str | None = None) -> DataError:
        """What to say where labels of data mean something else."""
        return DataError(
            f"{where}the data has the classes {of_data.listed}; "
            f"the model was trained with {self.task.listed}",
            hint=hint,
        )


class SequenceScoring(Scoring[T]):
    """Of targets with many places, of which none is a class of the example."""

    def cells(self, values: np.ndarray, rule: DecisionRule) -> Iterator[list[str]]:
        raise TypeError("every example has its target")

    def problems(self, labels: np.ndarray, values: np.ndarray) -> LabelProblems | None:
        return None

    def suspects(self, labels: np.ndarray, problems: LabelProblems) -> list[Sample]:
        return []

    def calibrated(
        self, asked: Calibrate, labels: np.ndarray, values: np.ndarray, warn: Callable[[str], None]
    ) -> Calibrated | None:
        return None

    def has_labels_of(self, of_data: Task) -> bool:
        return of_data == self.task
