"""What a run's numbers suggest to try next: rules of thumb, each with what it was found from."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from bigmodel_cli.reporting.advice.carrying import does_not_carry_over
from bigmodel_cli.reporting.advice.data import few_held_out, few_photographs, imbalance, uncertain
from bigmodel_cli.reporting.advice.findings import Advice, Findings
from bigmodel_cli.reporting.advice.learning import far_from_scale, not_learned, unstable
from bigmodel_cli.reporting.advice.refining import calibration, more_epochs, overfitting, weak_class

_MOST = 5
Rule = Callable[[Findings], Iterator[Advice]]
# Of these the first that speaks is the illness, and what else is seen follows from it.
_ILLNESSES: tuple[Rule, ...] = (far_from_scale, unstable, does_not_carry_over, not_learned)
# These hold whatever else is the matter.
_ALWAYS: tuple[Rule, ...] = (few_held_out, few_photographs)
# The rest is for runs that have learned something.
_REFINEMENTS: tuple[Rule, ...] = (overfitting, more_epochs, weak_class, imbalance, calibration, uncertain)


def advise(findings: Findings) -> list[Advice]:
    """At most five things to try, the most telling first."""
    illness = next((advice for rule in _ILLNESSES for advice in rule(findings)), None)
    rules = _ALWAYS if illness is not None else (*_ALWAYS, *_REFINEMENTS)
    others = [advice for rule in rules for advice in rule(findings)]
    return [*([illness] if illness is not None else []), *others][:_MOST]


__all__ = ["Advice", "Findings", "advise"]
