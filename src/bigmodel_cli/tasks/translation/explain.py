"""A text that was found is one answer, of which there are no others to be explained."""

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


class TranslationExplained(Explained):
    """The text."""

    one: ClassVar[str] = "text"
    many: ClassVar[str] = "texts"
    why_not: ClassVar[str | None] = (
        "a text that was found has no one number that its words could be explained by"
    )
    by_attention: ClassVar[bool] = True
    no_grad_cam: ClassVar[str | None] = "it shows what speaks for a class, and this run writes texts"

    def index(self, name: str) -> int:
        raise UsageError(f"--class {name}: this run writes texts, and has no classes")

    def ranked(self, answer: Answer) -> Sequence[int]:
        return [0]

    def label(self, target: int, answer: Answer) -> str | None:
        return None

    def measures(self, labels: np.ndarray, values: np.ndarray, rule: DecisionRule) -> dict[str, float]:
        return part_of(self.task, Scoring).scored(labels, values, rule, seed=0).scores.headline

    def value_name(self, *, are_probabilities: bool) -> str:
        return "score"
