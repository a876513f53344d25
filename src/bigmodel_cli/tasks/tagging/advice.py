"""What to try next where words are tagged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from bigmodel_cli.advice.findings import Advice, Findings
from bigmodel_cli.advice.learning import is_still, unstable
from bigmodel_cli.tasks.advice import Rule, Rules

# Precision that is so many times recall, or the other way round, is no accident.
_FAR = 2.0
_SOME = 0.05


def misses_most(findings: Findings) -> Iterator[Advice]:
    """Spans that are right where some are told, and most of which are not told."""
    scores = {**findings.evaluation["metrics"], **findings.evaluation["scores"]}
    precision, recall = scores.get("span_precision", 0.0), scores.get("span_recall", 0.0)
    if recall <= _SOME or precision <= _FAR * recall:
        return
    found = f"Of the spans that are there {recall:.0%} are found, and {precision:.0%} of those that are told "
    if not findings.config.get("data", {}).get("class_weights"):
        yield Advice(
            f"{found}are right: what is unsure is taken for none, as nearly all words are.",
            "Let words that are in no span count less.",
            "data: {class_weights: {O: 0.5}}",
        )
    else:
        yield Advice(
            f"{found}are right: words that training did not have are taken for none.",
            "The spelling of words tells of new ones: `word_characters` beside `word_vectors`, with "
            "dropout of whole words, so that what is known by heart does not decide.",
            "- word_vectors: {name: by_word, inputs: [words], width: 64, forgetting: 0.2}",
        )


class TaggingRules(Rules):
    """The rules for tags."""

    illnesses: ClassVar[Sequence[Rule]] = (unstable,)
    refinements: ClassVar[Sequence[Rule]] = (misses_most,)
    of_adopted: ClassVar[Sequence[Rule]] = ()

    def nothing_learned(self, findings: Findings) -> str | None:
        found = findings.evaluation["metrics"].get("span_f1")
        if found is None or found > 0 or not is_still(findings):
            return None
        return "No span is found, and the loss has not moved."
