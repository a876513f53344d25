"""What an audit sees of a column of texts that are tokenized later."""

from __future__ import annotations

from bigmodel_cli.kinds.text.profile import TextProfile


class SubwordsProfile(TextProfile):
    """The texts themselves."""
