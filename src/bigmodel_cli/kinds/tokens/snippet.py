"""How a few lines read a window of a text."""

from __future__ import annotations

from bigmodel_cli.kinds.snippet import Snippet
from bigmodel_cli.kinds.tokens.kind import TokensKind
from bigmodel_cli.vocabulary.subwords import Subwords


class TokensSnippet(Snippet):
    """The end of a text, by its characters, bytes or subwords."""

    kind: TokensKind
    placeholder = "text.txt"

    @property
    def packages(self) -> tuple[str, ...]:  # type: ignore[override]
        return ("tokenizers",) if isinstance(self.kind.vocabulary, Subwords) else ()

    def value(self, function: str) -> str:
        length, known = self.kind.length, self.kind.vocabulary
        if isinstance(known, Subwords):
            return _SUBWORDS.format(function=function, length=length, file=known.file)
        characters = getattr(known, "characters", "")
        if not characters:
            return f"""\
def {function}(given, folder):
    text = Path(folder, given).read_text(encoding="utf-8-sig")
    return np.array([list(text.encode()[-{length}:])], "int32")
"""
        return f"""\
CHARACTERS = {characters!r}

def {function}(given, folder):
    text = Path(folder, given).read_text(encoding="utf-8-sig")[-{length}:]
    return np.array([[CHARACTERS.index(character) for character in text]], "int32")
"""


_SUBWORDS = """\
from tokenizers import Tokenizer


def {function}(given, folder):
    tokenizer = Tokenizer.from_file(str(HERE / "{file}"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    tokenizer.encode_special_tokens = True
    text = Path(folder, given).read_text(encoding="utf-8-sig")
    return np.array([tokenizer.encode(text, add_special_tokens=False).ids[-{length}:]], "int32")
"""
