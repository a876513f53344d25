"""What to try next where items are found."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from bigmodel_cli.advice.findings import Advice, Findings
from bigmodel_cli.advice.learning import is_still, unstable
from bigmodel_cli.tasks.advice import Rule, Rules

# Of the items that rows want, the share that training has not.
_MANY = 0.1


def many_new(findings: Findings) -> Iterator[Advice]:
    """Items that no row of training has are found by nobody."""
    rows, nowhere = findings.evaluation.get("rows", 0), findings.evaluation.get("nowhere", 0)
    if rows and nowhere / rows > _MANY:
        yield Advice(
            f"{nowhere / rows:.0%} of the rows want an item that neither training nor a joined table has.",
            "Join a table of items with what is known of each: its side finds new ones by their columns.",
        )


class RetrievalRules(Rules):
    """The rules for items."""

    illnesses: ClassVar[Sequence[Rule]] = (unstable,)
    refinements: ClassVar[Sequence[Rule]] = (many_new,)
    of_adopted: ClassVar[Sequence[Rule]] = ()

    def nothing_learned(self, findings: Findings) -> str | None:
        metrics = findings.evaluation["metrics"]
        name = next((name for name in metrics if name.startswith("recall@")), None)
        if name is None or metrics[name] > 0 or not is_still(findings):
            return None
        return "No item of any user is among the best, and the loss has not moved."
