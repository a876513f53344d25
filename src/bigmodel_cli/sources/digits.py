"""scikit-learn's digits: small enough for a first try with no download."""

from __future__ import annotations

from typing import ClassVar

from bigmodel_cli.config.facts import PIXELS, DataFacts
from bigmodel_cli.kinds.image.kind import ImageFormat, ImageKind
from bigmodel_cli.signature import Signature
from bigmodel_cli.sources.base import Examples, LoadContext, Source
from bigmodel_cli.sources.options import SourceOptions
from bigmodel_cli.tasks.classification.task import Classification

IMAGE_FORMAT = ImageFormat((8, 8), "grayscale")
_BRIGHTEST = 16


class Digits(SourceOptions):
    """Handwritten digits of scikit-learn: 1,797 grey images of 8 × 8, with no download."""

    source_name: ClassVar[str] = "digits"
    example: ClassVar[str] = "digits"

    def facts(self) -> DataFacts:
        return DataFacts("classes", 10, 1797, frozenset(), value_range=PIXELS)

    def load(self, context: LoadContext) -> Source:
        import numpy as np
        from sklearn.datasets import load_digits

        found = load_digits()
        features = np.round(found.images * (255 / _BRIGHTEST)).astype(np.uint8)[..., None]
        examples = Examples.of_arrays(features, found.target.astype(np.int64), "train")
        class_names = tuple(str(name) for name in found.target_names)
        signature = Signature.of(ImageKind(IMAGE_FORMAT), Classification(class_names))
        return Source({"train": examples}, signature)
