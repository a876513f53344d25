"""Numbers on the way of the data: there are no groups, and all examples count the same."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from bigmodel_cli.tasks.regression.task import Regression
from bigmodel_cli.tasks.target import Target

if TYPE_CHECKING:
    import numpy as np


class RegressionTarget(Target):
    """Labels are numbers of shape (n, …)."""

    task: Regression

    @property
    def num_columns(self) -> int:
        return math.prod(self.task.target_shape)

    def strata(self, labels: np.ndarray) -> None:
        return None

    def class_weights(self, asked: Literal["balanced"] | Mapping[str, float], labels: np.ndarray) -> None:
        return None
