"""What simple models reach at masks: one that looks at places alone, one at colours, and one at both."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from bigmodel_cli.tasks.baseline import Baselines, Fitted, Learned
from bigmodel_cli.tasks.segmentation.task import Segmentation

# Steps of each channel that colours are told apart by.
_BINS = 8
# Longer sides of what is kept of pictures, as `kinds/image/baseline.py` has them; channels of a picture.
_SIDES, _CHANNELS = (32, 16, 8), (1, 3, 4)
# Pixels that trees learn from, at most.
_MOST_PIXELS = 100_000


class SegmentationBaselines(Baselines):
    """Values are masks, int64 of shape (n, height, width)."""

    task: Segmentation
    constant: ClassVar[str] = "most_frequent_class_by_place"
    linear: ClassVar[str] = "most_frequent_class_by_colour"
    trees: ClassVar[str] = "trees_of_colour_and_place"
    told: ClassVar[Sequence[str]] = ("mean_iou", "pixel_accuracy", "mean_dice", "boundary_f1")

    @property
    def num_outputs(self) -> int:
        return len(self.task.class_names)

    def linear_work(self, num_features: int) -> int:
        return num_features

    def fit_constant(self, learned: Learned) -> Fitted:
        """At each place the class that is there most often."""
        size = len(self.task.class_names)
        counts = np.stack([(learned.labels == number).sum(axis=0) for number in range(size)], axis=-1)
        # Where nobody knows any, that of all places.
        counts = np.where(counts.any(axis=-1, keepdims=True), counts, counts.sum(axis=(0, 1)))
        mask = counts.argmax(axis=-1)
        return lambda features: np.broadcast_to(mask, (len(features), *mask.shape))

    def fit_linear(self, learned: Learned) -> Fitted:
        """For each colour, told apart by some steps of its channels, the class that has it most often."""
        pixels, size = self._pixels(learned.features), len(self.task.class_names)
        low, high = pixels.min(), pixels.max()
        labels = self._small(learned.labels, pixels.shape[1:3])
        places = _bins(pixels, low, high)
        known = labels >= 0
        counts = np.zeros((_BINS ** pixels.shape[-1], size), np.int64)
        np.add.at(counts, (places[known], labels[known]), 1)
        counts = np.where(counts.any(axis=1, keepdims=True), counts, counts.sum(axis=0))
        by_colour = counts.argmax(axis=1)
        return lambda features: self._large(by_colour[_bins(self._pixels(features), low, high)])

    def fit_trees(self, learned: Learned) -> Fitted:
        from sklearn.ensemble import HistGradientBoostingClassifier

        pixels = self._pixels(learned.features)
        labels = self._small(learned.labels, pixels.shape[1:3]).reshape(-1)
        rows = np.flatnonzero(labels >= 0)
        rows = np.random.default_rng(learned.seed).permutation(rows)[:_MOST_PIXELS]
        if len(np.unique(labels[rows])) == 1:
            return self.fit_constant(learned)
        model = HistGradientBoostingClassifier(random_state=learned.seed)
        model.fit(_with_places(pixels)[rows], labels[rows])

        def masks(features: np.ndarray) -> np.ndarray:
            own = self._pixels(features)
            return self._large(model.predict(_with_places(own)).astype(np.int64).reshape(own.shape[:3]))

        return masks

    def _pixels(self, features: np.ndarray) -> np.ndarray:
        """Rows of numbers as the pictures that they are: shape (n, height, width, channels)."""
        for side in _SIDES:
            height, width = (min(whole, side) for whole in self.task.size)
            channels, rest = divmod(features.shape[1], height * width)
            if not rest and channels in _CHANNELS:
                return features.reshape(len(features), height, width, channels)
        raise ValueError(f"{features.shape[1]} numbers are no picture of {self.task.size}")

    def _small(self, labels: np.ndarray, size: Sequence[int]) -> np.ndarray:
        rows, columns = (_nearest(small, whole) for small, whole in zip(size, self.task.size, strict=True))
        return np.asarray(labels[:, rows][:, :, columns])

    def _large(self, masks: np.ndarray) -> np.ndarray:
        rows, columns = (
            _nearest(whole, small) for whole, small in zip(self.task.size, masks.shape[1:], strict=True)
        )
        return np.asarray(masks[:, rows][:, :, columns])


def _nearest(count: int, of: int) -> np.ndarray:
    """For each of so many places along a side the nearest of another number of them."""
    return np.asarray(((np.arange(count) + 0.5) * of / count).astype(np.int64))


def _bins(pixels: np.ndarray, low: float, high: float) -> np.ndarray:
    """A number for each colour; shape (n, height, width)."""
    steps = ((pixels - low) / max(high - low, 1e-9) * _BINS).astype(np.int64).clip(0, _BINS - 1)
    return np.asarray(steps @ (_BINS ** np.arange(pixels.shape[-1])))


def _with_places(pixels: np.ndarray) -> np.ndarray:
    """A row for each pixel: its channels, and where it is."""
    number, height, width, channels = pixels.shape
    down, right = np.broadcast_arrays(*np.ogrid[:height, :width])
    places = np.broadcast_to(np.stack([down, right], axis=-1), (number, height, width, 2))
    return np.concatenate([pixels, places], axis=-1).reshape(-1, channels + 2)
