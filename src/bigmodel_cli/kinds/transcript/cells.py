"""Cells that say what is to be heard."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, Literal

from bigmodel_cli.errors import DataError
from bigmodel_cli.kinds.cells import WrongOptionError, no_options
from bigmodel_cli.kinds.text.cells import TextCells
from bigmodel_cli.kinds.transcript.kind import TranscriptKind
from bigmodel_cli.tasks.transcription.task import Transcription
from bigmodel_cli.vocabulary.asked import CHARACTERS, Asked
from bigmodel_cli.vocabulary.training import Untrained

_TOKENIZER, _LOWERCASE = "tokenizer", "lowercase"
_OF_CHARACTERS = ("words", "ngram", "ngram_weight", "word_ngram", "word_ngram_weight", "texts")


class TranscriptCells(TextCells):
    """Texts until it is known which tokens those of the training split have."""

    kind: TranscriptKind
    needs_options: ClassVar[bool] = True
    labels: ClassVar[Literal["texts", "transcripts"] | None] = "transcripts"
    is_given: ClassVar[bool] = False
    searched_with: ClassVar[Sequence[str]] = ("beams", *_OF_CHARACTERS)
    looked_at_as: ClassVar[str | None] = "text"

    @classmethod
    def check_options(cls, options: Mapping[str, Any]) -> None:
        no_options(options, _TOKENIZER, _LOWERCASE)
        _asked_of(options)

    @classmethod
    def learnt(cls, facts: Any, options: Mapping[str, Any]) -> TranscriptKind:
        return TranscriptKind(Untrained(_asked_of(options)))

    def task(self, **options: Any) -> Transcription:
        if (path := options.pop("words", None)) is not None:
            vocabulary = self.kind.vocabulary
            is_small = isinstance(vocabulary, Untrained) and vocabulary.asked.lowercase
            # Written as texts are that are heard.
            lines = (line.lower() if is_small else line for line in _lines_of(path))
            options["words"] = tuple(sorted({word for line in lines for word in line.split()}))
        if (path := options.pop("texts", None)) is not None:
            options["texts"] = _lines_of(path)
        return Transcription(0, self.kind.vocabulary, **options)

    @classmethod
    def why_not_searched(cls, options: Mapping[str, Any], search: Mapping[str, Any]) -> str | None:
        of_characters = [name for name in _OF_CHARACTERS if name in search]
        try:
            tokens = _asked_of(options).name
        except WrongOptionError:
            # What is wrong with them is said at their own place.
            return None
        if of_characters and tokens != CHARACTERS:
            return f"{of_characters[0]} is for texts that are cut into characters: leave tokenizer out"
        if of_characters and search.get("beams") == 1:
            return f"{of_characters[0]} needs a search: write beams: 8, or leave it out"
        for name in ("ngram", "word_ngram"):
            if f"{name}_weight" in search and name not in search:
                return f"{name}_weight is that of {name}: write {name}: 3"
        if "texts" in search and not {"ngram", "word_ngram"} & search.keys():
            return "texts are what runs are learnt from: write word_ngram: 2, or ngram: 3"
        return None


def _lines_of(path: Path) -> tuple[str, ...]:
    """The lines of a file of texts or words.

    Raises:
        DataError: If there are none.
    """
    try:
        lines = tuple(line for line in path.read_text("utf-8-sig").splitlines() if line.split())
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: the list cannot be read: {error}") from None
    if not lines:
        raise DataError(f"{path}: the list is empty", hint="write one word, or one text, a line")
    return lines


def _asked_of(options: Mapping[str, Any]) -> Asked:
    """What a column's texts are cut into.

    Raises:
        WrongOptionError: If that is not said rightly.
    """
    try:
        asked = Asked.of_transcript(options.get(_TOKENIZER, CHARACTERS))
    except ValueError as error:
        raise WrongOptionError(_TOKENIZER, str(error)) from None
    lowercase = options.get(_LOWERCASE, False)
    if not isinstance(lowercase, bool):
        raise WrongOptionError(_LOWERCASE, f"expected true or false, found {lowercase!r}")
    if lowercase and asked.name != CHARACTERS and not asked.learns:
        raise WrongOptionError(_LOWERCASE, f"{asked.name} takes letters as they are", "leave it out")
    return replace(asked, lowercase=asked.lowercase or lowercase)
