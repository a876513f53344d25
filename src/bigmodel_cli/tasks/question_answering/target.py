"""Answers on the way of the data: of no groups, and of one weight."""

from __future__ import annotations

from bigmodel_cli.tasks.target import Target


class QuestionAnsweringTarget(Target):
    """Targets are places of the first and the last word of shape (n, 2), 0 where no answer is."""
