"""Numbers on the way of the data: of no groups, and of one weight."""

from __future__ import annotations

import math

from bigmodel_cli.tasks.target import Target


class RegressionTarget(Target):
    """Labels are numbers of shape (n, …)."""

    @property
    def num_columns(self) -> int:
        return math.prod(self.task.target_shape)
