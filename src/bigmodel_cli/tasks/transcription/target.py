"""Texts that are heard on the way of the data: of no groups, and of one weight."""

from __future__ import annotations

from bigmodel_cli.tasks.target import Target


class TranscriptionTarget(Target):
    """Targets are ids of shape (n, length)."""
