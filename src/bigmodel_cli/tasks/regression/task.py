"""One or more numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self

from bigmodel_cli.tasks.task import Task


@dataclass(frozen=True)
class Regression(Task):
    """Numbers for each example, of one shape."""

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
        return {"shape": list(self.target_shape)}

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Self:
        return cls(tuple(record["shape"]))
