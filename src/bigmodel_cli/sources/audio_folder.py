"""Sounds in a folder per class: `sounds/dog/1.wav`, or `sounds/train/dog/1.wav` beside `val/` and `test/`."""

from __future__ import annotations

from typing import ClassVar

from bigmodel_cli.config.facts import DataFacts
from bigmodel_cli.kinds.audio.kind import AudioKind
from bigmodel_cli.sources.audio_options import AudioOptions
from bigmodel_cli.sources.base import LoadContext, Source
from bigmodel_cli.sources.checked_files import checked_source
from bigmodel_cli.sources.class_folder_options import ClassFolderOptions
from bigmodel_cli.sources.sought_sounds import SOUNDS


class AudioFolder(ClassFolderOptions, AudioOptions):
    """Sounds in one folder per class: WAV, FLAC, OGG, Opus and MP3 of any rate, read as they are needed."""

    source_name: ClassVar[str] = "audio_folder"
    example: ClassVar[str] = "{audio_folder: {path: sounds/, sample_rate: 16000, seconds: 1}}"

    def facts(self) -> DataFacts:
        return DataFacts(
            "classes", self.num_named, has_files=True, value_range=(-1, 1), beside=self.named_parts
        )

    def load(self, context: LoadContext) -> Source:
        listed, task = self.listed(SOUNDS, context)
        return checked_source(self.path, listed, AudioKind(self.audio_format), task, context)
