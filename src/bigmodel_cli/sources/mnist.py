"""MNIST: 70,000 handwritten digits."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from bigmodel_cli.config.facts import PIXELS, DataFacts
from bigmodel_cli.config.fields import ConfigPath
from bigmodel_cli.sources import mnist_format
from bigmodel_cli.sources.base import LoadContext, Source
from bigmodel_cli.sources.download import RemoteFile, fetch
from bigmodel_cli.sources.npz_arrays import read_npz
from bigmodel_cli.sources.options import SourceOptions

SHA256 = "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1"
CLASS_NAMES = tuple(str(digit) for digit in range(10))


class Mnist(SourceOptions):
    """Handwritten digits: 60,000 + 10,000 grey images of 28 × 28 (11 MB, downloaded once)."""

    source_name: ClassVar[str] = "mnist"
    example: ClassVar[str] = "mnist"

    path: ConfigPath | None = Field(
        default=None,
        description="A copy to use instead of a download: a folder with the original idx files, or an .npz.",
    )

    def facts(self) -> DataFacts:
        num_examples = None if self.path else 60_000
        return DataFacts("classes", len(CLASS_NAMES), num_examples, frozenset({"test"}), value_range=PIXELS)

    def load(self, context: LoadContext) -> Source:
        if self.path is not None:
            return mnist_format.grey_images(
                mnist_format.read_local_copy(self.path), CLASS_NAMES, "mnist", self.path
            )
        url = f"{mnist_format.KERAS_DATASETS_URL}mnist.npz"
        path = fetch(RemoteFile("mnist", url, SHA256, "mnist.npz"), context)
        return mnist_format.grey_images(read_npz(path), CLASS_NAMES, "mnist", path)
