"""Simple models of masks are not fitted yet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from bigmodel_cli.tasks.baseline import Baselines, Fitted, Learned


class SegmentationBaselines(Baselines):
    """None."""

    why_not: ClassVar[str | None] = "simple models are not fitted to masks yet"
    constant: ClassVar[str] = "none"
    linear: ClassVar[str] = "none"
    told: ClassVar[Sequence[str]] = ()

    @property
    def num_outputs(self) -> int:
        return len(self.task.class_names)

    def fit_constant(self, learned: Learned) -> Fitted:
        raise NotImplementedError

    def fit_linear(self, learned: Learned) -> Fitted:
        raise NotImplementedError

    def fit_trees(self, learned: Learned) -> Fitted:
        raise NotImplementedError
