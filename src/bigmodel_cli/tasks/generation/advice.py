"""What to try next where a text is learned."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from bigmodel_cli.advice.findings import Findings
from bigmodel_cli.advice.learning import is_still, unstable
from bigmodel_cli.tasks.advice import Rule, Rules


class GenerationRules(Rules):
    """The rules for text."""

    illnesses: ClassVar[Sequence[Rule]] = (unstable,)
    refinements: ClassVar[Sequence[Rule]] = ()

    def nothing_learned(self, findings: Findings) -> str | None:
        found = findings.evaluation["metrics"].get("perplexity")
        size = self.task.vocabulary.size
        if found is None or found < 0.9 * size or not is_still(findings):
            return None
        return f"Perplexity is {found:.1f}, and {size} tokens by chance have {size}."
