"""scikit-learn's digits: small enough for a first try with no download."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from bigmodel_cli.config.facts import PIXELS, DataFacts
from bigmodel_cli.kinds.image.kind import ImageFormat, ImageKind
from bigmodel_cli.signature import Signature
from bigmodel_cli.sources.base import Examples, LoadContext, Source
from bigmodel_cli.sources.options import SourceOptions
from bigmodel_cli.tasks.classification.task import Classification

if TYPE_CHECKING:
    import numpy as np

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
        examples = Examples.of_arrays(pixels(found), found.target.astype(np.int64), "train")
        class_names = tuple(str(name) for name in found.target_names)
        signature = Signature.of(ImageKind(IMAGE_FORMAT), Classification(class_names))
        return Source({"train": examples}, signature)


def pixels(found: Any) -> np.ndarray:
    """Images as scikit-learn has them, of 0 to 16, as uint8 of shape (n, 8, 8, 1)."""
    import numpy as np

    images: np.ndarray = found.images
    return np.round(images * (255 / _BRIGHTEST)).astype(np.uint8)[..., None]
