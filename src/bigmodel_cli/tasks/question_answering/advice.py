"""What to try next where questions are answered."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from bigmodel_cli.advice.findings import Advice, Findings
from bigmodel_cli.advice.learning import is_still, unstable
from bigmodel_cli.tasks.advice import Rule, Rules

# F1 that is so many times exact match is that of answers which begin or end elsewhere.
_FAR, _SOME = 1.6, 0.2


def nearly_right(findings: Findings) -> Iterator[Advice]:
    """Answers that overlap what is right, and few of which are it."""
    metrics = findings.evaluation["metrics"]
    near, exact = metrics.get("answer_f1", 0.0), metrics.get("answer_exact_match", 0.0)
    if near > _SOME and near > _FAR * exact:
        yield Advice(
            f"F1 of answers is {near:.2f}, and {exact:.0%} of them are right word for word: others begin or "
            "end elsewhere.",
            "What stands beside a word tells where an answer ends: more layers of `token_convolutions` "
            "before `answer_span`, or a smaller `longest_answer` of the source.",
        )


class QuestionAnsweringRules(Rules):
    """The rules for answers."""

    illnesses: ClassVar[Sequence[Rule]] = (unstable,)
    refinements: ClassVar[Sequence[Rule]] = (nearly_right,)
    of_adopted: ClassVar[Sequence[Rule]] = ()

    def nothing_learned(self, findings: Findings) -> str | None:
        found = findings.evaluation["metrics"].get("answer_f1")
        if found is None or found > 0.02 or not is_still(findings):
            return None
        return "No answer is near to what is right, and the loss has not moved."
