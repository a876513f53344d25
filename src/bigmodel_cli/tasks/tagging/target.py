"""Tags on the way of the data: sentences of no groups, and of one weight."""

from __future__ import annotations

from bigmodel_cli.tasks.target import Target


class TaggingTarget(Target):
    """Targets are numbers of tags of shape (n, length), -1 behind the last word."""
