"""How well pixels are classified."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar, Self

import numpy as np

from bigmodel_cli.config.reading import Reading
from bigmodel_cli.scoring.groups.gaps import GroupScores, Values, mean_by_chance
from bigmodel_cli.scoring.groups.grouping import Groups
from bigmodel_cli.scoring.masks import Counts, counted, image_ious, mask_scores, parted
from bigmodel_cli.scoring.rule import AS_IT_IS, DecisionRule
from bigmodel_cli.tasks.figures import Cells
from bigmodel_cli.tasks.scores import NUM_SAMPLES, Sample, Scored, SequenceScoring
from bigmodel_cli.tasks.segmentation.drawing import over
from bigmodel_cli.tasks.segmentation.target import in_shares
from bigmodel_cli.tasks.segmentation.task import Segmentation

# So many pixels of an image may be decided otherwise, and it is the same mask.
_BY_CHANCE = 1e-3


@dataclass(frozen=True)
class ScoredMasks(Scored):
    """What a model made of images.

    Attributes:
        labels: Pixels of each class that are there, int64 of shape (n, classes).
        values: What was counted of each image, as `scoring.masks.counted` gives it.
        task: Which classes there are.
        counts: The same in its parts.
        ious: The mean IoU of each image.
        decided: Masks that were decided for, of samples, by their indices.
    """

    needs_outputs: ClassVar[bool] = True

    task: Segmentation
    counts: Counts
    ious: np.ndarray
    decided: Mapping[int, np.ndarray] = field(default_factory=dict)

    def columns(self) -> list[str]:
        return ["label", "prediction", "mean_iou", "counts"]

    def rows(self) -> Iterator[list[str]]:
        for index, row in enumerate(self.values.astype(np.int64).tolist()):
            yield [*self._written(index), f"{self.ious[index]:.9g}", json.dumps(row, separators=(",", ":"))]

    def _written(self, index: int) -> tuple[str, str]:
        confusion, names = self.counts.confusion[index], self.task.class_names
        return in_shares(confusion.sum(axis=1), names), in_shares(confusion.sum(axis=0), names)

    def samples(self) -> dict[str, list[Sample]]:
        """The images that went worst, by their own mean IoU."""
        confusion = self.counts.confusion
        wrong = confusion.sum(axis=(1, 2)) - np.einsum("nkk->n", confusion)
        order = np.lexsort((-wrong, self.ious))[:NUM_SAMPLES].tolist()
        return {
            "mistakes": [
                Sample(index, *self._written(index), of_label=round(float(self.ious[index]), 6))
                for index in order
                if wrong[index]
            ]
        }

    def with_outputs(self, outputs: Mapping[int, np.ndarray]) -> Self:
        return replace(self, decided={index: one.argmax(axis=-1) for index, one in outputs.items()})

    def pictures(self, index: int, pixels: np.ndarray, label: np.ndarray) -> Sequence[np.ndarray]:
        """The image, its mask, and the one that was decided for."""
        masks = [np.full(label.shape, -1), label, *([self.decided[index]] if index in self.decided else [])]
        return [over(pixels, mask, len(self.task.class_names)) for mask in masks]

    def by_group(self, groups: Groups, *, seed: int) -> GroupScores:
        found, intervals = [], []
        for number in range(len(groups.names)):
            inside = np.flatnonzero(groups.members == number)
            scores = mask_scores(self.counts.take(inside), self.task.class_names, seed=seed)
            found.append({**scores.headline, **scores.others})
            intervals.append(scores.intervals)
        names = list(found[0]) if found else []
        values: dict[str, Values] = {name: [of_one[name] for of_one in found] for name in names}
        confusion = self.counts.confusion
        right = np.einsum("nkk->n", confusion) / np.maximum(confusion.sum(axis=(1, 2)), 1)
        chance = mean_by_chance(right, groups, seed)
        by_chance = {} if chance is None else {"pixel_accuracy": chance}
        return GroupScores(groups, values, intervals, by_chance, shown=names)


class SegmentationScoring(SequenceScoring[Segmentation]):
    """Of masks, by what was counted of each image."""

    def scored(self, labels: np.ndarray, values: np.ndarray, rule: DecisionRule, *, seed: int) -> Scored:
        names = self.task.class_names
        if values.ndim == 3:
            # Masks themselves, as simple models give them.
            values = counted(labels, values, len(names))
        counts = parted(values.astype(np.int64), len(names))
        scores = mask_scores(counts, names, seed=seed)
        return ScoredMasks(
            counts.confusion.sum(axis=2), values, scores, self.task, counts, image_ious(counts)
        )

    def of_kept(self, kept: np.ndarray, reading: Reading) -> np.ndarray:
        return kept

    def of_outputs(self, labels: np.ndarray, outputs: np.ndarray, reading: Reading) -> np.ndarray:
        decided = np.argmax(outputs, axis=-1)
        return counted(labels, decided, len(self.task.class_names)).astype(np.float32)

    def scored_again(self, cells: Cells, rule: DecisionRule, *, seed: int) -> Scored:
        rows = np.array([json.loads(cell) for cell in cells("counts")], np.float32)
        return self.scored(np.zeros(0), rows, rule, seed=seed)

    def differing(self, expected: np.ndarray, found: np.ndarray, rule: DecisionRule = AS_IT_IS) -> int | None:
        """Images of which more pixels are decided otherwise than may be by chance.

        Where two classes are equally likely, the last digit decides.
        """
        if expected.ndim == 2:
            size = len(self.task.class_names)
            one, other = (parted(values, size).confusion for values in (expected, found))
            shares = np.abs(one - other).sum(axis=(1, 2)) / 2 / np.maximum(one.sum(axis=(1, 2)), 1)
        else:
            shares = (expected.argmax(axis=-1) != found.argmax(axis=-1)).mean(axis=(1, 2))
        return int((shares > _BY_CHANCE).sum())
