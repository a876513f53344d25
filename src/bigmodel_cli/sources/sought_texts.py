"""Which files are looked for where texts are."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import ClassVar

from bigmodel_cli.sources.file_walk import Sought

TEXT_SUFFIXES = frozenset({".txt"})
# Words with tags, a word in each line.
TAGGED_SUFFIXES = frozenset({".conll", ".conllu", ".conll2003", ".iob", ".iob2", ".bio"})
# Texts of other forms: whoever has them can save them as plain text.
_OTHERS = frozenset(
    {".doc", ".docx", ".eml", ".htm", ".html", ".log", ".md", ".odt", ".pdf", ".rst", ".rtf", ".text"}
)


class SoughtTexts(Sought):
    """Files of plain text, by their suffix."""

    noun: ClassVar[str] = "text"
    plural: ClassVar[str] = "texts"

    @property
    def suffixes(self) -> Collection[str]:
        return TEXT_SUFFIXES

    def is_kin(self, suffix: str) -> bool:
        return suffix in _OTHERS or suffix in TEXT_SUFFIXES

    def ways_out(self, suffixes: Collection[str]) -> Sequence[str]:
        others = sorted(_OTHERS & set(suffixes))
        return [f"save {', '.join(others)} as plain text (.txt) to use them"] if others else []


TEXTS = SoughtTexts()
