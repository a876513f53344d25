"""Scores of masks, against scikit-learn, SciPy, Keras and sums over pixels one by one."""

from __future__ import annotations

import numpy as np
import pytest

from bigmodel_cli.scoring.masks import counted, image_ious, mask_scores, num_counts, parted

NAMES = ("ground", "cell", "core")


@pytest.fixture(scope="module")
def masks():
    """Seven masks of blobs, some pixels of which count nowhere, and what a model might say."""
    rng = np.random.default_rng(3)
    rows, columns = np.mgrid[:40, :52]
    labels = np.zeros((7, 40, 52), np.int8)
    for mask in labels[:-1]:
        y, x, radius = rng.uniform(12, 30), rng.uniform(12, 40), rng.uniform(6, 11)
        far = np.hypot(rows - y, columns - x)
        mask[far < radius] = 1
        mask[far < radius / 2] = 2
    decided = np.roll(labels, (1, 2), (1, 2)).astype(np.int32)
    flipped = rng.random(labels.shape) < 0.02
    decided[flipped] = rng.integers(0, 3, int(flipped.sum()))
    labels[2, :7] = -1
    labels[rng.random(labels.shape) < 0.01] = -1
    return labels, decided


@pytest.fixture(scope="module")
def counts(masks):
    rows = counted(*masks, 3)
    assert rows.shape == (7, num_counts(3))
    return parted(rows, 3)


@pytest.fixture(scope="module")
def scores(counts):
    return mask_scores(counts, NAMES, seed=0)


@pytest.mark.slow
def test_the_matrix_is_scikit_learns(masks, counts):
    from sklearn.metrics import confusion_matrix

    for mask, told, found in zip(*masks, counts.confusion, strict=True):
        known = mask >= 0
        expected = confusion_matrix(mask[known], told[known], labels=[0, 1, 2])
        np.testing.assert_array_equal(found, expected)


@pytest.mark.slow
def test_overlap_is_scikit_learns(masks, scores):
    from sklearn.metrics import accuracy_score, f1_score, jaccard_score

    labels, decided = masks
    known = labels >= 0
    right, told = labels[known], decided[known]
    assert scores.headline["mean_iou"] == pytest.approx(jaccard_score(right, told, average="macro"))
    assert scores.headline["pixel_accuracy"] == pytest.approx(accuracy_score(right, told))
    assert scores.others["mean_dice"] == pytest.approx(f1_score(right, told, average="macro"))
    assert [row["iou"] for row in scores.details["per_class"]] == pytest.approx(
        jaccard_score(right, told, average=None).tolist()
    )


@pytest.mark.tf
def test_overlap_is_what_keras_measures(masks, scores):
    import keras

    labels, decided = masks
    metric = keras.metrics.MeanIoU(3, ignore_class=-1)
    metric.update_state(labels, decided)
    assert scores.headline["mean_iou"] == pytest.approx(float(metric.result()), rel=1e-6)


def border_of(mask, known, number):
    """Pixel by pixel: those of a class beside which another class is."""
    found = np.zeros(mask.shape, bool)
    for row, column in np.argwhere((mask == number) & known):
        for down, right in ((0, 1), (1, 0), (0, -1), (-1, 0)):
            y, x = row + down, column + right
            if 0 <= y < mask.shape[0] and 0 <= x < mask.shape[1] and known[y, x] and mask[y, x] != number:
                found[row, column] = True
    return found


@pytest.mark.slow
@pytest.mark.parametrize("size", [(40, 52), (200, 260)], ids=["one_pixel", "two_pixels"])
def test_borders_are_those_of_a_distance_transform(masks, size):
    """A border that is told is right where one that is there is no farther than 0.75 % of the diagonal."""
    from scipy.ndimage import distance_transform_edt

    times = size[0] // 40
    labels, decided = (mask.repeat(times, 1).repeat(times, 2)[:4] for mask in masks)
    far = max(1.0, 0.0075 * float(np.hypot(*size)))
    assert int(far) == (1 if times == 1 else 2)
    expected = np.zeros((3, 4))
    for mask, told in zip(labels, decided, strict=True):
        for number in range(3):
            borders = [border_of(one, mask >= 0, number) for one in (told, mask)]
            near = [
                distance_transform_edt(~border) <= far if border.any() else np.zeros(mask.shape, bool)
                for border in borders
            ]
            hits = (borders[0] & near[1]).sum(), (borders[1] & near[0]).sum()
            expected[number] += (borders[0].sum(), hits[0], borders[1].sum(), hits[1])
    counts = parted(counted(labels, decided, 3), 3)
    np.testing.assert_array_equal(counts.borders.sum(axis=0), expected)
    precision, recall = expected[:, 1] / expected[:, 0], expected[:, 3] / expected[:, 2]
    f1 = 2 * precision * recall / (precision + recall)
    found = mask_scores(counts, NAMES, seed=0)
    assert found.others["boundary_f1"] == pytest.approx(f1.mean())


def test_a_mask_that_is_right_is_whole(masks):
    labels, _ = masks
    found = mask_scores(parted(counted(labels, np.maximum(labels, 0), 3), 3), NAMES, seed=0)
    assert {*found.headline.values(), *found.others.values()} == {1.0}


def test_a_class_that_is_nowhere_is_in_no_mean():
    labels = np.zeros((2, 4, 4), np.int8)
    labels[:, :, 2:] = 1
    found = mask_scores(parted(counted(labels, labels, 4), 4), (*NAMES, "nothing"), seed=0)
    assert found.headline["mean_iou"] == 1
    assert [row["iou"] for row in found.details["per_class"]] == [1, 1, 0, 0]
    # One that is told where it is not lowers the mean by its part.
    wrong = labels.astype(np.int32)
    wrong[0, 0, 0] = 3
    found = mask_scores(parted(counted(labels, wrong, 4), 4), (*NAMES, "nothing"), seed=0)
    assert found.headline["mean_iou"] == pytest.approx((15 / 16 + 1 + 0) / 3)


def test_images_that_count_nowhere_change_nothing(masks, scores):
    labels, decided = masks
    more = np.concatenate([labels, np.full((1, 40, 52), -1, np.int8)])
    found = parted(counted(more, np.concatenate([decided, decided[:1]]), 3), 3)
    assert mask_scores(found, NAMES, seed=0).headline == scores.headline
    assert image_ious(found)[-1] == 0


def test_an_image_has_its_own_overlap(masks, counts):
    first = mask_scores(counts.take(np.array([0])), NAMES, seed=0)
    assert image_ious(counts)[0] == pytest.approx(first.headline["mean_iou"])


def test_intervals_hold_the_score(scores):
    for name, interval in scores.intervals.items():
        value = {**scores.headline, **scores.others}[name]
        assert interval.low < value < interval.high
        assert interval.method == "bootstrap"
