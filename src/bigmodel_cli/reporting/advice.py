"""What a run's numbers suggest to try next: rules of thumb, each with what it was found from."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

# Training this much better than validation means that examples are learned by heart.
_GAP = 0.03
# A validation loss this much above its smallest has been getting worse.
_RISE = 1.15
# Epochs at the end in which the best one says that more would help.
_STILL_IMPROVING = 2
_CALIBRATION = 0.05
# A class with this much less F1 than the mean of all stands out.
_WEAK = 0.15
_IMBALANCE = 5.0
_MOST = 5


@dataclass(frozen=True)
class Advice:
    """One thing to try.

    Attributes:
        finding: What was found, a sentence.
        advice: What may help, a sentence.
        words: For the command line or the config; empty where there is no such short form.
    """

    finding: str
    advice: str
    words: str = ""


@dataclass(frozen=True)
class Findings:
    """What advice is drawn from.

    Attributes:
        columns: Of metrics.csv, by name.
        evaluation: As evaluation/<split>.json has it.
        config: config.yaml as plain data.
        best_epoch: Of the checkpoint that was evaluated.
    """

    columns: Mapping[str, Sequence[float]]
    evaluation: Mapping[str, Any]
    config: Mapping[str, Any]
    best_epoch: int | None


def advise(findings: Findings) -> list[Advice]:
    """At most five things to try, the most telling first."""
    rules: tuple[Callable[[Findings], Iterator[Advice]], ...] = (
        _untrained,
        _overfitting,
        _more_epochs,
        _weak_class,
        _imbalance,
        _calibration,
        _few_examples,
    )
    return [advice for rule in rules for advice in rule(findings)][:_MOST]


def _untrained(findings: Findings) -> Iterator[Advice]:
    accuracy = findings.evaluation["metrics"].get("accuracy")
    classes = findings.evaluation.get("per_class", [])
    if accuracy is None or not classes:
        return
    largest = max(row["support"] for row in classes) / max(1, sum(row["support"] for row in classes))
    if accuracy <= largest * 1.02:
        yield Advice(
            f"Accuracy is {accuracy:.1%}; always answering the largest class gives {largest:.1%}.",
            "Nothing was learned yet: try another learning rate, ten times smaller or larger, "
            "and look at the training samples.",
        )


def _overfitting(findings: Findings) -> Iterator[Advice]:
    columns, at = findings.columns, _best_index(findings)
    if at is None or "val_loss" not in columns:
        return
    losses = [value for value in columns["val_loss"] if math.isfinite(value)]
    if losses and columns["val_loss"][-1] > _RISE * min(losses) and columns["loss"][-1] < columns["loss"][at]:
        yield Advice(
            f"After epoch {findings.best_epoch} the validation loss rose while the training loss fell.",
            "The rest was learned by heart: stop early, or add augmentation, Dropout or weight decay.",
            "training.callbacks=[{EarlyStopping: {monitor: val_loss, patience: 3}}]",
        )
    elif "accuracy" in columns and "val_accuracy" in columns:
        gap = columns["accuracy"][at] - columns["val_accuracy"][at]
        if gap > _GAP:
            yield Advice(
                f"Training accuracy is {gap:.1%} above validation accuracy.",
                "Augmentation, Dropout, weight decay or more examples narrow that gap.",
            )


def _more_epochs(findings: Findings) -> Iterator[Advice]:
    epochs = findings.columns["epoch"]
    if not epochs or findings.best_epoch is None or "val_loss" not in findings.columns:
        return
    planned = findings.config.get("training", {}).get("epochs", len(epochs))
    if len(epochs) >= planned and findings.best_epoch > epochs[-1] - _STILL_IMPROVING:
        yield Advice(
            f"The best epoch is {findings.best_epoch} of {int(epochs[-1])}: it was still getting better.",
            "More epochs may help; the run can go on from where it is.",
            f"training.epochs={2 * planned}",
        )


def _weak_class(findings: Findings) -> Iterator[Advice]:
    rows = [row for row in findings.evaluation.get("per_class", []) if row["support"]]
    if len(rows) < 3:
        return
    weakest = min(rows, key=lambda row: row["f1"])
    mean = sum(row["f1"] for row in rows) / len(rows)
    if weakest["f1"] < mean - _WEAK:
        yield Advice(
            f"{weakest['class']} is the weakest class: F1 {weakest['f1']:.2f}, where the mean is {mean:.2f} "
            f"({weakest['support']:,} examples in this split).",
            "Look at its mistakes below: are they labelled well, and are there enough of them in training?",
        )


def _imbalance(findings: Findings) -> Iterator[Advice]:
    supports = [row["support"] for row in findings.evaluation.get("per_class", []) if row["support"]]
    data = findings.config.get("data", {})
    if not supports or data.get("class_weights") or data.get("oversample"):
        return
    if max(supports) > _IMBALANCE * min(supports):
        yield Advice(
            f"The largest class has {max(supports) / min(supports):.0f} times the examples of the smallest.",
            "Weights let rare classes count as much; watch balanced accuracy and macro F1.",
            "data.class_weights=balanced",
        )


def _calibration(findings: Findings) -> Iterator[Advice]:
    error = findings.evaluation["scores"].get("expected_calibration_error")
    if error is not None and error > _CALIBRATION and findings.config.get("calibrate") is None:
        yield Advice(
            f"Probabilities are off by {error:.1%} on average.",
            "A temperature, chosen on the validation split, brings them into line without another training.",
            "calibrate={}",
        )


def _few_examples(findings: Findings) -> Iterator[Advice]:
    interval = findings.evaluation["intervals"].get("accuracy")
    if interval is not None and interval["high"] - interval["low"] > 0.1:
        yield Advice(
            f"With {findings.evaluation['examples']:,} examples, the accuracy may be anything from "
            f"{interval['low']:.0%} to {interval['high']:.0%}.",
            "Differences to other runs mean little within that; a larger test split tells more.",
        )


def _best_index(findings: Findings) -> int | None:
    epochs = list(findings.columns["epoch"])
    return epochs.index(findings.best_epoch) if findings.best_epoch in epochs else None
