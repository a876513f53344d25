"""Questions about texts with their answers, as SQuAD has them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import Field, model_validator

from bigmodel_cli.config.facts import DataFacts
from bigmodel_cli.config.fields import ConfigPath, WholeNumber
from bigmodel_cli.kinds.passage.kind import PassageKind
from bigmodel_cli.signature import TARGET, Signature
from bigmodel_cli.sources.base import LoadContext, Source, SplitName
from bigmodel_cli.sources.encoding_option import EncodingName
from bigmodel_cli.sources.options import SourceOptions
from bigmodel_cli.sources.squad_examples import (
    ARTICLE,
    CONTEXT,
    ID,
    PARAGRAPH,
    QUESTION,
    Words,
    examples_of,
    grouped_by,
)
from bigmodel_cli.sources.squad_reading import Paragraph, read_paragraphs
from bigmodel_cli.sources.tables.files import find_files
from bigmodel_cli.sources.tables.text_format import TextFormat
from bigmodel_cli.tasks.question_answering.task import QuestionAnswering
from bigmodel_cli.words import parts_in

# Longer questions are seldom some, and every question takes as much as the longest.
MOST_OF_QUESTION = 64
_PATHS = "The file, several, or a pattern such as `parts/*.json`; it may be compressed."


class Squad(SourceOptions):
    """Questions about texts with their answers, in JSON as SQuAD 1.1 and 2.0 have it."""

    source_name: ClassVar[str] = "squad"
    example: ClassVar[str] = "{squad: {path: train.json, test: dev.json}}"

    path: ConfigPath | list[ConfigPath] = Field(description=_PATHS)
    validation: ConfigPath | list[ConfigPath] | None = Field(
        default=None, description="The same of a validation split, where it has files of its own."
    )
    test: ConfigPath | list[ConfigPath] | None = Field(default=None, description="The same of a test split.")
    length: WholeNumber = Field(
        default=256,
        ge=2,
        description="Words and signs of a text that are looked at together; longer texts are looked at in "
        "windows that overlap.",
    )
    stride: WholeNumber = Field(
        default=128, ge=1, description="How many words further on the next window of a longer text begins."
    )
    question_length: WholeNumber | Literal["auto"] = Field(
        default="auto",
        description="Words and signs of a question; auto: as many as the longest has, at most "
        f"{MOST_OF_QUESTION}.",
    )
    longest_answer: WholeNumber = Field(
        default=30, ge=1, description="Words and signs of an answer that is looked for, at most."
    )
    may_lack: bool | Literal["auto"] = Field(
        default="auto",
        description="Whether a text may have no answer to a question, so that none may be told; auto: where "
        "the data have such questions.",
    )
    encoding: EncodingName | None = Field(
        default=None, description="Of the characters; default: recognised by how a file begins, else UTF-8."
    )

    @model_validator(mode="after")
    def _overlaps(self) -> Squad:
        if self.stride > self.length:
            raise ValueError(
                f"stride: expected at most the length of a window, {self.length}, found {self.stride}: words "
                "between two windows would be in none"
            )
        if self.question_length != "auto" and self.question_length < 1:
            raise ValueError(f"question_length: expected at least 1, found {self.question_length}")
        return self

    @property
    def rows_written(self) -> Mapping[str, Any]:
        return {"format": vars(TextFormat(encoding=self.encoding)), "names": {}}

    def facts(self) -> DataFacts:
        return DataFacts(
            QuestionAnswering.labels,
            1 + self.length,
            own_splits=frozenset(name for name, given in self._paths().items() if given and name != "train"),
            columns={QUESTION: PassageKind.name, CONTEXT: PassageKind.name},
            has_all_columns=True,
            beside=frozenset({ARTICLE, PARAGRAPH, ID}),
        )

    def load(self, context: LoadContext) -> Source:
        read = {
            split: [one for path in find_files(given) for one in read_paragraphs(path, self.encoding)]
            for split, given in self._paths().items()
            if given is not None
        }
        task = QuestionAnswering(
            self.length, self.stride, self.longest_answer, self._may_lack(read), CONTEXT, QUESTION
        )
        words = Words.of([one for paragraphs in read.values() for one in paragraphs])
        longest = self._question_length(read, context.warn)
        splits = {
            split: examples_of(split, paragraphs, words, task, longest, context.warn)
            for split, paragraphs in read.items()
        }
        looked_at = self.model_copy(update={"question_length": longest, "may_lack": task.may_lack})
        kinds = {QUESTION: PassageKind(longest), CONTEXT: PassageKind(self.length, stride=self.stride)}
        return Source(
            splits,
            Signature(kinds, {TARGET: task}),
            looked_at=looked_at,
            grouped_by=grouped_by(read.get("train", [])),
        )

    def _paths(self) -> Mapping[SplitName, Path | list[Path] | None]:
        return {"train": self.path, "validation": self.validation, "test": self.test}

    def _may_lack(self, read: Mapping[SplitName, Sequence[Paragraph]]) -> bool:
        if self.may_lack != "auto":
            return self.may_lack
        every = (
            one for paragraphs in read.values() for paragraph in paragraphs for one in paragraph.questions
        )
        return any(not one.answers for one in every)

    def _question_length(
        self, read: Mapping[SplitName, Sequence[Paragraph]], warn: Callable[[str], None]
    ) -> int:
        counts = {
            split: [len(parts_in(one.text)) for paragraph in paragraphs for one in paragraph.questions]
            for split, paragraphs in read.items()
        }
        longest = min(MOST_OF_QUESTION, max(map(max, counts.values())))
        length = longest if self.question_length == "auto" else self.question_length
        for split, of_split in counts.items():
            longer = [count for count in of_split if count > length]
            if longer:
                warn(
                    f"{split}: {len(longer):,} of {len(of_split):,} questions have more than {length} words "
                    f"and signs and are cut (one of them has {max(longer)}): question_length says how many "
                    "are looked at"
                )
        return length
