"""What to try next where numbers are predicted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from bigmodel_cli.advice.findings import Advice, Findings
from bigmodel_cli.advice.learning import is_still, unstable
from bigmodel_cli.tasks.advice import Rule, Rules

# Labels and predictions are as far from each other as so many standard deviations of the labels.
_FAR = 2.0


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


class RegressionRules(Rules):
    """The rules for numbers."""

    illnesses: ClassVar[Sequence[Rule]] = (far_from_scale, unstable)
    refinements: ClassVar[Sequence[Rule]] = ()

    def nothing_learned(self, findings: Findings) -> str | None:
        r2 = findings.evaluation["metrics"].get("r2")
        if r2 is None or r2 >= 0.02 or not is_still(findings):
            return None
        return (
            f"R² is {r2:.3f}: always answering the mean of the labels is as good, and the loss has not moved."
        )
