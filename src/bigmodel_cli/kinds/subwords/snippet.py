"""How a few lines read a text as tokens."""

from __future__ import annotations

from bigmodel_cli.kinds.snippet import Snippet
from bigmodel_cli.kinds.subwords.kind import SubwordsKind
from bigmodel_cli.vocabulary.subwords import Subwords


class SubwordsSnippet(Snippet):
    """By the tokenizer that lies beside the export; bytes need none."""

    kind: SubwordsKind
    placeholder = "a text"

    @property
    def packages(self) -> tuple[str, ...]:  # type: ignore[override]
        return ("tokenizers",) if isinstance(self.kind.vocabulary, Subwords) else ()

    def value(self, function: str) -> str:
        length, known = self.kind.length, self.kind.vocabulary
        if not isinstance(known, Subwords):
            return _BYTES.format(function=function, length=length, first=known.size - 256)
        ids = f"[number + {known.moved} for number in found]" if known.moved else "found"
        return _SUBWORDS.format(function=function, length=length, file=known.file, ids=ids)


_BYTES = """\
def {function}(given, folder):
    ids = [number + {first} for number in str(given).strip().encode()[:{length}]]
    return np.array([ids + [0] * ({length} - len(ids))], "int32")
"""
_SUBWORDS = """\
from tokenizers import Tokenizer


def {function}(given, folder):
    tokenizer = Tokenizer.from_file(str(HERE / "{file}"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    tokenizer.encode_special_tokens = True
    found = tokenizer.encode(str(given).strip(), add_special_tokens=False).ids[:{length}]
    ids = {ids}
    return np.array([ids + [0] * ({length} - len(ids))], "int32")
"""
