"""How a few lines read a set."""

from __future__ import annotations

from bigmodel_cli.kinds.snippet import WordsSnippet


class SetSnippet(WordsSnippet):
    """A list of words."""

    placeholder = '["Crime", "Drama"]'
