"""Small tables that come with scikit-learn: rows of named columns, with no download."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from pydantic import Field

from bigmodel_cli.config.facts import DataFacts
from bigmodel_cli.kinds.number.kind import NumberKind
from bigmodel_cli.signature import Signature
from bigmodel_cli.sources.base import Examples, LoadContext, Source
from bigmodel_cli.sources.options import SourceOptions
from bigmodel_cli.sources.stores import ArrayStore
from bigmodel_cli.tasks.classification.task import Classification
from bigmodel_cli.tasks.regression.task import Regression


@dataclass(frozen=True)
class _Table:
    """What is known of a table before it is read.

    Attributes:
        target: What its column of labels is called here; the files have no name for it.
        rows: How many there are.
        labels: What they are.
        num_classes: How many, where they are classes.
    """

    target: str
    rows: int
    labels: Literal["classes", "numbers"]
    num_classes: int | None = None


_TABLES = {
    "iris": _Table("species", 150, "classes", 3),
    "wine": _Table("cultivar", 178, "classes", 3),
    "breast_cancer": _Table("diagnosis", 569, "classes", 2),
    "diabetes": _Table("progression", 442, "numbers"),
}


class ScikitLearn(SourceOptions):
    """Tables that come with scikit-learn, as rows of named columns of numbers, with no download."""

    source_name: ClassVar[str] = "scikit_learn"
    example: ClassVar[str] = "{scikit_learn: {dataset: breast_cancer}}"

    dataset: Literal["iris", "wine", "breast_cancer", "diabetes"] = Field(
        description="Flowers, wines or tumours to classes, or the progression of diabetes as a number."
    )

    @property
    def target_names(self) -> tuple[str, ...]:
        return (_TABLES[self.dataset].target,)

    def facts(self) -> DataFacts:
        table = _TABLES[self.dataset]
        num_columns = 1 if table.labels == "numbers" else None
        return DataFacts(
            table.labels, table.num_classes, table.rows, frozenset(), num_columns=num_columns, columns={}
        )

    def load(self, context: LoadContext) -> Source:
        import numpy as np
        from sklearn import datasets

        found = (
            datasets.load_diabetes(scaled=False)
            if self.dataset == "diabetes"
            else getattr(datasets, f"load_{self.dataset}")()
        )
        (target,) = self.target_names
        names = [str(name) for name in found.feature_names]
        columns = found.data.astype(np.float32).T
        inputs = {
            name: ArrayStore(np.ascontiguousarray(column), self.dataset)
            for name, column in zip(names, columns, strict=True)
        }
        is_numbers = _TABLES[self.dataset].labels == "numbers"
        labels = found.target.astype(np.float32 if is_numbers else np.int64)
        task = (
            Regression(standardize=True)
            if is_numbers
            else Classification(tuple(str(name) for name in found.target_names))
        )
        signature = Signature(dict.fromkeys(names, NumberKind()), {target: task})
        return Source({"train": Examples(inputs, {target: labels})}, signature)
