"""Plain text, from which a model learns to write more of it."""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field, field_validator

from bigmodel_cli.config.facts import DataFacts
from bigmodel_cli.config.fields import ConfigPath, WholeNumber
from bigmodel_cli.errors import DataError
from bigmodel_cli.kinds.tokens.kind import TokensKind
from bigmodel_cli.signature import INPUT, TARGET, Signature
from bigmodel_cli.sources.base import Examples, LoadContext, Source, SplitName
from bigmodel_cli.sources.options import SourceOptions
from bigmodel_cli.sources.plain_text import read_texts
from bigmodel_cli.sources.series import Series
from bigmodel_cli.sources.stores import ArrayStore
from bigmodel_cli.tasks.generation.task import Generation
from bigmodel_cli.vocabulary import NUM_BYTES, Unit, Vocabulary

if TYPE_CHECKING:
    from collections.abc import Mapping

_PATHS = "The file, several, or a pattern such as `books/*.txt`; it may be compressed."


class TextFiles(SourceOptions):
    """Plain text for generation: an example is a window of it, its target the same window one token on.

    A share that is held out (`data.validation`, `data.test`) is the end of the text.
    """

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
    encoding: str | None = Field(default=None, description="Of the characters; default: recognised.")
    separator: str = Field(default="\n\n", description="What stands between two files, or two lines of JSON.")
    tokens: Unit = Field(
        default="characters",
        description="What a text is cut into: its characters, of which those are known that it has, or the "
        "bytes of UTF-8, which know every text.",
    )
    characters: str | None = Field(
        default=None,
        min_length=1,
        description="The characters that are known, in the order of their ids; default: those of the text.",
    )
    length: WholeNumber = Field(default=64, ge=2, le=2**20, description="Tokens of a window.")
    windows_per_epoch: WholeNumber | Literal["auto"] = Field(
        default="auto",
        description="How many windows an epoch draws; auto: as many as lie side by side in the text.",
    )

    @field_validator("encoding")
    @classmethod
    def _encoding(cls, name: str | None) -> str | None:
        try:
            codecs.lookup(name or "utf-8")
        except LookupError:
            raise ValueError(
                f"expected the name of an encoding such as utf-8 or cp1252, found {name}"
            ) from None
        return name

    @field_validator("windows_per_epoch")
    @classmethod
    def _windows(cls, number: int | str) -> int | str:
        if isinstance(number, int) and number < 1:
            raise ValueError(f"expected at least 1, found {number}")
        return number

    @field_validator("characters")
    @classmethod
    def _characters(cls, characters: str | None) -> str | None:
        if characters is not None and list(characters) != sorted(set(characters)):
            raise ValueError("expected each character once, in the order of their code points")
        return characters

    def facts(self) -> DataFacts:
        size = NUM_BYTES if self.tokens == "bytes" else len(self.characters) if self.characters else None
        own = {name for name in ("validation", "test") if getattr(self, name) is not None}
        return DataFacts("tokens", size, own_splits=frozenset(own))

    def load(self, context: LoadContext) -> Source:
        texts = self._texts()
        if self.characters is not None and self.tokens == "characters":
            vocabulary = Vocabulary("characters", self.characters)
        else:
            vocabulary = Vocabulary.of(self.tokens, "".join(texts.values()))
        splits = {name: self._examples(name, text, vocabulary, context) for name, text in texts.items()}
        signature = Signature(
            {INPUT: TokensKind(self.length, vocabulary)}, {TARGET: Generation(self.length, vocabulary)}
        )
        looked_at = self.model_copy(update={"characters": vocabulary.characters or None})
        return Source(splits, signature, looked_at=looked_at)

    def _texts(self) -> Mapping[SplitName, str]:
        paths: dict[SplitName, ConfigPath | list[ConfigPath] | None] = {
            "train": self.path,
            "validation": self.validation,
            "test": self.test,
        }
        return {
            name: read_texts(given, field=self.field, encoding=self.encoding, separator=self.separator)
            for name, given in paths.items()
            if given is not None
        }

    def _examples(
        self, split: SplitName, text: str, vocabulary: Vocabulary, context: LoadContext
    ) -> Examples:
        where = ", ".join(map(str, [given] if not isinstance(given := self._given(split), list) else given))
        per_epoch = None if self.windows_per_epoch == "auto" else self.windows_per_epoch
        series = Series(vocabulary.encode(text, where), self.length, per_epoch)
        if not len(series):
            raise DataError(
                f"{where}: expected more than {self.length} {vocabulary.unit}, found {len(series.ids):,}",
                hint="give a smaller length, or more text",
            )
        if split != "train" and series.first:
            context.warn(
                f"{split}: the first {series.first:,} of {len(series.ids):,} {vocabulary.unit} fill no "
                f"window of {self.length} and are not measured"
            )
        inputs = {INPUT: ArrayStore(series.windows(), split)}
        return Examples(inputs, {TARGET: series.windows(1)}, series=series)

    def _given(self, split: SplitName) -> object:
        return self.path if split == "train" else getattr(self, split)
