"""Texts in a folder per class: `texts/spam/1.txt`, or `texts/train/spam/1.txt` beside `val/` and `test/`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field, model_validator

from bigmodel_cli.config.facts import DataFacts
from bigmodel_cli.config.fields import WholeNumber
from bigmodel_cli.errors import DataError
from bigmodel_cli.kinds.kind import Kind
from bigmodel_cli.kinds.subwords.kind import LENGTH, LONGEST, SubwordsKind
from bigmodel_cli.kinds.text.kind import TextKind
from bigmodel_cli.signature import TARGET, Signature
from bigmodel_cli.sources.base import Examples, LoadContext, Source, SplitName
from bigmodel_cli.sources.class_folder_options import ClassFolderOptions
from bigmodel_cli.sources.encoding_option import EncodingName
from bigmodel_cli.sources.file_checks import first_of, of_each, skipped_sentence, without_bad
from bigmodel_cli.sources.listed_files import ListedFiles
from bigmodel_cli.sources.memory import check_memory
from bigmodel_cli.sources.sought_texts import TEXTS
from bigmodel_cli.sources.stores import CodedStore
from bigmodel_cli.sources.tables.text_format import TextFormat
from bigmodel_cli.sources.text_reading import read_text
from bigmodel_cli.sources.tokenizer_option import TokenizerTold
from bigmodel_cli.vocabulary.asked import Asked
from bigmodel_cli.vocabulary.training import Untrained

# What the one column of these rows is called, in the config and in tables that are predicted.
TEXT = "text"
_THREADS = 8
# What a letter takes while a text is read and kept.
_LETTER_BYTES = 3


@dataclass(frozen=True, eq=False)
class TextsOfFiles(CodedStore):
    """Texts in memory that files hold, and are called by.

    Attributes:
        paths: Of the files of all examples, which `positions` are places in.
    """

    paths: Sequence[Path] = field(default=())

    def path(self, index: int) -> Path:
        """The file of an example."""
        return self.paths[index if self.positions is None else int(self.positions[index])]

    def name(self, index: int) -> str:
        return str(self.path(index))


class TextFolder(ClassFolderOptions):
    """Texts in one folder per class, each a .txt file; an example is a row with the one column `text`."""

    source_name: ClassVar[str] = "text_folder"
    example: ClassVar[str] = "{text_folder: {path: texts/}}"

    encoding: EncodingName | None = Field(
        default=None,
        description="Of the characters; default: recognised by a mark or by zeros between letters, else "
        "UTF-8.",
    )
    tokenizer: TokenizerTold | None = Field(
        default=None,
        description="Subwords instead of a text: bytes, {bpe: {vocabulary_size: 4000}}, wordpiece, unigram, "
        "or {file: tokenizer.json}; default: the model's own layers look words up.",
    )
    length: WholeNumber | None = Field(
        default=None,
        ge=1,
        le=LONGEST,
        description=f"Tokens of a text, where there is a tokenizer; longer ones are cut; default: {LENGTH}.",
    )

    @model_validator(mode="after")
    def _lengths(self) -> TextFolder:
        if self.length is not None and self.tokenizer is None:
            raise ValueError("length: of tokens, and there is no tokenizer; write one, or remove length")
        return self

    @property
    def _kind(self) -> Kind:
        if self.tokenizer is None:
            return TextKind()
        return SubwordsKind(self.length or LENGTH, Untrained(Asked.of(self.tokenizer)))

    def with_tokenizer(self, name: str, told: Mapping[str, Any]) -> TextFolder:
        return self.model_copy(update={"tokenizer": told})

    @property
    def rows_written(self) -> Mapping[str, Any]:
        return {"format": vars(TextFormat(encoding=self.encoding)), "names": {}, "texts": "files"}

    def facts(self) -> DataFacts:
        return DataFacts(
            "classes",
            self.num_named,
            has_files=True,
            columns={TEXT: self._kind.name},
            has_all_columns=True,
            beside=self.named_parts,
        )

    def load(self, context: LoadContext) -> Source:
        listed, task = self.listed(TEXTS, context)
        paths = [self.path / path for part in listed.values() for path in part.paths]
        texts, problems = self._read(paths, context)
        splits: dict[SplitName, Examples] = {}
        start = 0
        for split, part in listed.items():
            stop = start + len(part.paths)
            own = {index - start: problem for index, problem in problems.items() if start <= index < stop}
            examples = _examples(paths[start:stop], texts[start:stop], part)
            if context.left_out is not None:
                for index, problem in own.items():
                    context.left_out(split, part.paths[index], problem)
            splits[split] = without_bad(examples, own, split, {TARGET: task}, context)
            start = stop
        if problems and context.left_out is None:
            context.warn(skipped_sentence(list(problems.values()), f"{len(paths):,} files"))
        if empty := sum(not text for text in texts) - len(problems):
            first = next(path for row, path in enumerate(paths) if not texts[row] and row not in problems)
            context.warn(f"{empty:,} of {len(paths):,} texts are empty, for example {first}")
        return Source(splits, Signature({TEXT: self._kind}, {TARGET: task}), len(problems))

    def _read(self, paths: Sequence[Path], context: LoadContext) -> tuple[list[str], Mapping[int, DataError]]:
        """All texts, and what is wrong with those that are left out, by their place.

        Raises:
            DataError: Names the first file that is no text, where such are not left out; if all together do
                not fit into memory.
        """
        sizes = of_each(lambda row: _size(paths[row]), len(paths), "looking at texts", _silent, _THREADS)
        check_memory(self.path, _LETTER_BYTES * sum(sizes), "texts", "take a part of them")
        problems: dict[int, DataError] = {}
        texts: list[str] = []

        def read(row: int) -> str | DataError:
            try:
                return read_text(paths[row], self.encoding)
            except DataError as error:
                return error

        found = of_each(read, len(paths), "reading texts", context.progress, _THREADS)
        for row, text in enumerate(found):
            if isinstance(text, DataError):
                problems[row] = text
            texts.append(text if isinstance(text, str) else "")
        if problems and not context.skip_bad_files:
            raise first_of(list(problems.values()), len(paths))
        return texts, problems


def _silent(_label: str, _done: int, _total: int | None) -> None:
    """The reporter of what takes no time."""


def _size(path: Path) -> int:
    """A file's bytes; what has none will say so when it is read."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _examples(paths: Sequence[Path], texts: Sequence[str], part: ListedFiles) -> Examples:
    """The texts of one split, those that are there more than once kept once."""
    import numpy as np

    place_of: dict[str, int] = {}
    places = np.array([place_of.setdefault(text, len(place_of)) for text in texts], np.int32)
    store = TextsOfFiles(places, tuple(place_of), paths=paths)

    def files(rows: Sequence[int]) -> list[tuple[Path, str]]:
        return [(paths[row], "") for row in rows]

    return Examples({TEXT: store}, {TARGET: part.labels}, part.beside, places=files)
