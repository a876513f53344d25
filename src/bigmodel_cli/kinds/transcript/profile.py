"""What an audit sees of a column of transcripts."""

from __future__ import annotations

from bigmodel_cli.kinds.text.profile import TextProfile


class TranscriptProfile(TextProfile):
    """As of other texts."""
