"""Images in a folder per class: `photos/cat/1.jpg`, or `photos/train/cat/1.jpg` beside `val/` and `test/`."""

from __future__ import annotations

import os
from typing import ClassVar

from pydantic import Field

from bigmodel_cli.config.facts import PIXELS, DataFacts
from bigmodel_cli.config.fields import ConfigPath
from bigmodel_cli.kinds.image.kind import ImageKind
from bigmodel_cli.sources.base import LoadContext, Source, SplitName
from bigmodel_cli.sources.class_folders import find_class_folders
from bigmodel_cli.sources.image_files import ListedFiles, checked_source
from bigmodel_cli.sources.image_options import ImageFileOptions
from bigmodel_cli.tasks.classification.task import Classification


class ImageFolder(ImageFileOptions):
    """Images in one folder per class, decoded as they are needed."""

    source_name: ClassVar[str] = "image_folder"
    example: ClassVar[str] = "{image_folder: {path: photos/, image_size: [128, 128]}}"

    path: ConfigPath = Field(
        description="A folder with a folder per class, or with train/, val/ and test/ that have them."
    )

    def facts(self) -> DataFacts:
        return DataFacts("classes", has_files=True, value_range=PIXELS)

    def load(self, context: LoadContext) -> Source:
        import numpy as np

        found = find_class_folders(self.path, context.warn, for_evaluation=context.for_evaluation)
        root = f"{self.path}{os.sep}"
        listed: dict[SplitName, ListedFiles] = {}
        for split in found.images:
            paths = [path.removeprefix(root).replace(os.sep, "/") for path in found.in_order(split)]
            counts = found.counts(split)
            labels = np.repeat(np.arange(len(counts)), counts).astype(np.int64)
            listed[split] = ListedFiles(paths, labels)
        task = Classification(tuple(found.class_names))
        return checked_source(self.path, listed, ImageKind(self.image_format), task, context)
