"""What sources of plain text share: what a token is, and the windows that examples are."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Literal

from pydantic import Field, field_validator

from bigmodel_cli.config.facts import DataFacts
from bigmodel_cli.config.fields import WholeNumber
from bigmodel_cli.errors import DataError
from bigmodel_cli.kinds.tokens.kind import TokensKind
from bigmodel_cli.signature import INPUT, TARGET, Signature
from bigmodel_cli.sources.base import Examples, LoadContext, Source, SplitName
from bigmodel_cli.sources.options import SourceOptions
from bigmodel_cli.sources.series import Series
from bigmodel_cli.sources.stores import ArrayStore
from bigmodel_cli.tasks.generation.task import Generation
from bigmodel_cli.vocabulary.letters import Letters, Unit
from bigmodel_cli.vocabulary.vocabulary import NUM_BYTES, Vocabulary

if TYPE_CHECKING:
    from collections.abc import Mapping


class TextOptions(SourceOptions, ABC):
    """How a text becomes examples."""

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
        return DataFacts("tokens", size, own_splits=self.own_splits)

    def load(self, context: LoadContext) -> Source:
        texts = self.texts()
        if self.characters is not None and self.tokens == "characters":
            vocabulary = Letters("characters", self.characters)
        else:
            vocabulary = Letters.of(self.tokens, "".join(texts.values()))
        splits = {name: self._examples(name, text, vocabulary, context) for name, text in texts.items()}
        signature = Signature(
            {INPUT: TokensKind(self.length, vocabulary)}, {TARGET: Generation(self.length, vocabulary)}
        )
        looked_at = self.model_copy(update={"characters": vocabulary.characters or None})
        return Source(splits, signature, looked_at=looked_at)

    @property
    def own_splits(self) -> frozenset[str]:
        """Held-out splits that have a text of their own."""
        return frozenset()

    @abstractmethod
    def texts(self) -> Mapping[SplitName, str]:
        """The text of each split that has one of its own.

        Raises:
            DataError: If it cannot be read.
        """

    @abstractmethod
    def where(self, split: SplitName) -> str:
        """Where the text of a split is, for errors."""

    def _examples(
        self, split: SplitName, text: str, vocabulary: Vocabulary, context: LoadContext
    ) -> Examples:
        where = self.where(split)
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
