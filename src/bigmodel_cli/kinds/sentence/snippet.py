"""How a few lines read a sentence."""

from __future__ import annotations

from bigmodel_cli.kinds.snippet import WordsSnippet


class SentenceSnippet(WordsSnippet):
    """A list of words."""

    placeholder = '["Hello", "London"]'
