"""Any of several labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from bigmodel_cli.class_names import class_name
from bigmodel_cli.cut import some
from bigmodel_cli.tasks.task import Task

if TYPE_CHECKING:
    import numpy as np

# What stands between the labels of one example where these are a text.
BETWEEN = "|"


@dataclass(frozen=True)
class Multilabel(Task):
    """Whether an example has each of some labels.

    Attributes:
        class_names: The labels, in index order.
    """

    name: ClassVar[str] = "multilabel"
    labels: ClassVar[Literal["sets"]] = "sets"
    scores: ClassVar[Sequence[str]] = (
        "mean_average_precision",
        "macro_f1",
        "micro_f1",
        "exact_match",
        "hamming_loss",
    )

    class_names: tuple[str, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "class_names", tuple(map(class_name, self.class_names)))

    @property
    def target_shape(self) -> tuple[int, ...]:  # type: ignore[override]
        return (len(self.class_names),)

    @property
    def described(self) -> str:
        return f"any of {len(self.class_names)} labels"

    @property
    def label_names(self) -> tuple[str, ...] | None:
        return self.class_names

    @property
    def listed(self) -> str:
        return f"any of {some(self.class_names, 5)}"

    @property
    def default_metrics(self) -> Sequence[str]:
        return ("AUC",)

    @property
    def numbers(self) -> Mapping[str, int | None]:
        return {"num_classes": len(self.class_names)}

    def lost(self, before: np.ndarray, after: np.ndarray) -> Mapping[int, str]:
        return {
            place: name
            for place, name in enumerate(self.class_names)
            if before[:, place].any() and not after[:, place].any()
        }

    def as_json(self) -> dict[str, Any]:
        return {"class_names": list(self.class_names)}

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Self:
        return cls(tuple(record["class_names"]))

    def as_text(self, has: np.ndarray) -> str:
        """The labels of one example: `a|c`; empty where it has none.

        Args:
            has: 0 or 1 for each label.
        """
        return BETWEEN.join(name for name, one in zip(self.class_names, has.tolist(), strict=True) if one)

    def from_text(self, text: str) -> np.ndarray:
        """What `as_text` wrote, as bool of shape (labels,)."""
        import numpy as np

        named = set(text.split(BETWEEN))
        return np.array([name in named for name in self.class_names])
