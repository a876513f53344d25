"""Cells that are texts, of which a model gets tokens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from bigmodel_cli.kinds.cells import Held, WrongOptionError, no_options
from bigmodel_cli.kinds.subwords.kind import LENGTH, LONGEST, SubwordsKind
from bigmodel_cli.kinds.text.cells import TextCells
from bigmodel_cli.tasks.translation.task import Translation
from bigmodel_cli.vocabulary.asked import EXAMPLE, SAME_AS, Asked
from bigmodel_cli.vocabulary.training import Untrained

if TYPE_CHECKING:
    import numpy as np

TOKENIZER = "tokenizer"


class SubwordsCells(TextCells):
    """Texts until the tokenizer has learnt from those of the training split, and then their tokens."""

    kind: SubwordsKind  # type: ignore[assignment]
    needs_options: ClassVar[bool] = True
    labels: ClassVar[Literal["texts", "transcripts"] | None] = "texts"
    searched_with: ClassVar[Sequence[str]] = ("beams", "length_penalty")
    looked_at_as: ClassVar[str | None] = "text"

    @classmethod
    def check_options(cls, options: Mapping[str, Any]) -> None:
        no_options(options, TOKENIZER, "length")
        asked_of(options)
        _length(options)

    @classmethod
    def misfit_beside(
        cls, options: Mapping[str, Any], told: Mapping[str, tuple[str, Mapping[str, Any]]]
    ) -> WrongOptionError | None:
        other = asked_of(options).other
        own = [
            name
            for name, (_, of_one) in told.items()
            if TOKENIZER in of_one and SAME_AS not in of_one[TOKENIZER]
        ]
        if other is None or other in own:
            return None
        there_are = f"there are: {', '.join(own)}" if own else f"write {EXAMPLE} there"
        message = f"same_as: {other} is no column with a tokenizer of its own"
        return WrongOptionError(TOKENIZER, message, there_are)

    @classmethod
    def learnt(cls, facts: Any, options: Mapping[str, Any]) -> SubwordsKind:  # type: ignore[override]
        return SubwordsKind(_length(options), Untrained(asked_of(options)))

    def held(self, values: Any) -> Held:
        texts = super().held(values)
        if not self.kind.vocabulary.is_trained:
            return texts
        assert texts.names is not None
        ids = self.kind.tokenized(texts.names, self.kind.noun).ids
        return Held(ids[texts.array], texts=texts.values().tolist())

    def task(self, **options: Any) -> Translation:
        return Translation(self.kind.length, self.kind.vocabulary, **options)

    def written(self, value: np.ndarray) -> str | None:
        told = value.tolist()
        # Before the splits are cut, it is a text still.
        return told if isinstance(told, str) else self.kind.vocabulary.shown(told)


def asked_of(options: Mapping[str, Any]) -> Asked:
    """The tokenizer that a column asks for.

    Raises:
        WrongOptionError: If it is none.
    """
    if TOKENIZER not in options:
        raise WrongOptionError(TOKENIZER, "which tokenizer is not said", f"write tokenizer: {EXAMPLE}")
    try:
        return Asked.of(options[TOKENIZER])
    except ValueError as error:
        raise WrongOptionError(TOKENIZER, str(error)) from None


def _length(options: Mapping[str, Any]) -> int:
    length = options.get("length", LENGTH)
    if isinstance(length, bool) or not isinstance(length, int) or not 1 <= length <= LONGEST:
        raise WrongOptionError(
            "length", f"expected a whole number of tokens from 1 to {LONGEST:,}, found {length!r}"
        )
    return length
