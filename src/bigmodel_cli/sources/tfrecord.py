"""Data that `bigmodel data pack` has written."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from bigmodel_cli.config.fields import ConfigPath
from bigmodel_cli.sources.base import LoadContext, Source
from bigmodel_cli.sources.options import SourceOptions
from bigmodel_cli.sources.packed import open_packed


class TfRecord(SourceOptions):
    """Packed data: TFRecord files with an index, which `bigmodel data pack` writes from any other source."""

    source_name: ClassVar[str] = "tfrecord"
    example: ClassVar[str] = "{tfrecord: {path: packed}}"

    path: ConfigPath = Field(description="The folder with index.json.")

    def load(self, context: LoadContext) -> Source:
        return open_packed(self.path)
