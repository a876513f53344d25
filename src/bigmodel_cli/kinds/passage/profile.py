"""What an audit sees of texts that are taken to words."""

from __future__ import annotations

from bigmodel_cli.kinds.sentence.profile import SentenceProfile


class PassageProfile(SentenceProfile):
    """As of sentences."""
