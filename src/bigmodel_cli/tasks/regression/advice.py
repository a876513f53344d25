"""What to try next where numbers are predicted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from bigmodel_cli.advice.findings import Advice, Findings
from bigmodel_cli.advice.learning import is_still, unstable
from bigmodel_cli.tasks.advice import Rule, Rules

# Labels and predictions are as far from each other as so many standard deviations of the labels.
_FAR = 2.0
# An R² so near to 0 is that of the mean.
_AS_GOOD = 0.02


def far_from_scale(findings: Findings) -> Iterator[Advice]:
    """Numbers that the model would need thousands of steps to come near to."""
    if findings.signature.task.is_scaled:
        # The loss sees them on a scale of its own already.
        return
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


def worse_than_mean(findings: Findings) -> Iterator[Advice]:
    """A loss that falls, or has fallen, and numbers that are still worse than one number for everything."""
    r2 = findings.evaluation["metrics"].get("r2")
    if r2 is None or r2 >= 0 or is_still(findings):
        return
    epochs, seen = findings.num_epochs, f"R² is {r2:.3f}: always answering the mean of the labels is better."
    if findings.best_epoch == epochs:
        yield Advice(
            seen,
            "The last epoch is the best one, so it is not done: train several times as long, or with a "
            "larger learning rate; inputs of unlike scale slow it down (Normalization in `preprocessing`).",
            f"training.epochs={4 * epochs}",
        )
        return
    yield Advice(
        seen,
        "What was learned does not hold for these examples: are their inputs and labels of the same kind and "
        "scale as in training? The audit of the data compares the splits.",
        "bigmodel data CONFIG",
    )


def _about(number: float, digits: int, separator: str = "") -> str:
    """A number that is easily read: `50000` instead of `5e+04`."""
    return f"{float(f'{number:.{digits}g}'):{separator}.12g}"


class RegressionRules(Rules):
    """The rules for numbers."""

    illnesses: ClassVar[Sequence[Rule]] = (far_from_scale, unstable, worse_than_mean)
    refinements: ClassVar[Sequence[Rule]] = ()
    of_adopted: ClassVar[Sequence[Rule]] = ()

    def nothing_learned(self, findings: Findings) -> str | None:
        r2 = findings.evaluation["metrics"].get("r2")
        if r2 is None or r2 >= _AS_GOOD or not is_still(findings):
            return None
        how = "as good" if r2 > -_AS_GOOD else "better"
        still = "" if findings.was_adopted else ", and the loss has not moved"
        return f"R² is {r2:.3f}: always answering the mean of the labels is {how}{still}."
