"""An image beside a number: a handwritten digit of scikit-learn, and a number to add to it."""

from __future__ import annotations

from typing import ClassVar

from bigmodel_cli.config.facts import DataFacts
from bigmodel_cli.kinds.image.kind import ImageKind
from bigmodel_cli.kinds.number.kind import NumberKind
from bigmodel_cli.signature import Signature
from bigmodel_cli.sources.base import Examples, LoadContext, Source
from bigmodel_cli.sources.digits import IMAGE_FORMAT, pixels
from bigmodel_cli.sources.options import SourceOptions
from bigmodel_cli.sources.stores import ArrayStore
from bigmodel_cli.tasks.regression.task import Regression

_DIGIT, _ADDED, _SUM = "digit", "added", "sum"
_ROWS = 1_797


class DigitSums(SourceOptions):
    """Made-up rows: a digit of scikit-learn as an image, a number beside it, and their sum as the target."""

    source_name: ClassVar[str] = "digit_sums"
    example: ClassVar[str] = "digit_sums"

    @property
    def target_names(self) -> tuple[str, ...]:
        return (_SUM,)

    def facts(self) -> DataFacts:
        columns = {_DIGIT: ImageKind.name, _ADDED: NumberKind.name}
        return DataFacts(
            "numbers", None, _ROWS, frozenset(), num_columns=1, columns=columns, has_all_columns=True
        )

    def load(self, context: LoadContext) -> Source:
        import numpy as np
        from sklearn.datasets import load_digits

        found = load_digits()
        added = np.random.default_rng(0).integers(0, 10, len(found.target)).astype(np.float32)
        inputs = {
            _DIGIT: ArrayStore(pixels(found), "digits"),
            _ADDED: ArrayStore(added, "numbers drawn by chance"),
        }
        examples = Examples(inputs, {_SUM: found.target.astype(np.float32) + added})
        kinds = {_DIGIT: ImageKind(IMAGE_FORMAT), _ADDED: NumberKind()}
        return Source({"train": examples}, Signature(kinds, {_SUM: Regression(standardize=True)}))
