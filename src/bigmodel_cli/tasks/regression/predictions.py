"""The numbers that are predicted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from bigmodel_cli.config.reading import Reading
from bigmodel_cli.cut import some
from bigmodel_cli.scoring.probabilities import as_numbers
from bigmodel_cli.scoring.rule import DecisionRule
from bigmodel_cli.tasks.predictions import Answer, Predictions
from bigmodel_cli.tasks.regression.task import Regression


@dataclass(frozen=True, slots=True)
class Numbers(Answer):
    """One number, or several of some shape."""

    values: np.ndarray

    def line(self, top: int) -> str:
        return " ".join(f"{value:.6g}" for value in self.values.ravel().tolist())

    def caption(self, shown: Callable[[str], str]) -> str:
        return some((f"{value:.4g}" for value in self.values.ravel().tolist()), 4)

    def as_json(self, top: int) -> dict[str, Any]:
        return {"prediction": self.values.item() if self.values.size == 1 else self.values.tolist()}

    def cells(self) -> list[str]:
        return [self.line(0)]


class RegressionPredictions(Predictions[Regression]):
    """Of numbers, by which nothing is decided."""

    def values(self, outputs: np.ndarray, reading: Reading) -> np.ndarray:
        return as_numbers(outputs, reading)

    def answers(self, values: np.ndarray, reading: Reading, rule: DecisionRule) -> Iterator[Answer]:
        return map(Numbers, values)

    def columns(self, reading: Reading) -> list[str]:
        return ["prediction"]
