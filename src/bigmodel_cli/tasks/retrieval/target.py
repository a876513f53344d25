"""Items on the way of the data: of no groups, and of one weight."""

from __future__ import annotations

from bigmodel_cli.tasks.target import Target


class RetrievalTarget(Target):
    """Labels are int64 places of items of shape (n,), -1 for those that training and joined tables lack."""
