"""Mean, spread and interval over folds."""

from __future__ import annotations

import numpy as np
import pytest

from bigmodel_cli.crossvalidation.repeats import mean_over_repeats
from bigmodel_cli.crossvalidation.statistics import over_folds

UNBOUNDED = dict.fromkeys(("accuracy", "a", "b", "error"), (-np.inf, np.inf))


def test_the_interval_is_nadeaus_and_bengios() -> None:
    accuracies = [0.81, 0.84, 0.79, 0.86, 0.80]
    found = over_folds(
        [{"accuracy": one} for one in accuracies], [0.25] * 5, UNBOUNDED, are_exchangeable=True
    )
    one = found["accuracy"]
    assert one.mean == pytest.approx(0.82)
    assert one.deviation == pytest.approx(np.std(accuracies, ddof=1))
    # 2.776 is the 0.975 quantile of Student's t with 4 degrees of freedom, as tables have it.
    half = 2.7764 * np.sqrt((1 / 5 + 0.25) * np.var(accuracies, ddof=1))
    assert one.low == pytest.approx(0.82 - half, abs=1e-5)
    assert one.high == pytest.approx(0.82 + half, abs=1e-5)


def test_folds_in_time_have_no_interval_and_what_a_fold_lacks_has_no_mean() -> None:
    found = over_folds([{"a": 1.0, "b": 2.0}, {"a": 3.0}], [0.5, 0.25], UNBOUNDED, are_exchangeable=False)
    assert set(found) == {"a"}
    assert (found["a"].mean, found["a"].low, found["a"].high) == (2.0, None, None)
    two = over_folds([{"a": 1.0}, {"a": 3.0}], [1.0, 1.0], UNBOUNDED, are_exchangeable=True)
    assert two["a"].low is None


@pytest.mark.slow
def test_it_covers_the_truth_where_the_plain_interval_does_not() -> None:
    """Means of a learner whose error depends on what it was trained on, over many draws of 60 examples."""
    random, hits, plain = np.random.default_rng(0), 0, 0
    for _ in range(400):
        values = random.normal(size=60)
        scores = []
        for part in np.split(random.permutation(60), 5):
            mean = np.delete(values, part).mean()
            scores.append({"error": float(np.mean((values[part] - mean) ** 2))})
        one = over_folds(scores, [0.25] * 5, UNBOUNDED, are_exchangeable=True)["error"]
        # What a mean of 48 standard normal numbers errs by on new ones.
        truth = 1 + 1 / 48
        assert one.low is not None
        assert one.high is not None
        hits += one.low <= truth <= one.high
        plain += abs(one.mean - truth) <= 1.96 * one.deviation / np.sqrt(5)
    assert hits / 400 > 0.93
    assert plain < hits


def test_it_ends_where_a_score_ends() -> None:
    scores = [{"accuracy": one, "r2": one, "loss": 1 - one} for one in (0.99, 1.0, 0.9, 1.0, 1.0)]
    ranges = {"accuracy": (0.0, 1.0), "r2": (-np.inf, 1.0), "loss": (0.0, np.inf)}
    cut = over_folds(scores, [0.25] * 5, ranges, are_exchangeable=True)
    whole = over_folds(scores, [0.25] * 5, dict.fromkeys(ranges, (-np.inf, np.inf)), are_exchangeable=True)
    assert whole["accuracy"].high > 1
    assert whole["loss"].low < 0
    assert (cut["accuracy"].low, cut["accuracy"].high) == (whole["accuracy"].low, 1.0)
    assert (cut["loss"].low, cut["loss"].high) == (0.0, whole["loss"].high)
    assert cut["r2"].high == 1.0
    assert cut["accuracy"].mean == whole["accuracy"].mean


def test_numbers_of_repeats_are_averaged_tables_are_the_first_ones() -> None:
    def document(accuracy, **others):
        return {
            "split": "out_of_fold",
            "checkpoint": "best",
            "examples": 10,
            "metrics": {"accuracy": accuracy, "loss": 1 - accuracy},
            "scores": {"roc_auc": accuracy, **others},
            "intervals": {"accuracy": {"low": accuracy - 0.2, "high": accuracy + 0.1, "level": 0.95}},
            "macro": {"f1": accuracy},
            "confusion_matrix": [[accuracy]],
        }

    documents = [document(0.7, log_loss=1.0), document(0.8)]
    found = mean_over_repeats(documents)
    assert found["metrics"] == pytest.approx({"accuracy": 0.75, "loss": 0.25})
    # A repeat that lacks a score makes no mean of the others.
    assert found["scores"] == pytest.approx({"roc_auc": 0.75})
    assert found["intervals"]["accuracy"] == pytest.approx({"low": 0.55, "high": 0.85, "level": 0.95})
    assert (found["macro"]["f1"], found["confusion_matrix"]) == (pytest.approx(0.75), [[0.7]])
    assert found["examples"] == 10
    several = mean_over_repeats([{"examples": 10, "metrics": {}, "targets": {"a": one}} for one in documents])
    assert several["targets"]["a"] == found
    assert mean_over_repeats(documents[:1]) == documents[0]
