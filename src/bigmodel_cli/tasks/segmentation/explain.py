"""What a class rests on in an image: over the pixels that are taken for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from bigmodel_cli.class_names import class_name
from bigmodel_cli.config.spelling import closest
from bigmodel_cli.cut import some
from bigmodel_cli.errors import UsageError
from bigmodel_cli.scoring.masks import mask_scores, parted
from bigmodel_cli.scoring.rule import DecisionRule
from bigmodel_cli.tasks.explain import Explained
from bigmodel_cli.tasks.predictions import Answer


class SegmentationExplained(Explained):
    """Classes by their names, those first that have most pixels."""

    one: ClassVar[str] = "class"
    many: ClassVar[str] = "classes"
    no_grad_cam: ClassVar[str | None] = (
        "it shows what speaks for a class, and this run tells classes of pixels"
    )
    why_not: ClassVar[str | None] = "each pixel has a class of its own: what one rests on is not shown yet"

    def index(self, name: str) -> int:
        names: Sequence[str] = self.task.class_names
        if class_name(name) in names:
            return names.index(class_name(name))
        near = closest(name, names)
        hint = f"did you mean {near}?" if near else f"classes: {some(names)}"
        raise UsageError(f"--class {name}: the run has no such class", hint=hint)

    def ranked(self, answer: Answer) -> Sequence[int]:
        indices: list[int] = np.argsort(-answer.values.reshape(-1), kind="stable").tolist()
        return indices

    def label(self, target: int, answer: Answer) -> str | None:
        place, number = divmod(target, len(self.task.class_names))
        row, column = divmod(place, self.task.size[1])
        return f"{self.task.class_names[number]} at row {row + 1}, column {column + 1}"

    def measures(self, labels: np.ndarray, values: np.ndarray, rule: DecisionRule) -> dict[str, float]:
        names = self.task.class_names
        return mask_scores(parted(values.astype(np.int64), len(names)), names, seed=0).headline

    def value_name(self, *, are_probabilities: bool) -> str:
        return "probability" if are_probabilities else "score"
