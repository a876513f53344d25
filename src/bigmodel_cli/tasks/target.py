"""A task as the way of the data knows it: which examples are alike, and what each of them counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from bigmodel_cli.cut import some

if TYPE_CHECKING:
    import numpy as np

Asked = Literal["balanced"] | Mapping[str, float]
# Classes whose weights a line has room for.
_SHOWN = 8


@dataclass(frozen=True, eq=False)
class ClassWeights:
    """What the loss of a training example counts, by its class.

    Attributes:
        class_names: In index order.
        values: float32 of shape (classes,).
    """

    class_names: Sequence[str]
    values: np.ndarray

    def describe(self) -> str:
        """`cat 0.571, dog 4`; of many classes the first ones, and how many there are."""
        named = zip(self.class_names, self.values.tolist(), strict=True)
        return some((f"{name} {weight:.3g}" for name, weight in named), _SHOWN)


class Target:
    """What splits, order and weights ask of a task.

    Attributes:
        task: The task.
    """

    def __init__(self, task: Any) -> None:
        self.task = task

    @property
    def num_columns(self) -> int | None:
        """How many numbers a target is; None where it is something else."""
        return None

    def strata(self, labels: np.ndarray) -> np.ndarray | None:
        """The group of each example, as whole numbers from 0 on; None where there are none.

        A held-out split gets its share of each, and `data.oversample` shows all of them equally often.
        """
        return None

    def class_weights(self, asked: Asked, labels: np.ndarray) -> ClassWeights | None:
        """`data.class_weights` for training examples with these labels; None where there are no classes.

        They are 1 on average over the examples, so that the learning rate keeps its meaning.
        """
        return None
