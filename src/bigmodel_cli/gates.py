"""Quality gates: what `expect` asks of metrics, and whether it was met."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from bigmodel_cli.class_names import class_name
from bigmodel_cli.config.group_measures import (
    EXAMPLES,
    better_of_group_path,
    is_by_group,
    is_group_path,
)
from bigmodel_cli.config.losses_and_metrics import Direction
from bigmodel_cli.config.measures import (
    MEASURE_PATHS,
    class_of_measure,
    gate_about,
    is_measure_path,
    split_of,
    without_split,
)
from bigmodel_cli.config.naming import known_direction, named
from bigmodel_cli.config.phrases import parse_gate
from bigmodel_cli.config.spelling import closest
from bigmodel_cli.cut import some
from bigmodel_cli.errors import GateError, UsageError

_OPERATORS: Mapping[str, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
    "==": operator.eq,
}
# A floor as `expect` would have it.
_COMPARISON = re.compile(r"([^<>=]+?)\s*(>=|<=|==|<|>)\s*([^<>=]+)")


@dataclass(frozen=True)
class GateResult:
    """One gate.

    Attributes:
        metric: For instance `test_accuracy`.
        expected: As written, for instance `>= 0.99`.
        value: What the metric is; None where it was not measured.
        met: Whether it is what was expected.
        reason: Why it was not measured; None where it was.
    """

    metric: str
    expected: str
    value: float | None
    met: bool
    reason: str | None = None

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def found(self) -> str:
        """The value as people read it."""
        return "not measured" if self.value is None else f"{self.value:.6g}"

    def __str__(self) -> str:
        if self.reason is not None:
            return f"{self.metric} was {self.reason} (expected {self.expected})"
        return f"{self.metric} is {self.found}, expected {self.expected}"


def parse_fail_under(words: Sequence[str]) -> dict[str, str]:
    """`accuracy=0.99` as a gate.

    Raises:
        UsageError: If a word is no name and number.
    """
    gates = {}
    for word in words:
        metric, _, bound = word.partition("=")
        try:
            if not metric or _COMPARISON.fullmatch(word):
                raise ValueError("no metric and its least value")
            parse_gate(f">= {bound}")
        except ValueError:
            raise UsageError(
                f"--fail-under {word}: expected METRIC=VALUE, for instance accuracy=0.99 or accuracy=99%",
                hint=_with_equals(word),
            ) from None
        gates[class_name(metric)] = f">= {bound}"
    return gates


def _with_equals(word: str) -> str | None:
    """What to write for a comparison, as the config has it."""
    match = _COMPARISON.fullmatch(word)
    if match is None:
        return None
    metric, sign, bound = match.groups()
    if sign in (">=", ">"):
        return f"write {metric}={bound}: it fails where {metric} is lower"
    return (
        f'other comparisons stand in the config: expect: {{test_{without_split(metric)}: "{sign} {bound}"}}'
    )


def require_floors(gates: Mapping[str, str], directions: Mapping[str, Direction]) -> None:
    """A floor is for what is better when it is larger.

    Args:
        gates: As `parse_fail_under` gives them.
        directions: Which values of a run's own metrics are better, by name.

    Raises:
        UsageError: If less of a metric is better.
    """
    for metric, text in gates.items():
        if (better_of_group_path(metric) or known_direction(metric, directions)) == "min":
            bound = text.removeprefix(">= ")
            raise UsageError(
                f"--fail-under {metric}={bound}: of {metric}, less is better",
                hint=f'write it in the config: expect: {{test_{without_split(metric)}: "<= {bound}"}}',
            )


def check_gates(expect: Mapping[str, str], values: Mapping[str, float], split: str) -> list[GateResult]:
    """Compare metrics with what is expected of them; what was not measured is not met.

    Args:
        expect: Comparisons by metric, as the config's `expect`.
        values: The metrics.
        split: What was evaluated.
    """
    results = []
    for metric, text in expect.items():
        value = values.get(metric)
        if value is None:
            results.append(
                GateResult(metric, text, None, met=False, reason=_unmeasured(metric, values, split))
            )
            continue
        sign, bound = parse_gate(text)
        results.append(GateResult(metric, text, value, _OPERATORS[sign](value, bound)))
    return results


def _unmeasured(metric: str, values: Mapping[str, float], split: str) -> str:
    if split_of(metric) not in (None, split):
        return f"not measured: the evaluation is of the {split} split"
    return f"not measured: the evaluation of the {split} split has no such number; {_hint(metric, values)}"


def require_known(
    floors: Mapping[str, str],
    names: Collection[str],
    split: str | None,
    classes: Mapping[str, Collection[str] | None],
) -> None:
    """What `--fail-under` asks for is a number of the evaluation.

    Args:
        floors: As `parse_fail_under` gives them.
        names: Of all numbers, without a split.
        split: What is evaluated; None where that is not known yet.
        classes: Names of classes, whose numbers can be asked for, by target.

    Raises:
        UsageError: If one is not.
    """
    is_single = len(classes) == 1
    paths = [
        path if is_single else named(target, path)
        for target, found in classes.items()
        if found
        for path in MEASURE_PATHS
    ]
    for metric in floors:
        of, bare = split_of(metric), without_split(metric)
        if metric in names:
            continue
        target, path = gate_about(bare, classes)
        if is_by_group(path):
            of_groups = [name for name in names if is_by_group(gate_about(name, classes)[1])]
            _require_known_group(metric, path, of_groups)
            continue
        label_names = classes.get(next(iter(classes), "") if is_single else target) or ()
        if bare not in names and not (label_names and is_measure_path(path)):
            near = closest(bare, [*names, *paths])
            hint = f"did you mean {near}?" if near else _hint(bare, names)
            raise UsageError(f"there is no metric {metric!r} to compare", hint=hint)
        over = class_of_measure(path)
        if label_names and over not in (None, *label_names):
            near = closest(over or "", label_names)
            hint = f"did you mean {near}?" if near else f"its classes: {some(label_names)}"
            raise UsageError(f"--fail-under {metric}: the run has no class {over!r}", hint=hint)
        if of is not None and split not in (None, of):
            raise UsageError(
                f"--fail-under {metric}: the evaluation is of the {split} split",
                hint=f"write {bare}, or evaluate that split: --split {of}",
            )


def _require_known_group(metric: str, path: str, of_groups: Collection[str]) -> None:
    """The same for scores of groups; which groups there are, is known once they were evaluated."""
    if without_split(metric) in of_groups or (not of_groups and is_group_path(path)):
        return
    near = closest(without_split(metric), of_groups)
    hint = f"did you mean {near}?" if near else f"there are {', '.join(EXAMPLES)}"
    raise UsageError(f"there is no metric {metric!r} to compare", hint=hint)


def _hint(metric: str, names: Collection[str]) -> str:
    near = closest(metric, list(names))
    # Those of single classes would be a page.
    shown = [
        name
        for name in names
        if not is_by_group(name) and (not name.startswith("per_class") or name.endswith(".min"))
    ]
    return f"did you mean {near}?" if near else f"metrics: {', '.join(shown)}"


def require_gates(results: list[GateResult]) -> None:
    """Raises:
    GateError: If one was missed; names all that were.
    """
    missed = [str(result) for result in results if not result.met]
    if missed:
        raise GateError(f"quality gate missed: {'; '.join(missed)}")
