"""Fashion-MNIST: 70,000 articles of clothing in MNIST's format."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from pydantic import Field

from bigmodel_cli.config.facts import PIXELS, DataFacts
from bigmodel_cli.config.fields import ConfigPath
from bigmodel_cli.sources import mnist_format
from bigmodel_cli.sources.base import LoadContext, Source
from bigmodel_cli.sources.download import RemoteFile, fetch
from bigmodel_cli.sources.idx import read_idx_folder
from bigmodel_cli.sources.options import SourceOptions

# Keras checks no hash of these; the hashes are those of the publisher's files, which Keras mirrors.
SHA256 = {
    "train-images-idx3-ubyte.gz": "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
    "train-labels-idx1-ubyte.gz": "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
    "t10k-images-idx3-ubyte.gz": "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
    "t10k-labels-idx1-ubyte.gz": "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
}
CLASS_NAMES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)


class FashionMnist(SourceOptions):
    """Clothing: 60,000 + 10,000 grey images of 28 × 28 in 10 classes (31 MB, downloaded once)."""

    source_name: ClassVar[str] = "fashion_mnist"
    example: ClassVar[str] = "fashion_mnist"

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
                mnist_format.read_local_copy(self.path), CLASS_NAMES, "fashion_mnist", self.path
            )
        folder = _fetch_folder(context)
        return mnist_format.grey_images(read_idx_folder(folder), CLASS_NAMES, "fashion_mnist", folder)


def _fetch_folder(context: LoadContext) -> Path:
    """The folder in Keras's cache with all four files."""
    for name, sha256 in SHA256.items():
        url = f"{mnist_format.KERAS_DATASETS_URL}{name}"
        path = fetch(RemoteFile("fashion_mnist", url, sha256, f"fashion-mnist/{name}"), context)
    return path.parent
