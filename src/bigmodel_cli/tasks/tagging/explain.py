"""Each word's tags could be explained."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from bigmodel_cli.errors import UsageError
from bigmodel_cli.scoring.rule import DecisionRule
from bigmodel_cli.scoring.spans import span_scores
from bigmodel_cli.tasks.explain import Explained
from bigmodel_cli.tasks.predictions import Answer
from bigmodel_cli.tasks.tagging.scores import counts_of


class TaggingExplained(Explained):
    """A word and a tag of it, by the place of the one and the name of the other."""

    one: ClassVar[str] = "tag"
    many: ClassVar[str] = "tags"
    no_grad_cam: ClassVar[str | None] = "it shows what speaks for a class, and this run tags words"
    why_not: ClassVar[str | None] = "each word has a tag of its own: what one rests on is not shown yet"

    def index(self, name: str) -> int:
        raise UsageError(f"--class {name}: this run tags words, and has no class of a whole sentence")

    def ranked(self, answer: Answer) -> Sequence[int]:
        indices: list[int] = np.argsort(-answer.values.reshape(-1), kind="stable").tolist()
        return indices

    def label(self, target: int, answer: Answer) -> str | None:
        word, tag = divmod(target, len(self.task.tags))
        return f"word {word + 1}: {self.task.tags[tag]}"

    def measures(self, labels: np.ndarray, values: np.ndarray, rule: DecisionRule) -> dict[str, float]:
        return span_scores(counts_of(self.task, labels, values), self.task.types, seed=0).headline

    def value_name(self, *, are_probabilities: bool) -> str:
        return "probability" if are_probabilities else "score"
