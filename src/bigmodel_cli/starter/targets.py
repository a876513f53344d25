"""What labels are, and what in a config follows from it: the last layers, the loss, the metrics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

# Metrics of labels that an example may have several of.
_OF_EACH = "[BinaryAccuracy, {AUC: {multi_label: true}}]"


@dataclass(frozen=True)
class Targets:
    """What labels are.

    Attributes:
        kind: As the key `labels` of sources names them.
        count: Classes, or numbers of one label.
        described: The same in words.
        head: The last layers as YAML, a line each.
        loss: As YAML.
        metrics: As YAML.
        monitor_of_few: What tells epochs apart on few held-out examples; None: what `auto` takes.
        why_monitored: The same as a comment.
        decision: Why they are that, where it could be otherwise.
        probabilities: The layer that makes them of logits, as YAML; None: there are none.
    """

    kind: Literal["classes", "numbers"]
    count: int
    described: str
    head: Sequence[str]
    loss: str
    metrics: str
    monitor_of_few: str | None = None
    why_monitored: str = "of few held-out examples all may be right early: the loss still tells epochs apart"
    decision: str | None = None
    probabilities: str | None = None


def classes(count: int) -> Targets:
    """One of so many classes for each example."""
    head = ["- Dense: {units: num_classes, activation: softmax}   # num_classes is known from the data"]
    return Targets(
        "classes",
        count,
        f"{count} classes",
        head,
        "CategoricalCrossentropy",
        "[accuracy]",
        "val_loss",
        probabilities="Softmax",
    )


def several_classes(count: int) -> Targets:
    """Any number of so many classes for each example."""
    head = ["- Dense: {units: num_classes, activation: sigmoid}   # each class by itself"]
    described = f"{count} classes, several at once"
    return Targets(
        "classes",
        count,
        described,
        head,
        "BinaryCrossentropy",
        _OF_EACH,
        "val_loss",
        probabilities="Activation: {activation: sigmoid}",
    )


def flags(count: int) -> Targets:
    """So many labels that an example has or has not, each 0 or 1."""
    head = [f"- Dense: {{units: {count}, activation: sigmoid}}   # each label by itself"]
    described = f"{count} labels of 0 or 1, several at once"
    return Targets("numbers", count, described, head, "BinaryCrossentropy", _OF_EACH)


def quantity() -> Targets:
    """A column of numbers of a table, which the source scales for the model and back."""
    head = ["- Dense: {units: 1}"]
    why = "squared errors, as R² and the root mean squared error have them"
    return Targets("numbers", 1, "numbers", head, "MeanSquaredError", "[mae, R2Score]", "val_loss", why)


def numbers(center: Sequence[float], spread: Sequence[float]) -> Targets:
    """Quantities, whose scale the model need not learn.

    Args:
        center: Their means.
        spread: Their standard deviations.
    """
    count = len(center)
    if count == 1:
        scaled = f"- Rescaling: {{scale: {spread[0]:.4g}, offset: {center[0]:.4g}}}"
        described = "numbers as labels"
        head = ["- Dense: {units: 1}", f"{scaled}   # to the scale of the labels: their spread and mean"]
    else:
        mean = ", ".join(f"{value:.4g}" for value in center)
        variance = ", ".join(f"{value**2:.4g}" for value in spread)
        described = f"{count} numbers as a label"
        head = [
            f"- Dense: {{units: {count}}}",
            "# To the scale of the labels.",
            f"- Normalization: {{mean: [{mean}], variance: [{variance}], invert: true}}",
        ]
    return Targets("numbers", count, described, head, "MeanSquaredError", "[mae, R2Score]")
