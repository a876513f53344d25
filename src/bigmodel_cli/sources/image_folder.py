"""Images in a folder per class: `photos/cat/1.jpg`, or `photos/train/cat/1.jpg` beside `val/` and `test/`."""

from __future__ import annotations

from typing import ClassVar

from bigmodel_cli.config.facts import PIXELS, DataFacts
from bigmodel_cli.kinds.image.kind import ImageKind
from bigmodel_cli.sources.base import LoadContext, Source
from bigmodel_cli.sources.checked_files import checked_source
from bigmodel_cli.sources.class_folder_options import ClassFolderOptions
from bigmodel_cli.sources.image_options import ImageFileOptions
from bigmodel_cli.sources.sought_images import IMAGES


class ImageFolder(ClassFolderOptions, ImageFileOptions):
    """Images in one folder per class, decoded as they are needed."""

    source_name: ClassVar[str] = "image_folder"
    example: ClassVar[str] = "{image_folder: {path: photos/, image_size: [128, 128]}}"

    def facts(self) -> DataFacts:
        return DataFacts(
            "classes", self.num_named, has_files=True, value_range=PIXELS, beside=self.named_parts
        )

    def load(self, context: LoadContext) -> Source:
        listed, task = self.listed(IMAGES, context)
        return checked_source(self.path, listed, ImageKind(self.image_format), task, context)
