"""What to try next where any of several labels are predicted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from bigmodel_cli.advice.findings import Advice, Findings
from bigmodel_cli.advice.learning import is_still, unstable
from bigmodel_cli.tasks.advice import Rule, Rules
from bigmodel_cli.tasks.classification.advice import calibrate_words, weak_class

# Labels are told that much less often than examples have them.
_SELDOM = 0.5
# A mean average precision so near to what chance gives is chance.
_AS_GOOD = 0.02


def seldom_decided(findings: Findings) -> Iterator[Advice]:
    """Labels that are found far too seldom from a probability of a half on."""
    macro = findings.evaluation.get("macro", {})
    if findings.config.get("calibrate") or not macro or macro["recall"] > _SELDOM * macro["precision"]:
        return
    yield Advice(
        f"Labels are seldom found: recall is {macro['recall']:.2f}, precision {macro['precision']:.2f}.",
        "Few examples have a rare label, so that its probability seldom reaches a half: a threshold for each "
        "label, chosen on the validation split, finds more without another training.",
        calibrate_words(findings, "{threshold: f1}"),
    )


class MultilabelRules(Rules):
    """The rules for labels."""

    illnesses: ClassVar[Sequence[Rule]] = (unstable,)
    refinements: ClassVar[Sequence[Rule]] = (weak_class, seldom_decided)
    of_adopted: ClassVar[Sequence[Rule]] = (weak_class, seldom_decided)

    def nothing_learned(self, findings: Findings) -> str | None:
        found = findings.evaluation["metrics"].get("mean_average_precision")
        supports = [count for count in findings.supports.values() if count]
        if found is None or not supports or not is_still(findings):
            return None
        chance = sum(supports) / len(supports) / findings.evaluation["examples"]
        if found > chance + _AS_GOOD:
            return None
        return f"Mean average precision is {found:.3f}, where chance gives {chance:.3f}."
