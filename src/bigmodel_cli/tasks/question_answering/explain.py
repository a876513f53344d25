"""An answer has a beginning and an end, of which neither is a class of the example."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from bigmodel_cli.errors import UsageError
from bigmodel_cli.parts import part_of
from bigmodel_cli.scoring.rule import DecisionRule
from bigmodel_cli.tasks.explain import Explained
from bigmodel_cli.tasks.predictions import Answer
from bigmodel_cli.tasks.scores import Scoring


class QuestionAnsweringExplained(Explained):
    """Whether there is an answer."""

    one: ClassVar[str] = "answer"
    many: ClassVar[str] = "answers"
    no_grad_cam: ClassVar[str | None] = "it shows what speaks for a class, and this run answers questions"
    why_not: ClassVar[str | None] = (
        "an answer is where two numbers are largest, its beginning and its end: what both rest on is not "
        "shown yet"
    )

    def index(self, name: str) -> int:
        raise UsageError(f"--class {name}: this run answers questions, and has no classes")

    def ranked(self, answer: Answer) -> Sequence[int]:
        indices: list[int] = np.argsort(-answer.values, kind="stable").tolist()
        return indices

    def label(self, target: int, answer: Answer) -> str | None:
        return ("answer", "no answer")[target]

    def measures(self, labels: np.ndarray, values: np.ndarray, rule: DecisionRule) -> dict[str, float]:
        return part_of(self.task, Scoring).scored(labels, values, rule, seed=0).scores.headline

    def value_name(self, *, are_probabilities: bool) -> str:
        return "probability" if are_probabilities else "score"
