"""What names of files tell, as sources of files ask for it: `name_pattern`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from pydantic import Field, field_validator

from bigmodel_cli.config.spelling import meant
from bigmodel_cli.errors import DataError
from bigmodel_cli.sources.base import LoadContext
from bigmodel_cli.sources.beside import stores_beside
from bigmodel_cli.sources.name_pattern import NamePattern
from bigmodel_cli.sources.options import SourceOptions
from bigmodel_cli.sources.stores import Store


class NamePatternOptions(SourceOptions):
    """A source of files whose names may tell what splits follow."""

    beside_hint: ClassVar[str] = 'say what names of files tell: name_pattern: "{patient}_*"'

    name_pattern: str | None = Field(
        default=None,
        description="What names of files tell, for split_by and evaluate --by: in `{patient}_*` a part is "
        "called patient; `*` is any text, and `{patient}/*` has the folder above the file.",
    )

    @field_validator("name_pattern")
    @classmethod
    def _name_pattern(cls, written: str | None) -> str | None:
        if written is not None:
            NamePattern(written)
        return written

    @property
    def named_parts(self) -> frozenset[str]:
        """What names of files tell."""
        return frozenset() if self.name_pattern is None else frozenset(NamePattern(self.name_pattern).names)

    def parts_beside(self, root: Path, paths: Sequence[str], context: LoadContext) -> dict[str, Store]:
        """The parts of all files' names that are asked for.

        Args:
            root: The folder that paths are relative to.
            paths: With `/` between their parts.
            context: Says what is asked for.

        Raises:
            DataError: If there is no such part, or a file is named otherwise.
        """
        asked = context.columns_beside
        if not asked:
            return {}
        for name in asked:
            if self.name_pattern is None or name not in self.named_parts:
                hint = meant(name, self.named_parts) if self.name_pattern else self.beside_hint
                raise DataError(f"{root}: names of files tell no {name}", hint=hint)
        columns = NamePattern(self.name_pattern or "").columns(paths, str(root), asked)
        return stores_beside(columns, context, str(root), lambda row: f"{root}/{paths[row]}")
