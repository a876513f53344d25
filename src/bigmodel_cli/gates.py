"""Quality gates: what `expect` asks of metrics, and whether it was met."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from bigmodel_cli.class_names import class_name
from bigmodel_cli.config.losses_and_metrics import Direction
from bigmodel_cli.config.naming import known_direction
from bigmodel_cli.config.schema import parse_gate
from bigmodel_cli.config.spelling import closest
from bigmodel_cli.errors import GateError, UsageError

_OPERATORS: Mapping[str, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
    "==": operator.eq,
}


@dataclass(frozen=True)
class GateResult:
    """One gate.

    Attributes:
        metric: For instance `test_accuracy`.
        expected: As written, for instance `>= 0.99`.
        value: What the metric is.
        met: Whether it is what was expected.
    """

    metric: str
    expected: str
    value: float
    met: bool

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def __str__(self) -> str:
        return f"{self.metric} is {self.value:.6g}, expected {self.expected}"


def parse_fail_under(words: Sequence[str]) -> dict[str, str]:
    """`accuracy=0.99` as a gate.

    Raises:
        UsageError: If a word is no name and number.
    """
    gates = {}
    for word in words:
        metric, _, bound = word.partition("=")
        try:
            if not metric:
                raise ValueError("no metric")
            parse_gate(f">= {bound}")
        except ValueError:
            raise UsageError(
                f"--fail-under {word}: expected METRIC=VALUE, for instance accuracy=0.99"
            ) from None
        gates[class_name(metric)] = f">= {bound}"
    return gates


def require_floors(gates: Mapping[str, str], directions: Mapping[str, Direction]) -> None:
    """A floor is for what is better when it is larger.

    Args:
        gates: As `parse_fail_under` gives them.
        directions: Which values of a run's own metrics are better, by name.

    Raises:
        UsageError: If less of a metric is better.
    """
    for metric, text in gates.items():
        if known_direction(metric, directions) == "min":
            bound = text.removeprefix(">= ")
            raise UsageError(
                f"--fail-under {metric}={bound}: of {metric}, less is better",
                hint=f'write it in the config: expect: {{test_{metric}: "<= {bound}"}}',
            )


def check_gates(
    expect: Mapping[str, str], values: Mapping[str, float], *, require_all: bool = False
) -> list[GateResult]:
    """Compare metrics with what is expected of them.

    Args:
        expect: Comparisons by metric, as the config's `expect`.
        values: The metrics.
        require_all: Whether a gate on a metric that is not there is a mistake; otherwise it is left out.

    Raises:
        UsageError: If it is one.
    """
    results = []
    for metric, text in expect.items():
        if metric not in values and require_all:
            raise UsageError(f"there is no metric {metric!r} to compare", hint=_hint(metric, values))
        if metric in values:
            sign, bound = parse_gate(text)
            value = values[metric]
            results.append(GateResult(metric, text, value, _OPERATORS[sign](value, bound)))
    return results


def _hint(metric: str, values: Mapping[str, float]) -> str:
    near = closest(metric, list(values))
    # Those of single classes would be a page.
    shown = [name for name in values if not name.startswith("per_class") or name.endswith(".min")]
    return f"did you mean {near}?" if near else f"metrics: {', '.join(shown)}"


def require_gates(results: list[GateResult]) -> None:
    """Raises:
    GateError: If one was missed; names all that were.
    """
    missed = [str(result) for result in results if not result.met]
    if missed:
        raise GateError(f"quality gate missed: {'; '.join(missed)}")
