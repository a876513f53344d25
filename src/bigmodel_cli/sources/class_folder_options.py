"""What all sources of folders by class share: where the folder is, and what names of files tell."""

from __future__ import annotations

import os
from abc import ABC
from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field, field_validator

from bigmodel_cli.config.fields import ConfigPath
from bigmodel_cli.config.spelling import meant
from bigmodel_cli.errors import DataError
from bigmodel_cli.sources.base import LoadContext, SplitName
from bigmodel_cli.sources.beside import stores_beside
from bigmodel_cli.sources.class_folders import find_class_folders
from bigmodel_cli.sources.file_walk import Sought
from bigmodel_cli.sources.label_values import own_names
from bigmodel_cli.sources.listed_files import ListedFiles
from bigmodel_cli.sources.name_pattern import NamePattern
from bigmodel_cli.sources.options import SourceOptions
from bigmodel_cli.sources.stores import Store
from bigmodel_cli.tasks.classification.task import Classification


class ClassFolderOptions(SourceOptions, ABC):
    """A folder with a folder of files per class."""

    beside_hint: ClassVar[str] = 'say what names of files tell: name_pattern: "{patient}_*"'

    path: ConfigPath = Field(
        description="A folder with a folder per class, or with train/, val/ and test/ that have them."
    )
    class_names: tuple[str, ...] | None = Field(
        default=None,
        min_length=2,
        description="Names of all classes in index order, of which some may have no folder; without it, the "
        "folders' names in sorted order.",
    )
    name_pattern: str | None = Field(
        default=None,
        description="What names of files tell, for split_by and evaluate --by: in `{patient}_*` a part is "
        "called patient; `*` is any text, and `{patient}/*` has the folder above the file.",
    )

    @field_validator("class_names")
    @classmethod
    def _class_names(cls, written: tuple[str, ...] | None) -> tuple[str, ...] | None:
        return None if written is None else own_names(written)

    @field_validator("name_pattern")
    @classmethod
    def _name_pattern(cls, written: str | None) -> str | None:
        if written is not None:
            NamePattern(written)
        return written

    @property
    def num_named(self) -> int | None:
        """How many classes there are, where they are named."""
        return None if self.class_names is None else len(self.class_names)

    @property
    def named_parts(self) -> frozenset[str]:
        """What names of files tell."""
        return frozenset() if self.name_pattern is None else frozenset(NamePattern(self.name_pattern).names)

    def listed(
        self, sought: Sought, context: LoadContext
    ) -> tuple[dict[SplitName, ListedFiles], Classification]:
        """The files of each split with their classes, and what is predicted.

        Args:
            sought: Which files.
            context: Says what is asked for beside them, and is told what is passed over.

        Raises:
            DataError: If the folder is arranged in another way, or names tell not what is asked for.
        """
        import numpy as np

        found = find_class_folders(
            self.path, sought, context.warn, self.class_names, for_evaluation=context.for_evaluation
        )
        root = f"{self.path}{os.sep}"
        paths = {
            split: [path.removeprefix(root).replace(os.sep, "/") for path in found.in_order(split)]
            for split in found.files
        }
        beside = self._beside([path for of_split in paths.values() for path in of_split], context)
        listed: dict[SplitName, ListedFiles] = {}
        start = 0
        for split, of_split in paths.items():
            counts = found.counts(split)
            labels = np.repeat(np.arange(len(counts)), counts).astype(np.int64)
            rows = np.arange(start, start + len(of_split))
            listed[split] = ListedFiles(
                of_split, labels, {name: store.take(rows) for name, store in beside.items()}
            )
            start += len(of_split)
        return listed, Classification(tuple(found.class_names))

    def _beside(self, paths: Sequence[str], context: LoadContext) -> dict[str, Store]:
        """The parts of all files' names that are asked for.

        Raises:
            DataError: If there is no such part, or a file is named otherwise.
        """
        asked = context.columns_beside
        if not asked:
            return {}
        for name in asked:
            if self.name_pattern is None or name not in self.named_parts:
                hint = meant(name, self.named_parts) if self.name_pattern else self.beside_hint
                raise DataError(f"{self.path}: names of files tell no {name}", hint=hint)
        columns = NamePattern(self.name_pattern or "").columns(paths, str(self.path), asked)
        return stores_beside(columns, context, str(self.path), lambda row: f"{self.path}/{paths[row]}")
