"""Why no simple models are fitted to a text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from bigmodel_cli.tasks.baseline import Baselines, Fitted, Learned


class GenerationBaselines(Baselines):
    """What adds numbers of a window, or asks for them one by one, foresees no text."""

    why_not: ClassVar[str | None] = "simple models foresee no text: compare runs by bits per byte instead"
    constant: ClassVar[str] = "constant"
    linear: ClassVar[str] = "linear"
    told: ClassVar[Sequence[str]] = ()

    @property
    def num_outputs(self) -> int:
        size: int = self.task.vocabulary.size
        return size

    def fit_constant(self, learned: Learned) -> Fitted:
        raise TypeError(self.why_not)

    fit_linear = fit_trees = fit_constant
