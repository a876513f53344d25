"""Plain text, from which a model learns to write more of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from pydantic import Field

from bigmodel_cli.config.fields import ConfigPath
from bigmodel_cli.sources.base import SplitName
from bigmodel_cli.sources.encoding_option import EncodingName
from bigmodel_cli.sources.plain_text import read_texts
from bigmodel_cli.sources.text_options import TextOptions

_PATHS = "The file, several, or a pattern such as `books/*.txt`; it may be compressed."


class TextFiles(TextOptions):
    """Plain text for generation: windows of it, each with the same window one token on as its target."""

    source_name: ClassVar[str] = "text_files"
    example: ClassVar[str] = "{text_files: {path: book.txt, length: 64}}"

    path: ConfigPath | list[ConfigPath] = Field(description=_PATHS)
    validation: ConfigPath | list[ConfigPath] | None = Field(
        default=None, description="The same of a validation split, where it has files of its own."
    )
    test: ConfigPath | list[ConfigPath] | None = Field(default=None, description="The same of a test split.")
    field: str | None = Field(
        default=None, description="The key that has the text, where files are JSON lines."
    )
    encoding: EncodingName | None = Field(default=None, description="Of the characters; default: recognised.")
    separator: str = Field(default="\n\n", description="What stands between two files, or two lines of JSON.")

    @property
    def own_splits(self) -> frozenset[str]:
        return frozenset(name for name in ("validation", "test") if getattr(self, name) is not None)

    def texts(self) -> Mapping[SplitName, str]:
        return {
            name: read_texts(given, field=self.field, encoding=self.encoding, separator=self.separator)
            for name, given in self._paths().items()
            if given is not None
        }

    def where(self, split: SplitName) -> str:
        given = self._paths()[split]
        return ", ".join(map(str, given if isinstance(given, list) else [given]))

    def _paths(self) -> Mapping[SplitName, Path | list[Path] | None]:
        return {"train": self.path, "validation": self.validation, "test": self.test}
