"""How a few lines read a window of a text."""

from __future__ import annotations

from bigmodel_cli.kinds.snippet import Snippet
from bigmodel_cli.kinds.tokens.kind import TokensKind


class TokensSnippet(Snippet):
    """The end of a text, by its characters or bytes."""

    kind: TokensKind
    placeholder = "text.txt"

    def value(self, function: str) -> str:
        length = self.kind.length
        characters = getattr(self.kind.vocabulary, "characters", "")
        if not characters:
            return f"""\
def {function}(given, folder):
    return np.array([list(Path(folder, given).read_bytes()[-{length}:])], "int32")
"""
        return f"""\
CHARACTERS = {characters!r}

def {function}(given, folder):
    text = Path(folder, given).read_text(encoding="utf-8")[-{length}:]
    return np.array([[CHARACTERS.index(character) for character in text]], "int32")
"""
