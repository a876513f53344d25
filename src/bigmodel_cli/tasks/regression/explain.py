"""Each of the numbers that are predicted is explained."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from bigmodel_cli.errors import UsageError
from bigmodel_cli.scoring.rule import DecisionRule
from bigmodel_cli.tasks.explain import Explained
from bigmodel_cli.tasks.predictions import Answer


class RegressionExplained(Explained):
    """Outputs by their place."""

    one: ClassVar[str] = "output"
    many: ClassVar[str] = "outputs"
    no_grad_cam: ClassVar[str | None] = "it shows what speaks for a class, and this run predicts numbers"

    def index(self, name: str) -> int:
        raise UsageError(f"--class {name}: this run predicts numbers and has no classes", hint="leave it out")

    def ranked(self, answer: Answer) -> Sequence[int]:
        return range(answer.values.size)

    def label(self, target: int, answer: Answer) -> str | None:
        return f"output {target + 1}" if answer.values.size > 1 else None

    def measures(self, labels: np.ndarray, values: np.ndarray, rule: DecisionRule) -> dict[str, float]:
        errors = np.asarray(values, np.float64).reshape(len(labels), -1) - labels.reshape(len(labels), -1)
        return {
            "mean_absolute_error": float(np.abs(errors).mean()),
            "root_mean_squared_error": float(np.sqrt((errors**2).mean(axis=0)).mean()),
        }

    def value_name(self, *, are_probabilities: bool) -> str:
        return "prediction"
