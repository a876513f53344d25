"""How the outputs of a run's model are understood, of one target or of several."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bigmodel_cli.config.reading import Reading
from bigmodel_cli.inference.engines import outputs_by_target
from bigmodel_cli.parts import part_of
from bigmodel_cli.scoring.rule import AS_IT_IS, DecisionRule
from bigmodel_cli.signature import Signature
from bigmodel_cli.tasks.predictions import Answer, Asked, Predictions


@dataclass(frozen=True, slots=True)
class Several(Answer):
    """What a model says of one example for each of several targets.

    Attributes:
        values: All of their numbers.
        answers: By target.
    """

    values: np.ndarray
    answers: Mapping[str, Answer]

    def line(self, top: int) -> str:
        return "; ".join(f"{name}: {answer.line(top)}" for name, answer in self.answers.items())

    def caption(self, shown: Callable[[str], str]) -> str:
        return "; ".join(f"{shown(name)}: {answer.caption(shown)}" for name, answer in self.answers.items())

    def as_json(self, top: int) -> dict[str, Any]:
        return {"targets": {name: answer.as_json(top) for name, answer in self.answers.items()}}

    def cells(self) -> list[str]:
        return [cell for answer in self.answers.values() for cell in answer.cells()]


@dataclass(frozen=True)
class Understood:
    """Outputs for some examples, understood.

    Attributes:
        answers: Of each example.
        are_finite: Whether all numbers of each example are, shape (n,).
        probabilities: Of classes, shape (n, classes), where there is one target that has such.
    """

    answers: Iterator[Answer]
    are_finite: np.ndarray
    probabilities: np.ndarray | None


class Answering:
    """Understands outputs.

    Args:
        signature: For the targets.
        readings: How the loss reads the output of each.
        rules: What is decided by, by target.
    """

    def __init__(
        self, signature: Signature, readings: Mapping[str, Reading], rules: Mapping[str, DecisionRule]
    ) -> None:
        self._readings = readings
        self._rules = {name: rules.get(name, AS_IT_IS) for name in signature.targets}
        self._of: Mapping[str, Predictions[Any]] = {
            name: part_of(task, Predictions) for name, task in signature.targets.items()
        }

    @property
    def columns(self) -> list[str]:
        """What the cells of an answer are called in a CSV file, by target where there are several."""
        of_targets = {name: one.columns(self._readings[name]) for name, one in self._of.items()}
        if len(of_targets) == 1:
            return next(iter(of_targets.values()))
        return [f"{name}_{column}" for name, columns in of_targets.items() for column in columns]

    @property
    def decided(self) -> Sequence[str]:
        """What is decided otherwise than by the model alone, a sentence each."""
        found = {name: one.decided_for(self._rules[name]) for name, one in self._of.items()}
        of_target = "{name}: {what}" if len(found) > 1 else "{what}"
        return [of_target.format(name=name, what=what) for name, what in found.items() if what is not None]

    def understood(self, given: Any, asked: Asked | None = None) -> Understood:
        """What an engine gave for some examples.

        Args:
            given: It.
            asked: The examples, where answers may tell of them.
        """
        values = {
            name: self._of[name].values(outputs, self._readings[name])
            for name, outputs in outputs_by_target(given, self._of).items()
        }
        flat = {name: one.reshape(len(one), -1) for name, one in values.items()}
        are_finite = np.all([np.isfinite(one).all(axis=1) for one in flat.values()], axis=0)
        probabilities = None
        if len(values) == 1:
            ((name, one),) = values.items()
            probabilities = self._of[name].probabilities(one, self._readings[name])
        return Understood(self._answers(values, flat, asked), are_finite, probabilities)

    def _answers(
        self, values: Mapping[str, np.ndarray], flat: Mapping[str, np.ndarray], asked: Asked | None
    ) -> Iterator[Answer]:
        of_targets = {name: self._of_target(name, one, asked) for name, one in values.items()}
        if len(of_targets) == 1:
            return next(iter(of_targets.values()))
        together = np.concatenate(list(flat.values()), axis=1)
        rows = zip(*of_targets.values(), strict=True)
        return (
            Several(numbers, dict(zip(of_targets, answers, strict=True)))
            for numbers, answers in zip(together, rows, strict=True)
        )

    def _of_target(self, name: str, values: np.ndarray, asked: Asked | None) -> Iterator[Answer]:
        predictions, how = self._of[name], (values, self._readings[name], self._rules[name])
        return predictions.answers(*how) if asked is None else predictions.answers_to(asked, *how)
