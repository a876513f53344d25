"""Data that `bigmodel data pack` has written."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from bigmodel_cli.config.fields import ConfigPath
from bigmodel_cli.errors import DataError
from bigmodel_cli.sources.base import LoadContext, Source
from bigmodel_cli.sources.options import SourceOptions
from bigmodel_cli.sources.packed import open_packed


class TfRecord(SourceOptions):
    """Packed data, which `bigmodel data pack` writes from any other source: large files with an index."""

    source_name: ClassVar[str] = "tfrecord"
    example: ClassVar[str] = "{tfrecord: {path: packed}}"

    path: ConfigPath = Field(description="The folder with index.json.")

    target: str | list[str] | None = Field(
        default=None, description="Its targets, where it is of a table that has several."
    )

    @property
    def target_names(self) -> tuple[str, ...]:
        return (self.target,) if isinstance(self.target, str) else tuple(self.target or ())

    def load(self, context: LoadContext) -> Source:
        source = open_packed(self.path)
        found = source.signature.targets
        if self.target is None and len(found) > 1:
            names = ", ".join(found)
            raise DataError(
                f"{self.path}: a table with several targets: {names}",
                hint=f"write target: [{names}] in tfrecord, by whose names losses and metrics stand",
            )
        if self.target is not None and set(self.target_names) != set(found):
            told = ", ".join(self.target_names)
            raise DataError(f"{self.path}: the targets are {', '.join(found)}, not {told}")
        return source
