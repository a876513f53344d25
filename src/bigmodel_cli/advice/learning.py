"""Runs that have learned nothing, and why."""

from __future__ import annotations

import math
from collections.abc import Iterator

from bigmodel_cli.advice.findings import Advice, Findings
from bigmodel_cli.run_folder import STOPPED
from bigmodel_cli.stopped import TIME

# A callback that ends training after so few epochs has not given it a chance.
_EARLY = 5
# Steps in which networks hardly learn anything.
_FEW_STEPS = 200

# A loss that has fallen by no more than this share has not moved.
_MOVED = 0.02
# A training loss that is so many times its smallest one has come apart.
_APART = 1.5
# Rates with which each family of optimizers learns, and a good first one.
_ADAPTIVE = (1e-5, 2e-2, "1e-3")
_RATES = {
    "SGD": (1e-4, 1.0, "1e-2"),
    "Adagrad": (1e-3, 1.0, "1e-1"),
    "Adadelta": (5e-2, 10.0, "1.0"),
    "Ftrl": (1e-3, 1.0, "1e-1"),
    "Lion": (1e-6, 3e-3, "1e-4"),
}
# Applications that bring their inputs into range themselves.
_SCALE_THEMSELVES = ("EfficientNet", "MobileNetV3", "ConvNeXt")
_NORMALISING = (
    "Rescaling",
    "Normalization",
    "BatchNormalization",
    "LayerNormalization",
    "GroupNormalization",
)


def unstable(findings: Findings) -> Iterator[Advice]:
    """A training loss that has come apart again."""
    losses = [value for value in findings.columns.get("loss", ()) if math.isfinite(value)]
    if len(losses) < 3 or min(losses) <= 0:
        return
    at = losses.index(min(losses))
    if min(losses[-2:]) > _APART * min(losses) and at < len(losses) - 2:
        yield Advice(
            f"The training loss fell to {min(losses):.4g} in epoch {at + 1}, and rose to {losses[-1]:.4g}.",
            "The steps are too large: try a tenth of the learning rate, a schedule that lowers it, "
            "or gradients that are clipped.",
            _rate_words(findings, f"{_rate(findings) / 10:.0e}") or "optimizer: {Adam: {clipnorm: 1.0}}",
        )


def not_learned(findings: Findings, seen: str) -> Advice:
    """Neither training nor anything else is better than chance, or than always answering the mean.

    Args:
        findings: What advice is drawn from.
        seen: By what that is seen, a sentence.
    """
    if _lacks_scaling(findings):
        return Advice(
            seen,
            "Nothing was learned: pixels come as 0 … 255, and nothing brings them into a range that networks "
            "learn from.",
            "preprocessing: [{Rescaling: {scale: 1/255}}]",
        )
    return (
        _by_learning_rate(findings, seen)
        or _by_rare_classes(findings, seen)
        or _by_impatience(findings, seen)
        or _by_few_steps(findings, seen)
        or Advice(
            seen,
            "Nothing was learned yet: try another learning rate, which `auto` finds by a range test, "
            "and look at the training samples: could a person learn it from them?",
            _rate_words(findings, "auto"),
        )
    )


def frozen_at_random(findings: Findings, seen: str) -> Iterator[Advice]:
    """Nothing was learned, and something keeps the random weights that it began with.

    Args:
        findings: What advice is drawn from.
        seen: By what that is seen, a sentence.
    """
    frozen = findings.frozen_at_random
    if frozen is None:
        return
    is_application = "weights" in frozen.arguments
    given = "weights: imagenet, weights: FILE, or train --from RUN" if is_application else "train --from RUN"
    words = (
        f"{frozen.name}: {{weights: imagenet}}" if is_application else f"{frozen.name}: {{trainable: true}}"
    )
    yield Advice(
        seen,
        f"{frozen.name} is frozen and has random weights, which tell nothing of the examples: give it "
        f"trained ones ({given}), or let it learn.",
        words,
    )


def is_still(findings: Findings) -> bool:
    """Whether the loss has not moved; it does not where nothing is trained."""
    if findings.was_adopted:
        return True
    losses = [value for value in findings.columns.get("loss", ()) if math.isfinite(value)]
    return len(losses) > 1 and losses[0] - min(losses) <= _MOVED * abs(losses[0])


def _lacks_scaling(findings: Findings) -> bool:
    scales = [one.name for one in findings.components("preprocessing", "model")]
    return findings.are_pixels and not any(
        name in _NORMALISING or name.startswith(_SCALE_THEMSELVES) for name in scales
    )


def _by_learning_rate(findings: Findings, seen: str) -> Advice | None:
    rate, name = _rate(findings), findings.optimizer.name
    if not rate or not name:
        return None
    low, high, usual = _RATES.get(name, _ADAPTIVE)
    if low <= rate <= high:
        return None
    kind, why = ("small", "the loss hardly moves") if rate < low else ("large", "steps overshoot")
    return Advice(
        seen,
        f"Nothing was learned: {name}'s learning rate of {rate:.0e} is far too {kind}, so that {why}.",
        _rate_words(findings, usual),
    )


def _by_rare_classes(findings: Findings, seen: str) -> Advice | None:
    if findings.only_answer is None or not findings.is_imbalanced:
        return None
    return Advice(
        seen,
        f"{findings.chance:.0%} of the examples are of one class, so that always answering it costs little. "
        "Weights let rare classes count as much.",
        findings.words("data.class_weights", "balanced"),
    )


def _by_impatience(findings: Findings, seen: str) -> Advice | None:
    stopped = findings.record.get(STOPPED)
    # Whoever limits the time knows that training may end with it.
    if not stopped or stopped["callback"] == TIME or stopped["epoch"] > _EARLY:
        return None
    return Advice(
        seen,
        f"{stopped['callback']} ended training after {stopped['epoch']} epochs, before anything was learned.",
        f"{stopped['callback']}: {{patience: {2 * _EARLY}}}",
    )


def _by_few_steps(findings: Findings, seen: str) -> Advice | None:
    if not findings.steps or findings.steps >= _FEW_STEPS:
        return None
    return Advice(
        seen,
        f"Nothing was learned yet in {findings.steps} steps, which are few: train longer, or in smaller "
        "batches.",
        f"training.epochs={-(-_FEW_STEPS * findings.num_epochs // findings.steps)}",
    )


def _rate(findings: Findings) -> float:
    """The largest learning rate of the run."""
    return max(findings.columns.get("learning_rate", ()), default=0.0)


def _rate_words(findings: Findings, rate: str) -> str:
    name = findings.optimizer.name
    if not name:
        return ""
    if isinstance(findings.optimizer.arguments.get("learning_rate"), dict):
        return f"optimizer: {{{name}: {{learning_rate: {rate}}}}}"
    return f"optimizer.{name}.learning_rate={rate}"
