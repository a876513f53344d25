"""How a few lines read a set."""

from __future__ import annotations

from bigmodel_cli.kinds.set.kind import SetKind
from bigmodel_cli.kinds.snippet import Snippet


class SetSnippet(Snippet):
    """A list of words; what is not there is ""."""

    kind: SetKind
    placeholder = '["Crime", "Drama"]'

    def value(self, function: str) -> str:
        length = self.kind.length
        return f"""\
def {function}(given, folder):
    words = given[:{length}]
    return np.array([words + [""] * ({length} - len(words))], object)
"""
