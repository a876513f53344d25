"""What recommends without a model: what many had, or had lately, and what is like a user's own items."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from bigmodel_cli.tasks.baseline import Baselines, Fitted, Learned
from bigmodel_cli.tasks.retrieval.ranking import SIMPLE
from bigmodel_cli.tasks.retrieval.task import TOPS

_NAMES = list(SIMPLE)


class RetrievalBaselines(Baselines):
    """Values are the number of a simple model, which scores rank by: int8 of shape (n,)."""

    constant: ClassVar[str] = _NAMES[0]
    linear: ClassVar[str] = _NAMES[1]
    trees: ClassVar[str] = _NAMES[2]
    looks_at_columns: ClassVar[bool] = False
    told: ClassVar[Sequence[str]] = tuple(f"{name}@{top}" for name in ("recall", "ndcg") for top in TOPS)
    num_outputs: ClassVar[int] = 1

    def fit_constant(self, learned: Learned) -> Fitted:
        """What was had most often, whoever asks."""
        return _simple(0)

    def fit_linear(self, learned: Learned) -> Fitted:
        """What those had who had what the user had (Sarwar et al. 2001)."""
        return _simple(1)

    def fit_trees(self, learned: Learned) -> Fitted:
        """What was had most often of late, whoever asks."""
        return _simple(2)


def _simple(number: int) -> Fitted:
    return lambda features: np.full(features.shape[0], number, np.int8)
