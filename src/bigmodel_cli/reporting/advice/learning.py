"""Runs that have learned nothing, and why."""

from __future__ import annotations

import math
from collections.abc import Iterator

from bigmodel_cli.reporting.advice.findings import Advice, Findings
from bigmodel_cli.run_folder import STOPPED

# A callback that ends training after so few epochs has not given it a chance.
_EARLY = 5
# Steps in which networks hardly learn anything.
_FEW_STEPS = 200

# A loss that has fallen by no more than this share has not moved.
_MOVED = 0.02
# A training loss that is so many times its smallest one has come apart.
_APART = 1.5
# Labels and predictions are as far from each other as so many standard deviations of the labels.
_FAR = 2.0
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


def far_from_scale(findings: Findings) -> Iterator[Advice]:
    """Numbers that the model would need thousands of steps to come near to."""
    labels, predictions = (findings.evaluation.get(key) or [] for key in ("labels", "predictions"))
    if len(labels) != 1 or len(predictions) != 1:
        return
    mean, spread = labels[0]["mean"], labels[0]["standard_deviation"]
    found = predictions[0]["mean"]
    if spread <= 0 or abs(mean - found) <= _FAR * spread or abs(mean) < _FAR * spread / 10:
        return
    sgd = " SGD cannot bear such a factor: use Adam." if findings.optimizer.name == "SGD" else ""
    yield Advice(
        f"Labels are around {_about(mean, 4, ',')} (standard deviation {_about(spread, 2, ',')}), "
        f"predictions around {_about(found, 4, ',')}: the model has not come near their scale.",
        "More epochs take very long to bring it there; a last step of the model that knows the scale does it "
        f"at once.{sgd}",
        f"- Rescaling: {{scale: {_about(spread, 2)}, offset: {_about(mean, 4)}}}  # the last step of `model`",
    )


def _about(number: float, digits: int, separator: str = "") -> str:
    """A number that is easily read: `50000` instead of `5e+04`."""
    return f"{float(f'{number:.{digits}g}'):{separator}.12g}"


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


def not_learned(findings: Findings) -> Iterator[Advice]:
    """Neither training nor anything else is better than chance, or than always answering the mean."""
    seen = _nothing_learned(findings)
    if seen is None:
        return
    if _lacks_scaling(findings):
        yield Advice(
            seen,
            "Nothing was learned: pixels come as 0 … 255, and nothing brings them into a range that networks "
            "learn from.",
            "preprocessing: [{Rescaling: {scale: 1/255}}]",
        )
        return
    yield (
        _by_learning_rate(findings, seen)
        or _by_rare_classes(findings, seen)
        or _by_impatience(findings, seen)
        or _by_few_steps(findings, seen)
        or Advice(
            seen,
            "Nothing was learned yet: try another learning rate, ten times smaller or larger, "
            "and look at the training samples: could a person learn it from them?",
        )
    )


def _nothing_learned(findings: Findings) -> str | None:
    accuracy, training, chance = findings.accuracy, findings.training_accuracy, findings.chance
    if accuracy is not None and chance:
        if accuracy > chance + 0.02 * (1 - chance):
            return None
        if training is not None and training > chance + 0.1 * (1 - chance):
            return None
        if training is None and not _is_still(findings):
            return None
        if findings.only_answer is not None:
            return f"The answer is {findings.only_answer} for every example, which gives {accuracy:.1%}."
        return f"Accuracy is {accuracy:.1%}; always answering the largest class gives {chance:.1%}."
    r2 = findings.evaluation["metrics"].get("r2")
    if r2 is not None and r2 < 0.02 and _is_still(findings):
        return (
            f"R² is {r2:.3f}: always answering the mean of the labels is as good, and the loss has not moved."
        )
    return None


def _is_still(findings: Findings) -> bool:
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
        "data.class_weights=balanced",
    )


def _by_impatience(findings: Findings, seen: str) -> Advice | None:
    stopped = findings.record.get(STOPPED)
    if not stopped or stopped["epoch"] > _EARLY:
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
