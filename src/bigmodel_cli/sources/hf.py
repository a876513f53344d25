"""Data sets of Hugging Face's library `datasets`."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field, model_validator

from bigmodel_cli.config.fields import ConfigPath
from bigmodel_cli.sources.base import LoadContext, Source
from bigmodel_cli.sources.hubs.options import HubOptions


class Hf(HubOptions):
    """A data set of Hugging Face's library datasets, from a folder or by name; needs the extra hf."""

    source_name: ClassVar[str] = "hf"
    example: ClassVar[str] = "{hf: {path: mnist_saved}}"

    path: ConfigPath | None = Field(
        default=None,
        description="A folder that save_to_disk has written, one of Parquet or Arrow files, or such a file.",
    )
    name: str | None = Field(
        default=None,
        min_length=1,
        description="Instead of a path, the name that the data set has on the hub; it is fetched where the "
        "library's cache has it not.",
    )
    config: str | None = Field(default=None, min_length=1, description="Which of several variants it is.")
    cache_dir: ConfigPath | None = Field(
        default=None,
        description="Where the library keeps what it fetches and converts; default: its own place.",
    )

    @model_validator(mode="after")
    def _one_place(self) -> Hf:
        if (self.path is None) == (self.name is None):
            raise ValueError("expected either path (a folder or file) or name (on the hub)")
        return self

    def load(self, context: LoadContext) -> Source:
        from bigmodel_cli.sources.hubs.hf_data import open_name, open_path
        from bigmodel_cli.sources.hubs.loading import load_examples

        if self.path is not None:
            data = open_path(self.path, self.config, self.cache_dir)
        else:
            data = open_name(str(self.name), self.config, self.cache_dir, offline=context.offline)
        return load_examples(data, self, context)
