"""How a few lines read a sentence."""

from __future__ import annotations

from bigmodel_cli.kinds.sentence.kind import SentenceKind
from bigmodel_cli.kinds.snippet import Snippet


class SentenceSnippet(Snippet):
    """A list of words; what is not there is ""."""

    kind: SentenceKind
    placeholder = '["Hello", "London"]'

    def value(self, function: str) -> str:
        length = self.kind.length
        return f"""\
def {function}(given, folder):
    words = given[:{length}]
    return np.array([words + [""] * ({length} - len(words))], object)
"""
