"""Images in a folder per class: `photos/cat/1.jpg`, or `photos/train/cat/1.jpg` beside `val/` and `test/`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field, field_validator

from bigmodel_cli.config.facts import PIXELS, DataFacts
from bigmodel_cli.config.fields import ConfigPath
from bigmodel_cli.config.spelling import meant
from bigmodel_cli.errors import DataError
from bigmodel_cli.kinds.image.kind import ImageKind
from bigmodel_cli.sources.base import LoadContext, Source, SplitName
from bigmodel_cli.sources.beside import stores_beside
from bigmodel_cli.sources.class_folders import find_class_folders
from bigmodel_cli.sources.image_files import ListedFiles, checked_source
from bigmodel_cli.sources.image_options import ImageFileOptions
from bigmodel_cli.sources.name_pattern import NamePattern
from bigmodel_cli.sources.stores import Store
from bigmodel_cli.tasks.classification.task import Classification


class ImageFolder(ImageFileOptions):
    """Images in one folder per class, decoded as they are needed."""

    source_name: ClassVar[str] = "image_folder"
    example: ClassVar[str] = "{image_folder: {path: photos/, image_size: [128, 128]}}"
    beside_hint: ClassVar[str] = 'say what names of files tell: name_pattern: "{patient}_*"'

    path: ConfigPath = Field(
        description="A folder with a folder per class, or with train/, val/ and test/ that have them."
    )
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
    def _named_parts(self) -> frozenset[str]:
        return frozenset() if self.name_pattern is None else frozenset(NamePattern(self.name_pattern).names)

    def facts(self) -> DataFacts:
        return DataFacts("classes", has_files=True, value_range=PIXELS, beside=self._named_parts)

    def load(self, context: LoadContext) -> Source:
        import numpy as np

        found = find_class_folders(self.path, context.warn, for_evaluation=context.for_evaluation)
        root = f"{self.path}{os.sep}"
        paths = {
            split: [path.removeprefix(root).replace(os.sep, "/") for path in found.in_order(split)]
            for split in found.images
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
        task = Classification(tuple(found.class_names))
        return checked_source(self.path, listed, ImageKind(self.image_format), task, context)

    def _beside(self, paths: Sequence[str], context: LoadContext) -> dict[str, Store]:
        """The parts of all files' names that are asked for.

        Raises:
            DataError: If there is no such part, or a file is named otherwise.
        """
        asked = context.columns_beside
        if not asked:
            return {}
        for name in asked:
            if self.name_pattern is None or name not in self._named_parts:
                hint = meant(name, self._named_parts) if self.name_pattern else self.beside_hint
                raise DataError(f"{self.path}: names of files tell no {name}", hint=hint)
        columns = NamePattern(self.name_pattern or "").columns(paths, str(self.path), asked)
        return stores_beside(columns, context, str(self.path), lambda row: f"{self.path}/{paths[row]}")
