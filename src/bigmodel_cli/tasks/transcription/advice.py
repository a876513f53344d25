"""What to try next where texts are heard."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from bigmodel_cli.advice.findings import Advice, Findings
from bigmodel_cli.advice.learning import is_still, unstable
from bigmodel_cli.tasks.advice import Rule, Rules

# Of the words, which a model that gives blanks alone does not hear.
_NOTHING = 0.95
# Of the errors, where words are missing rather than taken for others, and how many of the words.
_MOSTLY, _SOME = 0.6, 0.05


def left_out(findings: Findings) -> Iterator[Advice]:
    """Words are left out more often than they are taken for others."""
    of, words = findings.evaluation, findings.evaluation.get("words", 0)
    errors = sum(of.get(how, 0) for how in ("substituted", "deleted", "inserted"))
    if words and errors > _SOME * words and of["deleted"] > _MOSTLY * errors:
        yield Advice(
            f"{of['deleted']:,} of {errors:,} errors are words that were not heard.",
            "Train longer, or leave the model more moments: fewer strides, less pooling.",
        )


class TranscriptionRules(Rules):
    """The rules for texts that are heard."""

    illnesses: ClassVar[Sequence[Rule]] = (unstable,)
    refinements: ClassVar[Sequence[Rule]] = (left_out,)
    of_adopted: ClassVar[Sequence[Rule]] = (left_out,)

    def nothing_learned(self, findings: Findings) -> str | None:
        found = findings.evaluation["metrics"].get("word_error_rate")
        if found is None or found < _NOTHING or not is_still(findings):
            return None
        return f"Word error rate is {found:.2f}, and a model that hears nothing has 1."
