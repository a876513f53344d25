"""Sets of labels on the way of the data: of no groups, and of one weight."""

from __future__ import annotations

from bigmodel_cli.tasks.target import Target


class MultilabelTarget(Target):
    """Targets are int64 of shape (n, labels): 1 where an example has a label."""

    @property
    def num_columns(self) -> int:
        return len(self.task.class_names)
