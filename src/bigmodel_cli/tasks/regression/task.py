"""One or more numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from bigmodel_cli.tasks.task import Task

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Regression(Task):
    """Numbers for each example, of one shape.

    Attributes:
        log: Whether the loss compares logarithms, of 1 more than the numbers.
        standardize: Whether it compares numbers, or these logarithms, less `center` in units of `spread`.
        center: Their mean over the training split; None: not known yet.
        spread: Their standard deviation there.
    """

    name: ClassVar[str] = "regression"
    labels: ClassVar[Literal["classes", "numbers"]] = "numbers"
    scores: ClassVar[Sequence[str]] = (
        "mean_absolute_error",
        "root_mean_squared_error",
        "r2",
        "median_absolute_error",
        "max_error",
    )

    target_shape: tuple[int, ...] = ()
    log: bool = False
    standardize: bool = False
    center: float | None = None
    spread: float | None = None

    @property
    def is_scaled(self) -> bool:
        """Whether the loss sees something else than the numbers."""
        return self.log or self.standardize

    def fitted(self, labels: np.ndarray) -> Regression:
        import numpy as np

        if not self.standardize:
            return self
        numbers = np.log1p(labels.astype(np.float64)) if self.log else labels.astype(np.float64)
        return replace(self, center=float(numbers.mean()), spread=float(numbers.std()) or 1.0)

    @property
    def described(self) -> str:
        return "numbers as labels"

    @property
    def listed(self) -> str:
        return "none (numbers)"

    @property
    def default_metrics(self) -> Sequence[str]:
        return ("mean_absolute_error",)

    @property
    def numbers(self) -> Mapping[str, int | None]:
        return {"num_classes": None}

    def as_json(self) -> dict[str, Any]:
        names = ("log", "standardize", "center", "spread") if self.is_scaled else ()
        return {"shape": list(self.target_shape), **{name: getattr(self, name) for name in names}}

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Self:
        options = {name: value for name, value in record.items() if name not in ("task", "shape")}
        return cls(tuple(record["shape"]), **options)
