"""One of several classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from bigmodel_cli.class_names import class_name
from bigmodel_cli.cut import some
from bigmodel_cli.tasks.task import Task

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Classification(Task):
    """A class for each example.

    Attributes:
        class_names: In index order.
    """

    name: ClassVar[str] = "classification"
    labels: ClassVar[Literal["classes", "numbers"]] = "classes"
    is_of_classes: ClassVar[bool] = True
    scores: ClassVar[Sequence[str]] = (
        "accuracy",
        "balanced_accuracy",
        "top_3_accuracy",
        "top_5_accuracy",
        "log_loss",
        "brier_score",
        "expected_calibration_error",
        "roc_auc",
        "average_precision",
    )

    class_names: tuple[str, ...]
    target_shape: tuple[int, ...] = field(default=(), init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "class_names", tuple(map(class_name, self.class_names)))

    @property
    def num_classes(self) -> int:
        return len(self.class_names)

    @property
    def described(self) -> str:
        return f"{self.num_classes} classes"

    @property
    def label_names(self) -> tuple[str, ...] | None:
        return self.class_names

    @property
    def listed(self) -> str:
        return some(self.class_names, 5)

    @property
    def default_metrics(self) -> Sequence[str]:
        return ("accuracy",)

    @property
    def numbers(self) -> Mapping[str, int | None]:
        return {"num_classes": self.num_classes}

    @classmethod
    def measured(cls, num_classes: int | None) -> Sequence[str]:
        if num_classes is None:
            return cls.scores
        # The best of as many always hold the right one.
        best = {"top_3_accuracy": 3, "top_5_accuracy": 5}
        return [name for name in cls.scores if best.get(name, 0) < num_classes]

    def lost(self, before: np.ndarray, after: np.ndarray) -> Mapping[int, str]:
        gone = sorted(set(before.tolist()) - set(after.tolist()))
        return {label: self.class_names[label] for label in gone}

    def as_json(self) -> dict[str, Any]:
        return {"class_names": list(self.class_names)}

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Self:
        return cls(tuple(record["class_names"]))
