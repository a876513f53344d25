"""scikit-learn's diabetes data: real numbers to predict, with no download."""

from __future__ import annotations

from typing import ClassVar

from bigmodel_cli.config.facts import DataFacts
from bigmodel_cli.kinds.array.kind import ArrayKind
from bigmodel_cli.signature import Signature
from bigmodel_cli.sources.base import Examples, LoadContext, Source
from bigmodel_cli.sources.options import SourceOptions
from bigmodel_cli.tasks.regression.task import Regression


class Diabetes(SourceOptions):
    """Regression: progression of diabetes in 442 patients from ten measurements, with no download."""

    source_name: ClassVar[str] = "diabetes"
    example: ClassVar[str] = "diabetes"

    def facts(self) -> DataFacts:
        return DataFacts("numbers", None, 442, frozenset(), num_columns=1)

    def load(self, context: LoadContext) -> Source:
        import numpy as np
        from sklearn.datasets import load_diabetes

        found = load_diabetes(scaled=False)
        examples = Examples.of_arrays(found.data.astype(np.float32), found.target.astype(np.float32), "train")
        return Source({"train": examples}, Signature.of(ArrayKind((10,)), Regression()))
