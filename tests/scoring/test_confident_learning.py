"""Confident learning: against the paper's formulas as they are written, and cleanlab where that is."""

from __future__ import annotations

import numpy as np
import pytest

from bigmodel_cli.scoring.confident_learning import (
    calibrated_joint,
    class_thresholds,
    confident_joint,
    noise_rates,
    normalized_margin,
    prune_by_both,
    prune_by_class,
    prune_by_noise_rate,
)


def noisy(seed: int, num_classes: int = 4, count: int = 400) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Given labels, the right ones, and probabilities of a model that mostly knows the right ones."""
    random = np.random.default_rng(seed)
    right = random.integers(0, num_classes, count)
    labels = np.where(random.random(count) < 0.15, random.integers(0, num_classes, count), right)
    logits = random.normal(size=(count, num_classes)) + 2.5 * np.eye(num_classes)[right]
    exponentials = np.exp(logits)
    return labels, right, exponentials / exponentials.sum(axis=1, keepdims=True)


def joint_of(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    counts = np.bincount(labels, minlength=probabilities.shape[1])
    return calibrated_joint(confident_joint(labels, probabilities), counts)


def transcribed(labels, probabilities):
    """Equations 1 to 3 with the paper's own letters, an example at a time."""
    n, m = probabilities.shape
    t = [np.mean([probabilities[x, j] for x in range(n) if labels[x] == j]) for j in range(m)]
    C = [[0] * m for _ in range(m)]
    for x in range(n):
        reached = [j for j in range(m) if probabilities[x, j] >= t[j]]
        if reached:
            C[labels[x]][max(reached, key=lambda j: probabilities[x, j])] += 1
    scaled = [[C[i][j] / sum(C[i]) * list(labels).count(i) for j in range(m)] for i in range(m)]
    total = sum(map(sum, scaled))
    Q = [[scaled[i][j] / total for j in range(m)] for i in range(m)]
    return t, C, Q


@pytest.mark.parametrize("seed", range(5))
def test_counting_is_the_papers(seed):
    labels, _, probabilities = noisy(seed)
    t, C, Q = transcribed(labels, probabilities)
    assert class_thresholds(labels, probabilities) == pytest.approx(np.array(t))
    assert confident_joint(labels, probabilities).tolist() == C
    assert joint_of(labels, probabilities) == pytest.approx(np.array(Q))


@pytest.mark.parametrize("seed", range(5))
def test_pruning_is_the_papers(seed):
    labels, _, probabilities = noisy(seed)
    n, m = probabilities.shape
    _, _, Q = transcribed(labels, probabilities)
    by_class, by_rate = set(), set()
    for i in range(m):
        members = [x for x in range(n) if labels[x] == i]
        count = round(n * sum(Q[i][j] for j in range(m) if j != i))
        by_class |= set(sorted(members, key=lambda x: probabilities[x, i])[:count])
        for j in range(m):
            if i != j:
                ordered = sorted(members, key=lambda x: probabilities[x, i] - probabilities[x, j])
                by_rate |= set(ordered[: round(n * Q[i][j])])
    joint = joint_of(labels, probabilities)
    assert set(np.flatnonzero(prune_by_class(labels, probabilities, joint))) == by_class
    assert set(np.flatnonzero(prune_by_noise_rate(labels, probabilities, joint))) == by_rate
    assert set(np.flatnonzero(prune_by_both(labels, probabilities, joint))) == by_class & by_rate
    assert by_class != by_rate


@pytest.mark.parametrize("seed", range(3))
def test_cleanlab_counts_the_same(seed):
    count = pytest.importorskip("cleanlab.count")
    labels, _, probabilities = noisy(seed, num_classes=6, count=900)
    theirs = count.compute_confident_joint(labels, probabilities, calibrate=False)
    assert confident_joint(labels, probabilities).tolist() == theirs.tolist()
    joint = count.estimate_joint(labels, probabilities, confident_joint=theirs)
    # Theirs is of whole examples.
    assert joint_of(labels, probabilities) == pytest.approx(joint, abs=1 / 900)


@pytest.mark.parametrize("seed", range(3))
def test_cleanlab_finds_the_same(seed):
    find = pytest.importorskip("cleanlab.filter").find_label_issues
    labels, _, probabilities = noisy(seed, num_classes=3, count=900)
    joint, decided = joint_of(labels, probabilities), probabilities.argmax(axis=1)
    ways = {
        "prune_by_noise_rate": prune_by_noise_rate,
        "prune_by_class": prune_by_class,
        "both": prune_by_both,
    }
    for name, prune in ways.items():
        theirs = find(labels, probabilities, filter_by=name, n_jobs=1)
        ours = prune(labels, probabilities, joint) & (decided != labels)
        # It rounds counts so that rows still add up: an example more or less of a pair.
        assert np.sum(ours != theirs) <= 3, name
        assert np.sum(ours) > 60


def test_noise_is_estimated_by_pair():
    random = np.random.default_rng(0)
    right = np.repeat([0, 1, 2], 1000)
    # A tenth of class 0 is labelled 1; nothing else is wrong.
    labels = np.where((right == 0) & (random.random(3000) < 0.1), 1, right)
    probabilities = np.full((3000, 3), 0.02) + 0.94 * np.eye(3)[right]
    joint = joint_of(labels, probabilities)
    rates = noise_rates(joint)
    assert rates[1, 0] == pytest.approx(np.mean(labels[right == 0] == 1))
    assert rates.sum(axis=0) == pytest.approx(np.ones(3))
    assert rates[0, 1] == rates[2, 0] == rates[0, 2] == 0


def test_a_class_without_examples_is_nobodys_right_one():
    probabilities = np.array([[0.3, 0.1, 0.6], [0.2, 0.2, 0.6], [0.1, 0.8, 0.1]])
    labels = np.array([0, 0, 1])
    assert class_thresholds(labels, probabilities).tolist() == pytest.approx([0.25, 0.8, np.inf])
    assert confident_joint(labels, probabilities).tolist() == [[1, 0, 0], [0, 1, 0], [0, 0, 0]]
    joint = joint_of(labels, probabilities)
    assert joint[:, 2].sum() == joint[2].sum() == 0
    assert joint.sum() == pytest.approx(1)


def test_a_model_that_knows_nothing_accuses_nobody():
    labels = np.array([0, 0, 1, 1, 1])
    # Float32, whose mean is not exactly itself.
    probabilities = np.full((5, 2), 0.1, np.float32) + np.float32([0.3, 0.5])
    counts = confident_joint(labels, probabilities)
    assert counts.sum() == 5
    joint = calibrated_joint(np.zeros((2, 2), int), np.array([2, 3]))
    assert joint.tolist() == [[0.4, 0], [0, 0.6]]


def test_margin_is_to_the_best_other_class():
    margins = normalized_margin(np.array([0, 1]), np.array([[0.5, 0.3, 0.2], [0.7, 0.1, 0.2]]))
    assert margins == pytest.approx([0.2, -0.6])
