"""Masks: the likeliest class of each pixel, as shares of the image and as a file."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from bigmodel_cli.config.reading import Reading
from bigmodel_cli.geometry import Geometry
from bigmodel_cli.scoring.probabilities import as_numbers
from bigmodel_cli.scoring.rule import DecisionRule
from bigmodel_cli.tasks.predictions import Answer, Predictions, Telling
from bigmodel_cli.tasks.segmentation.drawing import in_size_of_file, mask_png, over
from bigmodel_cli.tasks.segmentation.target import in_shares
from bigmodel_cli.tasks.segmentation.task import Segmentation

# Classes that a caption has room for.
_IN_CAPTION = 2
# What the example beside an export says.
_TELL = """\
def tell(features):
    # The likeliest class of each pixel, at the size that the model takes.
    ((name, (scores,)),) = predict(features).items()
    mask = scores.argmax(axis=-1)
    shares = np.bincount(mask.ravel(), minlength=scores.shape[-1]) / mask.size
    for place in np.argsort(-shares, kind="stable")[:3]:
        print(LABELS[name][place], f"{shares[place]:.1%}")
"""


@dataclass(frozen=True, slots=True)
class Mask(Answer):
    """What a model says of one image.

    Attributes:
        values: A score of each class at each pixel, shape (height, width, classes).
        decided: The class of each pixel, shape (height, width).
        task: Which classes there are.
    """

    values: np.ndarray
    decided: np.ndarray
    task: Segmentation

    @property
    def _counts(self) -> np.ndarray:
        return np.bincount(self.decided.reshape(-1), minlength=len(self.task.class_names))

    def line(self, top: int) -> str:
        return in_shares(self._counts, self.task.class_names)

    def caption(self, shown: Callable[[str], str]) -> str:
        return shown(in_shares(self._counts, self.task.class_names, _IN_CAPTION))

    def as_json(self, top: int) -> dict[str, Any]:
        """Shares of the classes, and the mask as a PNG in base64 whose pixels are numbers of classes."""
        counts = self._counts
        return {
            "prediction": in_shares(counts, self.task.class_names),
            "classes": [
                {"class": name, "pixels": count, "share": count / self.decided.size}
                for name, count in zip(self.task.class_names, counts.tolist(), strict=True)
            ],
            "mask": base64.b64encode(mask_png(self.decided, len(counts))).decode("ascii"),
        }

    def cells(self) -> list[str]:
        return [in_shares(self._counts, self.task.class_names)]

    def drawn(self, pixels: np.ndarray) -> np.ndarray:
        return over(pixels, self.decided, len(self.task.class_names))

    def png(self, geometry: Geometry) -> bytes:
        return mask_png(in_size_of_file(self.values, geometry), len(self.task.class_names))


class SegmentationPredictions(Predictions[Segmentation]):
    """Of each pixel a class."""

    gives_files: ClassVar[bool] = True

    @property
    def telling(self) -> Telling:
        return Telling(_TELL)

    def values(self, outputs: np.ndarray, reading: Reading) -> np.ndarray:
        return as_numbers(outputs, reading)

    def answers(self, values: np.ndarray, reading: Reading, rule: DecisionRule) -> Iterator[Answer]:
        for scores in values:
            yield Mask(scores, scores.argmax(axis=-1), self.task)

    def columns(self, reading: Reading) -> list[str]:
        return ["prediction"]
