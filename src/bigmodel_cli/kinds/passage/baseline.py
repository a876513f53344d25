"""Texts in windows for simple models: their words as they are."""

from __future__ import annotations

from bigmodel_cli.kinds.sentence.baseline import SentenceEncoder


class PassageEncoder(SentenceEncoder):
    """As of sentences."""
