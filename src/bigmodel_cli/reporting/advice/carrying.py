"""Runs whose training goes well and whose model is no better than chance on other examples, and why."""

from __future__ import annotations

import math
from collections.abc import Iterator

from bigmodel_cli.reporting.advice.findings import Advice, Findings

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
        seen += f" (the answer is {findings.only_answer} for everything)"
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
