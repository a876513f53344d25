"""What sources of plain text share: what a token is, and the windows that examples are."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Literal

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
from bigmodel_cli.sources.tokenizer_option import TokensTold
from bigmodel_cli.tasks.generation.task import Generation
from bigmodel_cli.vocabulary.asked import Asked
from bigmodel_cli.vocabulary.letters import Letters
from bigmodel_cli.vocabulary.training import Untrained
from bigmodel_cli.vocabulary.vocabulary import NUM_BYTES, Vocabulary

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


# Their order is in memory.
_MOST_WINDOWS = 100_000_000


class TextOptions(SourceOptions, ABC):
    """How a text becomes examples."""

    tokens: TokensTold = Field(
        default="characters",
        description="What a text is cut into: its characters, of which those are known that it has, bytes "
        "of UTF-8, which know every text, or subwords: {bpe: {vocabulary_size: 1000}}, unigram, or "
        "{file: tokenizer.json}.",
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
        if isinstance(number, int) and not 1 <= number <= _MOST_WINDOWS:
            raise ValueError(f"expected a number from 1 to {_MOST_WINDOWS:,}, found {number}")
        return number

    @field_validator("characters")
    @classmethod
    def _characters(cls, characters: str | None) -> str | None:
        if characters is not None and list(characters) != sorted(set(characters)):
            raise ValueError("expected each character once, in the order of their code points")
        return characters

    def facts(self) -> DataFacts:
        return DataFacts("tokens", self._known_size, own_splits=self.own_splits)

    @property
    def _known_size(self) -> int | None:
        """How many tokens there are, where that is told."""
        if self.tokens == "bytes":
            return NUM_BYTES
        if self.tokens == "characters":
            return len(self.characters) if self.characters else None
        return Asked.of(self.tokens).vocabulary_size or None

    def load(self, context: LoadContext) -> Source:
        texts = self.texts()
        vocabulary = self._vocabulary(texts)
        splits = {name: self._examples(name, text, vocabulary, context) for name, text in texts.items()}
        signature = Signature(
            {INPUT: TokensKind(self.length, vocabulary)}, {TARGET: Generation(self.length, vocabulary)}
        )
        characters = vocabulary.characters if isinstance(vocabulary, Letters) else ""
        looked_at = self.model_copy(update={"characters": characters or None})
        return Source(splits, signature, looked_at=looked_at)

    def _vocabulary(self, texts: Mapping[SplitName, str]) -> Vocabulary:
        if self.tokens == "bytes":
            return Letters("bytes")
        if self.tokens != "characters":
            return Untrained(Asked.of(self.tokens), padded=False)
        if self.characters is not None:
            return Letters("characters", self.characters)
        return Letters.of("characters", "".join(texts.values()))

    def with_tokenizer(self, name: str, told: Mapping[str, Any]) -> TextOptions:
        return self.model_copy(update={"tokens": told})

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
        warn = context.warn if vocabulary.is_trained else lambda _message: None
        return examples_of(series, split, vocabulary.unit, where, warn)


def examples_of(
    series: Series, split: SplitName, unit: str, where: str, warn: Callable[[str], None]
) -> Examples:
    """The windows of a text.

    Args:
        series: Its tokens.
        split: Which part of the data it is.
        unit: What tokens are.
        where: What errors call the text.
        warn: Is told of tokens that are in no window.

    Raises:
        DataError: If it is too short for one.
    """
    if not len(series):
        raise DataError(
            f"{where}: expected more than {series.length} {unit}, found {len(series.ids):,}",
            hint="give a smaller length, or more text",
        )
    if split != "train" and series.first:
        warn(
            f"{split}: the first {series.first:,} of {len(series.ids):,} {unit} fill no "
            f"window of {series.length} and are not measured"
        )
    inputs = {INPUT: ArrayStore(series.windows(), split)}
    return Examples(inputs, {TARGET: series.windows(1)}, series=series)
