"""Transcripts, for simple models: texts."""

from __future__ import annotations

from bigmodel_cli.kinds.text.baseline import TextEncoder


class TranscriptEncoder(TextEncoder):
    """As of other texts."""
