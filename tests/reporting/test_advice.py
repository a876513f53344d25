"""What to try: each rule speaks where it should, and nowhere else."""

from __future__ import annotations

import pytest

from bigmodel_cli.reporting.advice import Findings, advise


def findings(columns=None, best_epoch=5, config=None, **changes):
    good = {
        "epoch": [1, 2, 3, 4, 5, 6, 7, 8],
        "loss": [2, 1, 0.5, 0.3, 0.2, 0.19, 0.18, 0.17],
        "val_loss": [2, 1, 0.5, 0.3, 0.21, 0.21, 0.22, 0.22],
        "accuracy": [0.5, 0.6, 0.7, 0.8, 0.9, 0.9, 0.9, 0.9],
        "val_accuracy": [0.5, 0.6, 0.7, 0.8, 0.89, 0.88, 0.88, 0.88],
    }
    evaluation = {
        "examples": 1000,
        "metrics": {"accuracy": 0.89},
        "scores": {"expected_calibration_error": 0.01},
        "intervals": {"accuracy": {"low": 0.87, "high": 0.91}},
        "per_class": [{"class": name, "f1": 0.9, "support": 333} for name in "abc"],
    }
    return Findings({**good, **(columns or {})}, {**evaluation, **changes}, config or {}, best_epoch)


def test_a_good_run_gets_no_advice():
    assert advise(findings()) == []


@pytest.mark.parametrize(
    ("found", "says", "words"),
    [
        (
            findings({"val_loss": [2, 1, 0.5, 0.3, 0.21, 0.3, 0.4, 0.5]}),
            "After epoch 5 the validation loss rose while the training loss fell.",
            "training.callbacks=[{EarlyStopping: {monitor: val_loss, patience: 3}}]",
        ),
        (
            findings({"accuracy": [0.5, 0.6, 0.7, 0.8, 0.99, 1, 1, 1]}),
            "Training accuracy is 10.0% above validation accuracy.",
            "",
        ),
        (
            findings(best_epoch=8, config={"training": {"epochs": 8}}),
            "The best epoch is 8 of 8: it was still getting better.",
            "training.epochs=16",
        ),
        (
            findings(metrics={"accuracy": 0.334}),
            "Accuracy is 33.4%; always answering the largest class gives 33.3%.",
            "",
        ),
        (
            findings(
                per_class=[{"class": name, "f1": 0.95, "support": 333} for name in "ab"]
                + [{"class": "cat", "f1": 0.5, "support": 300}]
            ),
            "cat is the weakest class: F1 0.50, where the mean is 0.80 (300 examples in this split).",
            "",
        ),
        (
            findings(
                per_class=[{"class": name, "f1": 0.9, "support": n} for name, n in (("a", 900), ("b", 90))],
                metrics={"accuracy": 0.99},
            ),
            "The largest class has 10 times the examples of the smallest.",
            "data.class_weights=balanced",
        ),
        (
            findings(scores={"expected_calibration_error": 0.123}),
            "Probabilities are off by 12.3% on average.",
            "calibrate={}",
        ),
        (
            findings(examples=30, intervals={"accuracy": {"low": 0.7, "high": 0.96}}),
            "With 30 examples, the accuracy may be anything from 70% to 96%.",
            "",
        ),
    ],
    ids=["by heart", "gap", "more epochs", "untrained", "weak class", "imbalance", "calibration", "few"],
)
def test_each_finding(found, says, words):
    assert [(advice.finding, advice.words) for advice in advise(found)] == [(says, words)]


def test_what_was_done_already_is_not_advised():
    calibrated = findings(scores={"expected_calibration_error": 0.2}, config={"calibrate": {}})
    weighted = findings(
        per_class=[{"class": name, "f1": 0.9, "support": n} for name, n in (("a", 900), ("b", 90))],
        metrics={"accuracy": 0.99},
        config={"data": {"class_weights": "balanced"}},
    )
    stopped_early = findings(best_epoch=8, config={"training": {"epochs": 100}})
    assert advise(calibrated) == advise(weighted) == advise(stopped_early) == []


def test_a_run_of_numbers_without_validation():
    columns = {"epoch": [1], "loss": [1.0]}
    evaluation = {"examples": 10, "metrics": {"loss": 1.0}, "scores": {}, "intervals": {}}
    assert advise(Findings(columns, evaluation, {}, 1)) == []
