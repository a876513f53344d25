"""Which of a model's outputs are explained, and by which numbers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from bigmodel_cli.config.reading import Activation
from bigmodel_cli.kinds.kind import Kind
from bigmodel_cli.scoring.rule import DecisionRule
from bigmodel_cli.tasks.predictions import Answer

LOG_ODDS, OUTPUT = "log-odds", "output"


@dataclass(frozen=True)
class Score:
    """The number that is explained for each target.

    Attributes:
        name: `log-odds`, or `output` where the outputs are numbers or no probabilities.
        of: Makes it of outputs of shape (n, outputs) and the index of a target; a tensor of shape (n,).
        bare: The layer of the model that goes without its activation for that; None: outputs as they are.
        within: The same of some places alone, a bool array of (height, width); None: outputs have no places.
    """

    name: str
    of: Callable[[Any, int], Any]
    bare: Any = None
    within: Callable[[Any, int, Any], Any] | None = None


class Explained(ABC):
    """What of the outputs for a task is explained.

    Attributes:
        one, many: What JSON calls a target, and the list of them.
        no_grad_cam: Why Grad-CAM does not explain it; None where it does.
        grad_cam_alone: Why no other method does; None where others do.
        why_not: Why nothing of it is explained, a sentence without its end; None where it is.
        has_places: Whether something is predicted for each place of an image, so that some may be explained.
        by_attention: Whether it is shown instead what of the given text each of its tokens looks at.
    """

    one: ClassVar[str]
    many: ClassVar[str]
    no_grad_cam: ClassVar[str | None] = None
    grad_cam_alone: ClassVar[str | None] = None
    why_not: ClassVar[str | None] = None
    has_places: ClassVar[bool] = False
    by_attention: ClassVar[bool] = False

    def __init__(self, task: Any) -> None:
        self.task = task

    @abstractmethod
    def index(self, name: str) -> int:
        """The index of the class that a user names.

        Raises:
            UsageError: If there is none.
        """

    @abstractmethod
    def ranked(self, answer: Any) -> Sequence[int]:
        """The indices of all targets in the order in which they come into question."""

    def values(self, answer: Answer) -> np.ndarray:
        """What is told of each target, by its index."""
        return np.ravel(answer.values)

    def shape(self, answer: Any) -> tuple[int, int]:
        """Rows and columns of places that something is predicted for."""
        raise TypeError(f"{self.many} have no places")

    def around(self, answer: Any, row: int, column: int) -> np.ndarray:
        """The places that go together with one, bool of shape (height, width)."""
        raise TypeError(f"{self.many} have no places")

    def within(self, answer: Any, places: np.ndarray) -> Answer:
        """What is predicted for some places alone."""
        raise TypeError(f"{self.many} have no places")

    @abstractmethod
    def label(self, target: int, answer: Answer) -> str | None:
        """What a target is called; None where there is no other."""

    @abstractmethod
    def measures(self, labels: np.ndarray, values: np.ndarray, rule: DecisionRule) -> dict[str, float]:
        """How good predictions are, in the numbers by which columns are compared, the first above all.

        Args:
            labels: Of shape (n, …).
            values: What outputs stand for, as `Predictions.values` gives it.
            rule: What is decided by.
        """

    @abstractmethod
    def value_name(self, *, are_probabilities: bool) -> str:
        """What JSON calls the value of a target."""

    def shown(self, value: float, *, are_probabilities: bool) -> str:
        """The value of a target as people read it."""
        return f"{value:.6g}"

    def score(self, model: Any, kind: Kind, of_logits: Activation | None, temperature: float) -> Score:
        """The number to explain.

        Args:
            model: The run's functional `keras.Model`.
            kind: What it takes.
            of_logits: What makes probabilities of its outputs, where those are logits; None: they are none.
            temperature: Of the decision rule.
        """
        if of_logits == "softmax":
            return Score(LOG_ODDS, lambda outputs, target: _against_all_others(outputs / temperature, target))
        return Score(LOG_ODDS if of_logits else OUTPUT, lambda outputs, target: outputs[:, target])


def _against_all_others(logits: Any, target: int) -> Any:
    import keras

    others = keras.ops.concatenate([logits[:, :target], logits[:, target + 1 :]], axis=1)
    return logits[:, target] - keras.ops.logsumexp(others, axis=1)
