"""What to try next where texts are written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from bigmodel_cli.advice.findings import Advice, Findings
from bigmodel_cli.advice.learning import is_still, unstable
from bigmodel_cli.tasks.advice import Rule, Rules

# Of the right length; shorter texts lose by BLEU's brevity penalty.
_SHORT = 0.9


def too_short(findings: Findings) -> Iterator[Advice]:
    """Texts end before those that are right do."""
    ratio = findings.evaluation.get("length_ratio")
    if ratio is not None and ratio < _SHORT:
        yield Advice(
            f"Texts that were found have {ratio:.0%} of the words of the right ones.",
            "A larger length_penalty of the target prefers longer ones.",
        )


class TranslationRules(Rules):
    """The rules for texts."""

    illnesses: ClassVar[Sequence[Rule]] = (unstable,)
    refinements: ClassVar[Sequence[Rule]] = (too_short,)
    of_adopted: ClassVar[Sequence[Rule]] = (too_short,)

    def nothing_learned(self, findings: Findings) -> str | None:
        found = findings.evaluation["scores"].get("perplexity")
        size = self.task.vocabulary.size
        if found is None or found < 0.5 * size or not is_still(findings):
            return None
        return f"Perplexity is {found:.1f}, and {size} tokens by chance have {size}."
