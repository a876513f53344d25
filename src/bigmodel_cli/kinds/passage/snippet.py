"""How a few lines read the words of a text."""

from __future__ import annotations

from bigmodel_cli.kinds.passage.kind import PassageKind
from bigmodel_cli.kinds.snippet import Snippet


class PassageSnippet(Snippet):
    """A text, of which the first window is taken; what is not there is ""."""

    kind: PassageKind
    placeholder = "a text"

    def value(self, function: str) -> str:
        return _VALUE.format(function=function, length=self.kind.length)


_VALUE = """\
def {function}(given, folder):
    import re

    words = re.findall(r"\\w+|[^\\w\\s]", str(given))[:{length}]
    return np.array([words + [""] * ({length} - len(words))], object)
"""
