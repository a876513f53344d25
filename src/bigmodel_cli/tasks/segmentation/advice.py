"""What to try next where pixels are classified."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from bigmodel_cli.advice.findings import Advice, Findings
from bigmodel_cli.advice.learning import is_still, unstable
from bigmodel_cli.tasks.advice import Rule, Rules

# A class of so few of all pixels is rare; one that is found so badly is not learned.
_RARE, _MISSED = 0.05, 0.5


def rare_is_missed(findings: Findings) -> Iterator[Advice]:
    """A class of few pixels that is hardly found, beside others that are."""
    rows = findings.evaluation.get("per_class", [])
    total = sum(row["support"] for row in rows)
    missed = [row for row in rows if 0 < row["support"] < _RARE * total and row["recall"] < _MISSED]
    if missed and max(row["recall"] for row in rows) > _MISSED:
        worst = min(missed, key=lambda row: row["recall"])
        yield Advice(
            f"Of the pixels of {worst['class']}, {worst['support'] / total:.1%} of all, "
            f"{worst['recall']:.0%} are found.",
            "Weigh classes by how rare their pixels are, or take a loss of regions, in which a class counts "
            "the same whatever its size.",
            "data: {class_weights: balanced}",
        )


class SegmentationRules(Rules):
    """The rules for masks."""

    illnesses: ClassVar[Sequence[Rule]] = (unstable,)
    refinements: ClassVar[Sequence[Rule]] = (rare_is_missed,)
    of_adopted: ClassVar[Sequence[Rule]] = ()
    pretrained: ClassVar[str] = "unet: {encoder: {MobileNet: {weights: imagenet, include_top: false}}}"

    def nothing_learned(self, findings: Findings) -> str | None:
        rows = findings.evaluation.get("per_class", [])
        told = [row["class"] for row in rows if row["predicted"]]
        if len(told) > 1 or len(rows) < 2 or not is_still(findings):
            return None
        return f"Every pixel is taken for {', '.join(told)}, and the loss has not moved."
