"""A class for each pixel of an image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self

from bigmodel_cli.cut import some
from bigmodel_cli.tasks.task import Task

# What stands in a target where a pixel counts nowhere.
IGNORED = -1


@dataclass(frozen=True)
class Segmentation(Task):
    """A mask: the class of each pixel.

    Attributes:
        size: (height, width) of a mask, in pixels.
        class_names: In index order.
    """

    name: ClassVar[str] = "segmentation"
    labels: ClassVar[Literal["masks"]] = "masks"
    scores: ClassVar[Sequence[str]] = ("mean_iou", "pixel_accuracy", "mean_dice", "boundary_f1")

    size: tuple[int, int]
    class_names: tuple[str, ...]

    @property
    def target_shape(self) -> tuple[int, ...]:  # type: ignore[override]
        return self.size

    @property
    def described(self) -> str:
        height, width = self.size
        return f"a class of {len(self.class_names)} for each of {height} × {width} pixels"

    @property
    def label_names(self) -> tuple[str, ...] | None:
        return self.class_names

    @property
    def listed(self) -> str:
        return some(self.class_names, 5)

    @property
    def default_metrics(self) -> Sequence[str]:
        return ("MeanIoU", "accuracy")

    @property
    def metric_arguments(self) -> Mapping[str, Mapping[str, Any]]:
        own = {"num_classes": len(self.class_names), "sparse_y_pred": False, "name": "mean_iou"}
        return {"MeanIoU": own}

    @property
    def numbers(self) -> Mapping[str, int | None]:
        return {"num_classes": len(self.class_names)}

    def as_json(self) -> dict[str, Any]:
        return {"size": list(self.size), "class_names": list(self.class_names)}

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Self:
        height, width = record["size"]
        return cls((height, width), tuple(record["class_names"]))
