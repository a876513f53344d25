"""A text that is heard, moment by moment."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from bigmodel_cli.errors import DataError
from bigmodel_cli.tasks.task import Task
from bigmodel_cli.vocabulary.letters import PaddedCharacters
from bigmodel_cli.vocabulary.prior import Prior, Runs, counted, counted_words
from bigmodel_cli.vocabulary.record import vocabulary_from_json
from bigmodel_cli.vocabulary.rows import TokenRows, rows_of
from bigmodel_cli.vocabulary.training import Untrained

if TYPE_CHECKING:
    import numpy as np

    from bigmodel_cli.vocabulary.vocabulary import Vocabulary

WORD_ERROR_RATE = "word_error_rate"
BEAMS, NGRAM_WEIGHT = 8, 0.3
_MOST_RUNS = 200_000
_RUNS = ("ngram", "ngram_weight", "ngrams", "word_ngram", "word_ngram_weight", "word_ngrams")
# The token that stands for none is the blank of Graves et al. 2006, too: no target has it.
BLANK = 0


@dataclass(frozen=True)
class Transcription(Task):
    """A text of a sequence of frames, of which each has a distribution over tokens and a blank.

    White space is one blank between words.

    Attributes:
        length: Tokens of the longest text there is: models do not depend on it.
        vocabulary: What ids stand for.
        beams: Texts that the search keeps in mind.
        words: Those that there are; none: any.
        ngram: Characters of the runs that are counted in training texts; 0: none are.
        ngram_weight: What the logarithm of how likely they make a text counts.
        ngrams: How often each run is there, once texts were seen.
        word_ngram, word_ngram_weight, word_ngrams: The same of words.
        texts: That runs are counted in beside training texts, until they are counted.
    """

    name: ClassVar[str] = "transcription"
    labels: ClassVar[Literal["transcripts"]] = "transcripts"
    scores: ClassVar[Sequence[str]] = (WORD_ERROR_RATE, "character_error_rate", "exact_match")

    length: int = field(compare=False)
    vocabulary: Vocabulary
    beams: int = BEAMS
    words: tuple[str, ...] = ()
    ngram: int = 0
    ngram_weight: float = NGRAM_WEIGHT
    ngrams: Mapping[str, int] = field(default_factory=dict, hash=False)
    word_ngram: int = 0
    word_ngram_weight: float = NGRAM_WEIGHT
    word_ngrams: Mapping[str, int] = field(default_factory=dict, hash=False)
    texts: tuple[str, ...] = field(default=(), compare=False, repr=False)

    @property
    def target_shape(self) -> tuple[int, ...]:  # type: ignore[override]
        return (self.length,)

    @property
    def described(self) -> str:
        return f"a text of at most {self.length} of {self.vocabulary.described}, heard"

    @property
    def listed(self) -> str:
        return f"none (a text of {self.vocabulary.described}, heard)"

    @property
    def default_metrics(self) -> Sequence[str]:
        return (WORD_ERROR_RATE,)

    @property
    def numbers(self) -> Mapping[str, int | None]:
        return {"num_classes": self.vocabulary.size, "vocabulary_size": self.vocabulary.size}

    def holding(self, texts: Collection[str]) -> Transcription:
        counts = (len(ids) for ids in self.vocabulary.encode_all([*map(_spaced, texts)], "transcripts"))
        return replace(self, length=max(counts, default=0))

    def fitted(self, labels: np.ndarray) -> Transcription:
        if not (self.ngram or self.word_ngram) or labels.dtype.kind != "O":
            return self
        # Whether letters are made small, the vocabulary says that is not trained yet.
        is_small = isinstance(self.vocabulary, Untrained) and self.vocabulary.asked.lowercase
        texts = [_spaced(text.lower() if is_small else text) for text in (*labels.tolist(), *self.texts)]
        ngrams = counted(texts, self.ngram) if self.ngram else {}
        word_ngrams = counted_words(texts, self.word_ngram) if self.word_ngram else {}
        _check_number("ngram", self.ngram, ngrams, "characters")
        _check_number("word_ngram", self.word_ngram, word_ngrams, "words")
        return replace(self, ngrams=ngrams, word_ngrams=word_ngrams, texts=())

    @cached_property
    def known(self) -> Prior | None:
        """What is known of texts before they are heard; None: nothing."""
        is_known = self.words or self.ngrams or self.word_ngrams
        if not is_known or not isinstance(self.vocabulary, PaddedCharacters):
            return None
        characters = ["", "\ufffd", *self.vocabulary.characters]
        runs, word_runs = (
            Runs(self.ngrams, self.ngram_weight),
            Runs(self.word_ngrams, self.word_ngram_weight),
        )
        return Prior(characters, self.words, runs, word_runs)

    def unknown_characters(self, text: str) -> Sequence[str]:
        ids = self.vocabulary.encode(_spaced(text), "transcript")
        if self.vocabulary.unknown is None or len(ids) != len(_spaced(text)):
            return ()
        return [one for one, id_ in zip(_spaced(text), ids, strict=True) if id_ == self.vocabulary.unknown]

    def unknown_words(self, text: str) -> Sequence[str]:
        if not self.words:
            return ()
        is_small = getattr(self.vocabulary, "lowercase", False)
        known = self._known_words
        return [word for word in (text.lower() if is_small else text).split() if word not in known]

    @cached_property
    def _known_words(self) -> frozenset[str]:
        return frozenset(self.words)

    def text(self, ids: Any) -> str:
        """The text of a row of ids, padding left out."""
        return _spaced(self.vocabulary.decode([one for one in ids if one != BLANK]))

    def tokenized(self, texts: Sequence[str], where: str) -> TokenRows:
        spaced = [*map(_spaced, texts)]
        return rows_of(self.vocabulary, spaced, max(1, self.length, self.holding(spaced).length), where)

    def as_json(self) -> dict[str, Any]:
        known = {name: getattr(self, name) for name in _RUNS}
        search = {"beams": self.beams, "words": list(self.words), **known}
        return {"length": self.length, "search": search, **self.vocabulary.as_json()}

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Self:
        search = {**record["search"], "words": tuple(record["search"]["words"])}
        return cls(record["length"], vocabulary_from_json(record), **search)


def _check_number(option: str, longest: int, runs: Mapping[str, int], what: str) -> None:
    """Raises:
    DataError: If there are more runs than a run of training keeps.
    """
    if len(runs) > _MOST_RUNS:
        raise DataError(
            f"{option}: {longest} finds {len(runs):,} runs of {what} in the texts, and {_MOST_RUNS:,} are as "
            "many as a run keeps",
            hint="write a smaller one",
        )


def _spaced(text: str) -> str:
    """The text with one blank where there is white space, and none around it."""
    return " ".join(text.split())
