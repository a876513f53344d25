"""What an audit says of texts that are to be heard."""

from __future__ import annotations

from bigmodel_cli.tasks.translation.audit import TranslationLabels


class TranscriptionLabels(TranslationLabels):
    """The same sound may be written in several ways, which is no contradiction."""
