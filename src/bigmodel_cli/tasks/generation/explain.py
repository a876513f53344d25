"""Each token that may come next could be explained."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from bigmodel_cli.errors import UsageError
from bigmodel_cli.scoring.rule import DecisionRule
from bigmodel_cli.scoring.tokens import token_scores
from bigmodel_cli.tasks.explain import Explained
from bigmodel_cli.tasks.generation.predictions import written
from bigmodel_cli.tasks.generation.scores import foreseen
from bigmodel_cli.tasks.predictions import Answer


class GenerationExplained(Explained):
    """Tokens by their ids."""

    one: ClassVar[str] = "token"
    many: ClassVar[str] = "tokens"
    no_grad_cam: ClassVar[str | None] = "it shows what speaks for a class, and this run predicts tokens"

    def index(self, name: str) -> int:
        for place in range(self.task.vocabulary.size):
            if written(self.task.vocabulary, place) == name:
                return place
        raise UsageError(f"--class {name}: this run knows no such token")

    def ranked(self, answer: Answer) -> Sequence[int]:
        indices: list[int] = np.argsort(-answer.values, kind="stable").tolist()
        return indices

    def label(self, target: int, answer: Answer) -> str | None:
        return written(self.task.vocabulary, target)

    def measures(self, labels: np.ndarray, values: np.ndarray, rule: DecisionRule) -> dict[str, float]:
        return token_scores(foreseen(labels, values, self.task), seed=0).headline

    def value_name(self, *, are_probabilities: bool) -> str:
        return "probability" if are_probabilities else "score"
