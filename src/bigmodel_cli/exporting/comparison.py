"""How an exported file answers beside the run: scores, differences, and whether that is near enough."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np

from bigmodel_cli.config.naming import direction
from bigmodel_cli.config.spelling import closest
from bigmodel_cli.errors import UsageError
from bigmodel_cli.inference.evaluation import Evaluation
from bigmodel_cli.inference.export import TOLERANCE
from bigmodel_cli.parts import part_of
from bigmodel_cli.plain_numbers import plain_number
from bigmodel_cli.scoring.names import measures
from bigmodel_cli.scoring.rule import AS_IT_IS, AS_THEY_ARE, DecisionRule
from bigmodel_cli.signature import Signature
from bigmodel_cli.tasks.scores import Scoring
from bigmodel_cli.tasks.sections import headlines_of

# What a score may lose where nobody says it: a point of what is a share, a hundredth of what has a unit.
_MOST_LOST = 0.01


@dataclass(frozen=True)
class Comparison:
    """A file's answers beside the run's.

    Attributes:
        scores: By the names that gates use.
        run_scores: The same of the run.
        max_difference: The largest between two scores of a class, or two predicted numbers.
        mean_difference: Of all of them.
        equal_decisions: The share of examples for which the same is decided; None where nothing is decided.
    """

    scores: Mapping[str, float]
    run_scores: Mapping[str, float]
    max_difference: float
    mean_difference: float
    equal_decisions: float | None

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def compared(
    evaluation: Evaluation,
    of_run: Evaluation,
    signature: Signature,
    rules: Mapping[str, DecisionRule] = AS_THEY_ARE,
) -> Comparison:
    """Compare what two models say of the same examples, and decide for by the run's rules."""
    largest, total, count, others = 0.0, 0.0, 0, list[int]()
    for name, task in signature.targets.items():
        expected = np.asarray(of_run.values[name], np.float64)
        found = np.asarray(evaluation.values[name], np.float64).reshape(expected.shape)
        off = np.abs(expected - found)
        # What is no number is as far off as can be.
        largest = max(largest, float(np.max(np.where(np.isfinite(off), off, np.inf), initial=0.0)))
        total, count = total + float(np.sum(off)), count + off.size
        differing = part_of(task, Scoring).differing(expected, found, rules.get(name, AS_IT_IS))
        others += [] if differing is None else [differing]
    examples = max(1, of_run.num_examples)
    return Comparison(
        measures(evaluation.as_json()),
        measures(of_run.as_json()),
        largest,
        total / max(1, count),
        1 - max(others) / examples if others else None,
    )


class Loss(NamedTuple):
    """What a score may lose.

    Attributes:
        most: In the score's own unit, or as a share.
        is_percent: Whether it was said in percent: of a score that is a share, points; of others, of itself.
    """

    most: float
    is_percent: bool


def parse_losses(words: Sequence[str]) -> dict[str, Loss]:
    """`accuracy=0.005` as what a score may lose.

    Raises:
        UsageError: If a word is no name and number.
    """
    found = {}
    for word in words:
        name, _, number = word.rpartition("=")
        most = plain_number(number.removesuffix("%"))
        if not name or most is None or not most >= 0:
            raise UsageError(
                f"--max-loss {word}: expected METRIC=NUMBER, for instance accuracy=0.005 or accuracy=0.5%"
            )
        found[name] = Loss(most / 100, True) if number.endswith("%") else Loss(most, False)
    return found


def allowed(asked: Mapping[str, Loss], of_run: Evaluation, signature: Signature) -> dict[str, float]:
    """What each score may lose, in its own unit.

    Args:
        asked: What `--max-loss` says; nothing: what the page begins with may lose a little.
        of_run: How good the run is.
        signature: For the targets.

    Raises:
        UsageError: If a name is no score of the run.
    """
    document = of_run.as_json()
    scores = measures(document)
    for name in asked:
        if name not in scores:
            near = closest(name, scores)
            hint = f"did you mean {near}?" if near else f"there are {', '.join(sorted(scores))}"
            raise UsageError(f"--max-loss {name}: an export has no such score", hint=hint)
    losses = asked or dict.fromkeys(headlines_of(signature.targets, document), Loss(_MOST_LOST, True))
    return {
        name: most * abs(scores[name]) if is_percent and not _is_share(name) else most
        for name, (most, is_percent) in losses.items()
    }


def _is_share(name: str) -> bool:
    return direction(name, {}) == "max"


def why_not(
    comparison: Comparison, may_lose: Mapping[str, float], of_run: Evaluation, *, is_quantized: bool
) -> str | None:
    """Why a file does not answer as the run does; None where it does."""
    for name, most in may_lose.items():
        before, after = comparison.run_scores[name], comparison.scores[name]
        lost = before - after if direction(name, {}) == "max" else after - before
        # What is no number is not near.
        if not lost <= most + 1e-9:
            return f"{name} is {after:.4f}, that of the run {before:.4f}: more than {most:.4g} is lost"
    largest = max(float(np.max(np.abs(values), initial=0.0)) for values in of_run.values.values())
    if not is_quantized and not comparison.max_difference <= TOLERANCE * max(1.0, largest):
        return f"it answers differently: by up to {comparison.max_difference:.3g}"
    return None
