"""What an item scores is a product of two vectors, of which no output is a class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from bigmodel_cli.errors import UsageError
from bigmodel_cli.parts import part_of
from bigmodel_cli.scoring.rule import DecisionRule
from bigmodel_cli.tasks.explain import Explained
from bigmodel_cli.tasks.scores import Scoring


class RetrievalExplained(Explained):
    """Items by their names, the best first."""

    one: ClassVar[str] = "item"
    many: ClassVar[str] = "items"
    no_grad_cam: ClassVar[str | None] = "it shows what speaks for a class, and this run finds items"
    why_not: ClassVar[str | None] = (
        "an item scores the product of two vectors, its own and that of who asks: bigmodel recommend USER "
        "--why says what speaks for it, with --columns also which of its columns do"
    )

    def index(self, name: str) -> int:
        raise UsageError(f"--class {name}: this run finds items, and has no classes")

    def ranked(self, answer: Any) -> Sequence[int]:
        return range(len(answer.items))

    def label(self, target: int, answer: Any) -> str | None:
        name: str = answer.items[target]
        return name

    def measures(self, labels: np.ndarray, values: np.ndarray, rule: DecisionRule) -> dict[str, float]:
        return part_of(self.task, Scoring).scored(labels, values, rule, seed=0).scores.headline

    def value_name(self, *, are_probabilities: bool) -> str:
        return "score"
