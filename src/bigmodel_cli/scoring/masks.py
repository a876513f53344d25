"""How well pixels are classified: counts of each image, which add up, and the scores of these."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from bigmodel_cli.scoring.intervals import bootstrapped_means, percentiles
from bigmodel_cli.scoring.scores import Scores

MEASURES = ("precision", "recall", "f1")
# Of borders: pixels that were told, those of them near one that is there, and the other way round.
_OF_BORDERS = 4
# How far off a border may be, in parts of an image's diagonal (Csurka et al. 2013).
TOLERANCE = 0.0075


class Counts(NamedTuple):
    """What was counted in n images of k classes.

    Attributes:
        confusion: Pixels by right class and by decided one, shape (n, k, k).
        borders: Of each class `_OF_BORDERS`, shape (n, k, 4).
    """

    confusion: np.ndarray
    borders: np.ndarray

    def take(self, rows: np.ndarray) -> Counts:
        """Those of some images."""
        return Counts(self.confusion[rows], self.borders[rows])


def num_counts(num_classes: int) -> int:
    """How many numbers `counted` gives of each image."""
    return num_classes * (num_classes + _OF_BORDERS)


def counted(labels: np.ndarray, decided: np.ndarray, num_classes: int) -> np.ndarray:
    """Count pixels and borders of images.

    Args:
        labels: Right classes of shape (n, height, width); what is below 0 counts nowhere.
        decided: Classes that were decided for, likewise.
        num_classes: How many there are.

    Returns:
        int64 of shape (n, `num_counts`), which `parted` takes.
    """
    rows = np.zeros((len(labels), num_counts(num_classes)), np.int64)
    cells = num_classes * num_classes
    for row, right, told in zip(rows, labels, decided, strict=True):
        counts = right >= 0
        pairs = right[counts].astype(np.int64) * num_classes + told[counts]
        row[:cells] = np.bincount(pairs, minlength=cells)
        row[cells:] = _borders(right, told, num_classes).reshape(-1)
    return rows


def parted(rows: np.ndarray, num_classes: int) -> Counts:
    """What `counted` gives, in its parts."""
    cells = num_classes * num_classes
    return Counts(
        rows[:, :cells].reshape(-1, num_classes, num_classes),
        rows[:, cells:].reshape(-1, num_classes, _OF_BORDERS),
    )


def _borders(right: np.ndarray, told: np.ndarray, num_classes: int) -> np.ndarray:
    found = np.zeros((num_classes, _OF_BORDERS), np.int64)
    counts = right >= 0
    # What nobody knows draws no border: neither around it nor in it.
    told = np.where(counts, told, -1)
    for number in np.union1d(right[counts], told[counts]).tolist():
        of_told, of_right = (_border(mask, number) for mask in (told, right))
        found[number] = (
            of_told.sum(),
            (of_told & _near(of_right)).sum(),
            of_right.sum(),
            (of_right & _near(of_told)).sum(),
        )
    return found


def _border(mask: np.ndarray, number: int) -> np.ndarray:
    """The pixels of a class that have another one beside, above or below them."""
    inside, known = mask == number, mask >= 0
    border = np.zeros_like(inside)
    for axis in (0, 1):
        first, second = (slice(None),) * axis + (slice(None, -1),), (slice(None),) * axis + (slice(1, None),)
        differ = (inside[first] != inside[second]) & known[first] & known[second]
        border[first] |= differ
        border[second] |= differ
    return np.asarray(border & inside)


def _near(border: np.ndarray) -> np.ndarray:
    """Where a border is no farther than may be."""
    height, width = border.shape
    near = np.zeros_like(border)
    if not border.any():
        return near
    for down, right in _disc(max(1.0, TOLERANCE * float(np.hypot(height, width)))):
        to = _shifted(height, down), _shifted(width, right)
        of = _shifted(height, -down), _shifted(width, -right)
        near[to] |= border[of]
    return near


def _shifted(length: int, by: int) -> slice:
    return slice(max(0, by), min(length, length + by))


@lru_cache(maxsize=8)
def _disc(radius: float) -> Sequence[tuple[int, int]]:
    reach = range(-int(radius), int(radius) + 1)
    return [(down, right) for down in reach for right in reach if down**2 + right**2 <= radius**2]


def mask_scores(of: Counts, class_names: Sequence[str], *, seed: int) -> Scores:
    """Overlap, shares and borders, over the pixels of all images together.

    Means over classes are over those that are there, or were decided for, in some image.

    Args:
        of: What was counted, at least one image.
        class_names: In index order.
        seed: Of the resampling for the intervals, whose unit is an image.
    """
    per_image = _sums(of)
    totals = _measured(per_image.sum(axis=0)[np.newaxis])
    means = {name: float(value[0]) for name, value in _means(totals).items()}
    headline = {name: means.pop(name) for name in ("mean_iou", "pixel_accuracy")}
    intervals = {}
    if len(per_image) > 1:
        drawn = bootstrapped_means(per_image.reshape(len(per_image), -1), seed)
        measured = _measured(drawn.reshape(-1, *per_image.shape[1:]))
        intervals = {name: percentiles(values) for name, values in _means(measured).items()}
    per_class = _per_class(totals, of, class_names)
    present = [row for row in per_class if row["support"] or row["predicted"]]
    details = {
        "macro": {name: float(np.mean([row[name] for row in present] or [0.0])) for name in MEASURES},
        "per_class": per_class,
        "confusion_matrix": of.confusion.sum(axis=0, dtype=np.int64).tolist(),
    }
    return Scores(headline, means, intervals, details)


def image_ious(of: Counts) -> np.ndarray:
    """The mean IoU of each image, over the classes that are there or were decided for; float64 (n,)."""
    return _means(_measured(_sums(of)))["mean_iou"]


def _sums(of: Counts) -> np.ndarray:
    """What scores need of each image and class: float64 of shape (n, k, 7)."""
    found = np.einsum("nkk->nk", of.confusion)
    parts = [found, of.confusion.sum(axis=1), of.confusion.sum(axis=2)]
    return np.concatenate([np.stack(parts, axis=-1), of.borders], axis=-1).astype(np.float64)


def _measured(sums: np.ndarray) -> Mapping[str, np.ndarray]:
    """Measures by name, each of shape (m, k), of sums of shape (m, k, 7); NaN of what is not there."""
    found, told, there, told_border, right_border, border, found_border = np.moveaxis(sums, -1, 0)
    return {
        "iou": _share(found, told + there - found),
        "f1": _share(2 * found, told + there),
        "precision": _share(found, told),
        "recall": _share(found, there),
        "boundary_f1": _f1(_share(right_border, told_border), _share(found_border, border)),
        "found": found,
        "there": there,
    }


def _means(measured: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    pixels = measured["there"].sum(axis=1)
    return {
        "mean_iou": _mean(measured["iou"]),
        "pixel_accuracy": np.nan_to_num(_share(measured["found"].sum(axis=1), pixels)),
        "mean_dice": _mean(measured["f1"]),
        "boundary_f1": _mean(measured["boundary_f1"]),
    }


def _per_class(
    totals: Mapping[str, np.ndarray], of: Counts, class_names: Sequence[str]
) -> list[dict[str, Any]]:
    confusion = of.confusion.sum(axis=0, dtype=np.int64)
    shown = ("iou", *MEASURES, "boundary_f1")
    return [
        {
            "class": name,
            **{measure: float(np.nan_to_num(totals[measure][0, place])) for measure in shown},
            "support": int(confusion[place].sum()),
            "predicted": int(confusion[:, place].sum()),
        }
        for place, name in enumerate(class_names)
    ]


def _share(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """One over the other; NaN where there is nothing."""
    return np.asarray(np.divide(part, whole, out=np.full(np.shape(part), np.nan), where=whole > 0))


def _f1(precision: np.ndarray, recall: np.ndarray) -> np.ndarray:
    """Of shares; NaN where neither is known, 0 where one is not."""
    both = np.isnan(precision) & np.isnan(recall)
    one, other = np.nan_to_num(precision), np.nan_to_num(recall)
    return np.asarray(np.where(both, np.nan, np.nan_to_num(_share(2 * one * other, one + other))))


def _mean(values: np.ndarray) -> np.ndarray:
    """Over those classes that are known; 0 where none is."""
    known = ~np.isnan(values)
    return np.asarray(np.nan_to_num(_share(np.where(known, values, 0).sum(axis=1), known.sum(axis=1))))
