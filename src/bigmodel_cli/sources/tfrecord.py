"""Data that `bigmodel data pack` has written."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from pydantic import Field

from bigmodel_cli.config.facts import DataFacts
from bigmodel_cli.config.fields import ConfigPath
from bigmodel_cli.cut import some
from bigmodel_cli.errors import DataError
from bigmodel_cli.sources.base import LoadContext, Source
from bigmodel_cli.sources.options import SourceOptions
from bigmodel_cli.sources.packed import INDEX, open_packed, packed_names


class TfRecord(SourceOptions):
    """Packed data, which `bigmodel data pack` writes from any other source: large files with an index."""

    source_name: ClassVar[str] = "tfrecord"
    example: ClassVar[str] = "{tfrecord: {path: packed}}"

    path: ConfigPath = Field(description="The folder with index.json.")

    target: str | list[str] | None = Field(
        default=None, description="Its targets, where it has several; default: those that are found there."
    )

    @property
    def target_names(self) -> tuple[str, ...]:
        if self.target is None:
            packed = packed_names(self.path)
            # The one target of all other data has no name to losses and metrics.
            return tuple(packed.targets) if packed and len(packed.targets) > 1 else ()
        return (self.target,) if isinstance(self.target, str) else tuple(self.target)

    @property
    def unknown_targets(self) -> str | None:
        if self.target is not None or (self.path / INDEX).is_file():
            return None
        return (
            f"{self.path} has no {INDEX} (yet), which knows the names of several targets: "
            "pack the data first, or write target: [NAME, NAME] in tfrecord"
        )

    def facts(self) -> DataFacts:
        packed = packed_names(self.path)
        if packed is None:
            return DataFacts(beside=None)
        return DataFacts(beside=None, columns=packed.columns, has_all_columns=True)

    def load(self, context: LoadContext) -> Source:
        source = open_packed(self.path)
        _check_beside(source, self.path, context)
        found = source.signature.targets
        if self.target is None and len(found) > 1:
            # A run's config names them: whether the data are still there decides nothing then.
            return replace(source, looked_at=self.model_copy(update={"target": list(found)}))
        if self.target is not None and set(self.target_names) != set(found):
            told = ", ".join(self.target_names)
            raise DataError(f"{self.path}: the targets are {', '.join(found)}, not {told}")
        return source


def _check_beside(source: Source, path: Path, context: LoadContext) -> None:
    """Packed data have what the config that they were packed by asks for beside inputs and targets.

    Raises:
        DataError: If they lack a column.
    """
    part = next(iter(source.splits.values()))
    known = [*part.inputs, *part.beside]
    for name in context.columns_beside:
        if name not in known:
            raise DataError(
                f"{path}: no column {name} was packed beside the examples; "
                f"columns beside them: {some(part.beside) or 'none'}",
                hint="pack the data again by a config whose split_by (or expect) names it",
            )
