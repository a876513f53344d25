"""What to try next where classes are predicted: runs whose training goes well and whose model is no better
than chance on other examples, classes that stand out, probabilities that do not mean what they say.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import ClassVar

from bigmodel_cli.advice.data import FEW_HELD_OUT
from bigmodel_cli.advice.findings import Advice, Findings
from bigmodel_cli.advice.learning import is_still, unstable
from bigmodel_cli.tasks.advice import Rule, Rules

# Training has gone well, where it has come so far from chance to what is possible.
_WELL = 0.4
# What held-out examples keep of that; with less, nothing has carried over.
_KEPT = 0.25
# Validation that is so far behind training may be measured with moving averages that have not settled.
_LAG = 0.1
# A moving average has settled, where no more than this share of its start is left.
_LEFT = 0.01
# Layers that change the range of what they are given: training alone must not have them.
_RANGE_CHANGERS = ("Rescaling", "Normalization", "Resizing", "CenterCrop")
# Applications without batch normalisation.
_WITHOUT_BATCH_NORM = ("VGG", "ConvNeXt")
_CALIBRATION = 0.05
# A class with this much less F1 than the mean of all stands out, if it has enough examples to say so.
_WEAK, _ENOUGH = 0.15, 10
# An interval of accuracy as wide as this says little.
_WIDE = 0.15


def does_not_carry_over(findings: Findings) -> Iterator[Advice]:
    """Training goes well, and on other examples the model is no better than chance, or far from it."""
    training, held_out, chance = findings.training_accuracy, findings.accuracy, findings.chance
    if training is None or held_out is None or not chance or training < chance + _WELL * (1 - chance):
        return
    split, validation = findings.evaluation.get("split", "held-out"), findings.validation_accuracy
    found = held_out if validation is None else validation
    seen = (
        f"Accuracy is {training:.1%} in training and {found:.1%} in "
        f"{'validation' if validation is not None else f'the {split} split'}, where chance is {chance:.1%}"
    )
    if findings.only_answer is not None:
        seen += f" (the answer is {findings.only_answer!r} for everything)"
    enough = chance + _KEPT * (training - chance)
    if training - found > _LAG and (averages := _unsettled(findings, seen)) is not None:
        yield averages
    elif found <= enough:
        yield _leaking(findings, seen) or _by_heart(seen)
    elif held_out <= enough:
        yield _other_split(split, found, held_out, chance)


def _by_heart(seen: str) -> Advice:
    return Advice(
        f"{seen}.",
        "What was learned holds for the training examples alone: either they were learned by heart "
        "(fewer parameters, augmentation, more examples), or the others are prepared or labelled in another "
        "way, which the audit of the data shows.",
        "bigmodel data CONFIG",
    )


def _other_split(split: str, validation: float, held_out: float, chance: float) -> Advice:
    return Advice(
        f"Accuracy is {validation:.1%} in validation and {held_out:.1%} in the {split} split, "
        f"where chance is {chance:.1%}.",
        f"The {split} split is of another kind: are its labels right, its classes in the same order, its "
        "examples made in the same way? The audit of the data compares the splits.",
        "bigmodel data CONFIG",
    )


def _unsettled(findings: Findings, seen: str) -> Advice | None:
    """Moving averages that still are what they began with, which training itself does not use."""
    steps = findings.steps
    if not steps:
        return None
    momenta = [
        float(one.arguments.get("momentum", 0.99))
        for one in findings.components("model")
        if one.name == "BatchNormalization" and one.arguments.get("trainable", True)
    ]
    slowest = max((m for m in momenta if 0 < m < 1), default=None)
    if slowest is not None and slowest**steps > _LEFT:
        return Advice(
            f"{seen}: the moving averages of BatchNormalization have not settled. With momentum {slowest:g} "
            f"they need some {_steps_to_settle(slowest):,} steps, and this run made {steps:,}.",
            "Training does not use them, everything else does. With momentum 0.9 they need some "
            f"{_steps_to_settle(0.9)}; smaller batches or more epochs make more steps.",
            "BatchNormalization: {momentum: 0.9}",
        )
    own = [one for one in findings.components("model") if "include_top" in one.arguments]
    for one in own:
        is_trained = one.arguments.get("trainable", True) and not one.name.startswith(_WITHOUT_BATCH_NORM)
        if is_trained and 0.99**steps > _LEFT:
            return Advice(
                f"{seen}: the moving averages inside {one.name} have not settled in {steps:,} steps.",
                "Frozen, with weights of ImageNet, it needs none; else make more steps, by smaller batches "
                "or more epochs.",
                f"{one.name}: {{weights: imagenet, trainable: false, include_top: false, pooling: avg}}",
            )
    return None


def _steps_to_settle(momentum: float) -> int:
    return math.ceil(math.log(_LEFT) / math.log(momentum))


def _leaking(findings: Findings, seen: str) -> Advice | None:
    """Augmentation that does what preprocessing is for: no other example gets it."""
    names = [one.name for one in findings.components("augmentation")]
    leaking = next((name for name in names if name in _RANGE_CHANGERS), None)
    if leaking is None:
        return None
    return Advice(
        f"{seen}: {leaking} stands in `augmentation`, so that training alone has it.",
        "Move it to `preprocessing`, which is part of the model and done to all examples alike.",
        f"preprocessing: [{{{leaking}: …}}]",
    )


def weak_class(findings: Findings) -> Iterator[Advice]:
    """One class is far worse than the others."""
    rows = [row for row in findings.evaluation.get("per_class", []) if row["support"]]
    if len(rows) < 3:
        return
    weakest = min(rows, key=lambda row: row["f1"])
    mean = sum(row["f1"] for row in rows) / len(rows)
    if weakest["f1"] < mean - _WEAK and weakest["support"] >= _ENOUGH:
        more = "" if findings.was_adopted else ", and has training enough of them"
        yield Advice(
            f"{weakest['class']!r} is the weakest class: F1 {weakest['f1']:.2f}, where the mean is "
            f"{mean:.2f} ({weakest['support']:,} examples in this split).",
            f"Look at its mistakes in the report: are they labelled well{more}?",
        )


def imbalance(findings: Findings) -> Iterator[Advice]:
    """Classes of very different sizes that count by their size."""
    if findings.is_imbalanced:
        supports = [support for support in findings.supports.values() if support]
        yield Advice(
            f"The largest class has {max(supports) / min(supports):.0f} times the examples of the smallest.",
            "Weights let rare classes count as much; watch balanced accuracy and macro F1.",
            findings.words("data.class_weights", "balanced"),
        )


def calibration(findings: Findings) -> Iterator[Advice]:
    """Probabilities that do not mean what they say."""
    error = findings.evaluation["scores"].get("expected_calibration_error")
    # In few examples shares in bins are off by chance.
    least = max(_CALIBRATION, 1.5 / math.sqrt(max(1, findings.evaluation["examples"])))
    if error is not None and error > least and findings.config.get("calibrate") is None:
        yield Advice(
            f"Probabilities are off by {error:.1%} on average.",
            "A temperature, chosen on the validation split, brings them into line without another training.",
            calibrate_words(findings, "{}"),
        )


def calibrate_words(findings: Findings, value: str) -> str:
    """For the command line: how a decision is chosen, on a validation split that is there then."""
    words = findings.words("calibrate", value)
    return f"bigmodel adopt … {words} data.validation=0.1" if findings.was_adopted else words


def uncertain(findings: Findings) -> Iterator[Advice]:
    """A held-out split that is large enough to say something, but not much."""
    interval, examples = findings.evaluation["intervals"].get("accuracy"), findings.evaluation["examples"]
    if examples >= FEW_HELD_OUT and interval is not None and interval["high"] - interval["low"] > _WIDE:
        yield Advice(
            f"With {examples:,} examples, the accuracy may be anything from "
            f"{interval['low']:.0%} to {interval['high']:.0%}.",
            "Differences to other runs mean little within that; a larger test split tells more.",
        )


class ClassificationRules(Rules):
    """The rules for classes."""

    illnesses: ClassVar[Sequence[Rule]] = (unstable, does_not_carry_over)
    refinements: ClassVar[Sequence[Rule]] = (weak_class, imbalance, calibration, uncertain)
    of_adopted: ClassVar[Sequence[Rule]] = (weak_class, calibration, uncertain)

    def nothing_learned(self, findings: Findings) -> str | None:
        accuracy, training, chance = findings.accuracy, findings.training_accuracy, findings.chance
        if accuracy is None or not chance:
            return None
        if accuracy > chance + 0.02 * (1 - chance):
            return None
        if training is not None and training > chance + 0.1 * (1 - chance):
            return None
        if training is None and not is_still(findings):
            return None
        if findings.only_answer is not None:
            return f"The answer is {findings.only_answer!r} for every example, which gives {accuracy:.1%}."
        return f"Accuracy is {accuracy:.1%}; always answering the largest class gives {chance:.1%}."
