"""Sentences with a tag for each word, as CoNLL's shared tasks wrote them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import Field, field_validator

from bigmodel_cli.config.facts import DataFacts
from bigmodel_cli.config.fields import ConfigPath, WholeNumber
from bigmodel_cli.cut import some
from bigmodel_cli.errors import DataError
from bigmodel_cli.kinds.sentence.kind import SentenceKind
from bigmodel_cli.signature import TARGET, Signature
from bigmodel_cli.sources.base import Examples, LoadContext, Source, SplitName
from bigmodel_cli.sources.conll_reading import Layout, Sentence, read_sentences
from bigmodel_cli.sources.conll_tags import as_tags, tags_of_data
from bigmodel_cli.sources.encoding_option import EncodingName
from bigmodel_cli.sources.options import SourceOptions
from bigmodel_cli.sources.stores import CodedStore
from bigmodel_cli.sources.tables.files import find_files
from bigmodel_cli.sources.tables.text_format import TextFormat
from bigmodel_cli.spans import Written
from bigmodel_cli.tasks.tagging.task import Tagging
from bigmodel_cli.tasks.task import PADDING

# What the one column of these rows is called, in the config and in tables that are predicted.
WORDS = "words"
# Longer sentences are seldom some, and every sentence takes as much as the longest.
MOST_WORDS = 256
_PATHS = "The file, several, or a pattern such as `parts/*.conll`; it may be compressed."


@dataclass(frozen=True, eq=False)
class SentencesOfFiles(CodedStore):
    """Sentences in memory, that are called by where they begin.

    Attributes:
        sentences: Of all examples, which `positions` are places in.
    """

    sentences: Sequence[Sentence] = field(default=())

    def name(self, index: int) -> str:
        return self.sentences[index if self.positions is None else int(self.positions[index])].name


class Conll(SourceOptions):
    """A word and its tag in each line, an empty line behind each sentence; or JSON lines of both."""

    source_name: ClassVar[str] = "conll"
    example: ClassVar[str] = "{conll: {path: train.conll, test: test.conll}}"

    path: ConfigPath | list[ConfigPath] = Field(description=_PATHS)
    validation: ConfigPath | list[ConfigPath] | None = Field(
        default=None, description="The same of a validation split, where it has files of its own."
    )
    test: ConfigPath | list[ConfigPath] | None = Field(default=None, description="The same of a test split.")
    word_column: WholeNumber = Field(default=1, ge=1, description="The column that has the words, from 1.")
    tag_column: WholeNumber | None = Field(
        default=None, ge=1, description="The column that has the tags; default: the last one."
    )
    scheme: Literal["auto"] | Written = Field(
        default="auto",
        description="How tags say where spans begin: bio, iob1, io, bioes or bilou; words: each tag is of "
        "its word alone, as parts of speech are; auto: recognised.",
    )
    length: WholeNumber | Literal["auto"] = Field(
        default="auto",
        description="Words of a sentence that are looked at; auto: as many as the longest has, at most "
        f"{MOST_WORDS}.",
    )
    tags: list[str] | None = Field(
        default=None, min_length=2, description="The tags in the order of the outputs; default: those found."
    )
    encoding: EncodingName | None = Field(
        default=None, description="Of the characters; default: recognised by how a file begins, else UTF-8."
    )

    @field_validator("length")
    @classmethod
    def _length(cls, number: int | str) -> int | str:
        if isinstance(number, int) and number < 1:
            raise ValueError(f"expected at least 1, found {number}")
        return number

    @property
    def rows_written(self) -> Mapping[str, Any]:
        return {"format": vars(TextFormat(encoding=self.encoding)), "names": {}, "texts": "files"}

    def facts(self) -> DataFacts:
        return DataFacts(
            Tagging.labels,
            None if self.tags is None else len(self.tags),
            own_splits=frozenset(name for name, given in self._paths().items() if given and name != "train"),
            columns={WORDS: SentenceKind.name},
            has_all_columns=True,
        )

    def load(self, context: LoadContext) -> Source:
        layout = Layout(self.word_column, self.tag_column, self.encoding)
        read = {
            split: [one for path in find_files(given) for one in read_sentences(path, layout)]
            for split, given in self._paths().items()
            if given is not None
        }
        written, scheme, tags = tags_of_data(read, self.scheme, self.tags)
        length = self._longest(read)
        self._say_what_is_cut(read, length, context)
        task = Tagging(length, tags, scheme, WORDS)
        place_of: dict[str, int] = {}
        splits = {
            split: _examples(split, sentences, task, place_of, written, context)
            for split, sentences in read.items()
        }
        looked_at = self.model_copy(update={"length": length, "tags": list(tags), "scheme": written})
        return Source(splits, Signature({WORDS: SentenceKind(length)}, {TARGET: task}), looked_at=looked_at)

    def _paths(self) -> Mapping[SplitName, Path | list[Path] | None]:
        return {"train": self.path, "validation": self.validation, "test": self.test}

    def _longest(self, read: Mapping[SplitName, Sequence[Sentence]]) -> int:
        if self.length != "auto":
            return self.length
        return min(MOST_WORDS, max(len(one.words) for part in read.values() for one in part))

    def _say_what_is_cut(
        self, read: Mapping[SplitName, Sequence[Sentence]], length: int, context: LoadContext
    ) -> None:
        for split, sentences in read.items():
            longer = [one for one in sentences if len(one.words) > length]
            if longer:
                words = sum(len(one.words) - length for one in longer)
                context.warn(
                    f"{split}: {len(longer):,} of {len(sentences):,} sentences have more than {length} words "
                    f"and are cut: {words:,} words are neither learned nor measured, the first at "
                    f"{longer[0].place(length)}"
                )


def _examples(
    split: SplitName,
    sentences: Sequence[Sentence],
    task: Tagging,
    place_of: dict[str, int],
    written: Written,
    context: LoadContext,
) -> Examples:
    import numpy as np

    number_of = {tag: number for number, tag in enumerate(task.tags)}
    words = np.full((len(sentences), task.length), -1, np.int32)
    labels = np.full((len(sentences), task.length), PADDING, np.int64)
    mended: Counter[str] = Counter()
    for row, sentence in enumerate(sentences):
        count = min(len(sentence.words), task.length)
        own = sentence.words[:count]
        words[row, :count] = [place_of.setdefault(word, len(place_of)) for word in own]
        tags = as_tags(sentence, written, mended)
        labels[row, :count] = [_number(number_of, tag, sentence, place) for place, tag in enumerate(tags)][
            :count
        ]
    if mended:
        first = next(iter(mended))
        context.warn(
            f"{split}: {mended.total():,} spans begin with a tag that goes on with one, first at {first}; "
            "they are taken for spans of their own"
        )
    names = tuple(place_of)
    places = np.where(words < 0, len(names), words).astype(np.int32)
    store = SentencesOfFiles(places, names, split, sentences=sentences)

    def where(rows: Sequence[int]) -> list[tuple[Path, str]]:
        return [(sentences[row].path, f":{sentences[row].line}") for row in rows]

    return Examples({WORDS: store}, {TARGET: labels}, places=where)


def _number(number_of: Mapping[str, int], tag: str, sentence: Sentence, place: int) -> int:
    if tag not in number_of:
        raise DataError(
            f"{sentence.place(place)}: the tag {tag} is none of {some(number_of, 10)}",
            hint="the tags are those of `tags`, or those that the data have",
        )
    return number_of[tag]
