"""Recordings with what is said in them beside each: `clips/1.wav` and `clips/1.txt`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, ClassVar

from pydantic import Field, StrictBool, model_validator

from bigmodel_cli.config.facts import DataFacts
from bigmodel_cli.config.fields import ConfigPath, FilesInside
from bigmodel_cli.errors import DataError
from bigmodel_cli.kinds.audio.cells import AudioCells
from bigmodel_cli.kinds.audio.files.opening import recorded
from bigmodel_cli.kinds.audio.kind import AudioKind
from bigmodel_cli.kinds.cells import WrongOptionError
from bigmodel_cli.kinds.transcript.cells import TranscriptCells
from bigmodel_cli.sources.audio_options import AudioOptions
from bigmodel_cli.sources.base import LoadContext, Source, SplitName
from bigmodel_cli.sources.checked_files import checked_source
from bigmodel_cli.sources.encoding_option import EncodingName
from bigmodel_cli.sources.file_checks import first_of, of_each, skipped_sentence
from bigmodel_cli.sources.heard_options import HeardOptions
from bigmodel_cli.sources.listed_files import ListedFiles
from bigmodel_cli.sources.name_pattern_option import NamePatternOptions
from bigmodel_cli.sources.spoken import Spoken, find_spoken
from bigmodel_cli.tasks.transcription.task import Transcription

_THREADS = 8
# What is resampled may have a sample more.
_LONGER = 1.001
Tokens = Annotated[str | dict[str, Any], FilesInside()]


class SpeechFolder(NamePatternOptions, AudioOptions, HeardOptions):
    """Sounds with what is said in them in files beside them: 1.wav and 1.txt, or lines of *.trans.txt."""

    source_name: ClassVar[str] = "speech_folder"
    example: ClassVar[str] = "{speech_folder: {path: clips/, sample_rate: 16000, seconds: 10}}"

    path: ConfigPath = Field(
        description="A folder of sounds and texts, or with train/, val/ and test/ that have them."
    )
    encoding: EncodingName | None = Field(
        default=None,
        description="Of the characters; default: recognised by a mark or by zeros between letters, else "
        "UTF-8.",
    )
    tokenizer: Tokens = Field(
        default="characters",
        description="What texts are cut into: characters, bytes, {bpe: {vocabulary_size: 500}}, unigram, or "
        "{file: tokenizer.json}.",
    )
    lowercase: StrictBool = Field(default=False, description="Whether letters are made small first.")

    @model_validator(mode="after")
    def _heard(self) -> SpeechFolder:
        try:
            TranscriptCells.check_options(self._transcript)
        except WrongOptionError as error:
            hint = "" if error.hint is None else f"; {error.hint}"
            raise ValueError(f"{error.option}: {error.message}{hint}") from None
        if (why := TranscriptCells.why_not_searched(self._transcript, self.searched_with)) is not None:
            raise ValueError(why)
        if (misfit := AudioCells.not_just_said({"longer": self.longer, "shorter": self.shorter})) is not None:
            raise ValueError(f"{misfit.option}: {misfit.message}; {misfit.hint}")
        return self

    @property
    def _transcript(self) -> dict[str, Any]:
        return {"tokenizer": self.tokenizer, "lowercase": self.lowercase}

    def with_tokenizer(self, name: str, told: Mapping[str, Any]) -> SpeechFolder:
        # What is kept says itself whether letters are made small.
        return self.model_copy(update={"tokenizer": told, "lowercase": False})

    def facts(self) -> DataFacts:
        return DataFacts(Transcription.labels, has_files=True, value_range=(-1, 1), beside=self.named_parts)

    def load(self, context: LoadContext) -> Source:
        found = find_spoken(self.path, self.encoding, context)
        problems = {
            path: text
            for part in found.values()
            for path, text in zip(part.paths, part.texts, strict=True)
            if isinstance(text, DataError)
        }
        problems |= self._too_long([path for part in found.values() for path in part.paths], context)
        self._leave_out(found, problems, context)
        listed = {split: self._listed(part, problems, context) for split, part in found.items()}
        listed = {split: part for split, part in listed.items() if part.paths}
        task = TranscriptCells(TranscriptCells.learnt(None, self._transcript)).task(**self.searched_with)
        source = checked_source(self.path, listed, AudioKind(self.audio_format), task, context)
        return replace(source, num_skipped=source.num_skipped + len(problems))

    def _too_long(self, paths: Sequence[str], context: LoadContext) -> dict[str, DataError]:
        """Of what is cut, nobody knows which words are left."""

        def seconds(row: int) -> float:
            try:
                return recorded(self.path / paths[row]).seconds
            except DataError:
                # What is no sound is said with all the others.
                return 0.0

        every = [*of_each(seconds, len(paths), "looking at sounds", context.progress, _THREADS)]
        longest = max(every, default=0.0)
        return {
            path: DataError(
                f"{self.path / path}: has {length:.3g} s, of which {self.seconds:g} s are taken: the rest of "
                "what is said would be lost",
                hint=f"write seconds: {longest:.3g}, which is as long as the longest one",
            )
            for path, length in zip(paths, every, strict=True)
            if length > _LONGER * self.seconds
        }

    def _leave_out(
        self, found: Mapping[SplitName, Spoken], problems: Mapping[str, DataError], context: LoadContext
    ) -> None:
        """Say which recordings are left out.

        Raises:
            DataError: If none may be, or none is left.
        """
        if not problems:
            return
        total, told = sum(len(part.paths) for part in found.values()), list(problems.values())
        if not context.skip_bad_files or len(told) == total:
            raise first_of(told, total)
        if context.left_out is None:
            context.warn(skipped_sentence(told, f"{total:,} sounds"))
            return
        for split, part in found.items():
            for path in part.paths:
                if path in problems:
                    context.left_out(split, path, problems[path])

    def _listed(self, part: Spoken, problems: Mapping[str, DataError], context: LoadContext) -> ListedFiles:
        import numpy as np

        kept = [row for row, path in enumerate(part.paths) if path not in problems]
        paths = [part.paths[row] for row in kept]
        texts = np.array([part.texts[row] for row in kept], object)
        return ListedFiles(paths, texts, self.parts_beside(self.path, paths, context))
