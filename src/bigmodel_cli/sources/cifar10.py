"""CIFAR-10: 60,000 small colour photographs of ten classes."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from bigmodel_cli.config.facts import PIXELS, DataFacts
from bigmodel_cli.config.fields import ConfigPath
from bigmodel_cli.sources.base import LoadContext, Source
from bigmodel_cli.sources.cifar import CifarLayout, load_cifar
from bigmodel_cli.sources.options import SourceOptions

LAYOUT = CifarLayout(
    source_name="cifar10",
    archive="cifar-10-python.tar.gz",
    sha256="6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
    folder="cifar-10-batches-py",
    batches={"train": tuple(f"data_batch_{number}" for number in range(1, 6)), "test": ("test_batch",)},
    label_key=b"labels",
    class_names=("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"),
)


class Cifar10(SourceOptions):
    """Photographs: 50,000 + 10,000 colour images of 32 × 32 in 10 classes (170 MB, downloaded once)."""

    source_name: ClassVar[str] = "cifar10"
    example: ClassVar[str] = "cifar10"

    path: ConfigPath | None = Field(
        default=None,
        description="A copy to use instead of a download: cifar-10-python.tar.gz or what it unpacks to.",
    )

    def facts(self) -> DataFacts:
        num_examples = None if self.path else 50_000
        return DataFacts(
            "classes", len(LAYOUT.class_names), num_examples, frozenset({"test"}), value_range=PIXELS
        )

    def load(self, context: LoadContext) -> Source:
        return load_cifar(LAYOUT, self.path, context)
