"""What to try next, by what is predicted."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import zip_longest
from typing import Any, ClassVar

from bigmodel_cli.advice.adopted import gets_others
from bigmodel_cli.advice.data import few_held_out, few_photographs
from bigmodel_cli.advice.findings import Advice, Findings
from bigmodel_cli.advice.learning import frozen_at_random, not_learned
from bigmodel_cli.advice.refining import more_epochs, overfitting
from bigmodel_cli.parts import part_of

_MOST = 5
Rule = Callable[[Findings], Iterator[Advice]]
# The rest is for runs that have learned something.
_REFINEMENTS: tuple[Rule, ...] = (overfitting, more_epochs)


class Rules(ABC):
    """The rules of thumb for a task.

    Attributes:
        illnesses: Of these the first that speaks is the illness, and what else is seen follows from it.
        refinements: For runs that have learned something, beside those for all tasks.
        of_adopted: For models that were trained elsewhere: what is to be said of answers alone.
        pretrained: The step that a model of photographs begins with where there are few of them, as YAML.
    """

    illnesses: ClassVar[Sequence[Rule]]
    refinements: ClassVar[Sequence[Rule]]
    of_adopted: ClassVar[Sequence[Rule]]
    pretrained: ClassVar[str] = (
        "MobileNet: {weights: imagenet, trainable: false, include_top: false, pooling: avg}"
    )

    def __init__(self, task: Any) -> None:
        self.task = task

    @abstractmethod
    def nothing_learned(self, findings: Findings) -> str | None:
        """By what one sees that nothing was learned, a sentence; None where something was."""

    def advise(self, findings: Findings) -> list[Advice]:
        """At most five things to try after a run, the most telling first."""
        seen = self.nothing_learned(findings)
        if findings.was_adopted:
            first = [] if seen is None else [gets_others(findings, seen)]
            rules = (few_held_out, *self.of_adopted)
            return [*first, *(advice for rule in rules for advice in rule(findings))][:_MOST]
        # What keeps random weights learns nothing whatever else is the matter.
        frozen = [] if seen is None else list(frozen_at_random(findings, seen))
        illness = [*frozen, *(one for rule in self.illnesses for one in rule(findings))][:1]
        if not illness and seen is not None:
            illness = [not_learned(findings, seen)]
        # These hold whatever else is the matter.
        always = few_held_out, partial(few_photographs, begins_with=self.pretrained)
        rules = always if illness else (*always, *_REFINEMENTS, *self.refinements)
        return [*illness, *(advice for rule in rules for advice in rule(findings))][:_MOST]


def advise(findings: Findings) -> list[Advice]:
    """What to try after a run, as its tasks have it; what several targets share is said once."""
    found = [
        [(each.target, advice) for advice in part_of(each.signature.task, Rules).advise(each)]
        for each in findings.of_targets()
    ]
    # In turns, so that what is most telling of each target comes first.
    turns = [said for turn in zip_longest(*found) for said in turn if said is not None]
    times = Counter(advice for _, advice in turns)
    advised = (
        advice if times[advice] >= len(found) else replace(advice, finding=f"{target}: {advice.finding}")
        for target, advice in turns
    )
    return list(dict.fromkeys(advised))[:_MOST]
