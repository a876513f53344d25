"""How a few lines read a history."""

from __future__ import annotations

from typing import ClassVar

from bigmodel_cli.kinds.snippet import WordsSnippet


class HistorySnippet(WordsSnippet):
    """A list of items, the latest last."""

    placeholder = '["1074638", "1853728"]'
    keeps_last: ClassVar[bool] = True
