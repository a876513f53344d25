"""The numbers of an evaluation by the names that gates use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bigmodel_cli.config.group_measures import BY, SPREADS
from bigmodel_cli.config.measures import MEANS, PER_CLASS
from bigmodel_cli.config.naming import named
from bigmodel_cli.evaluation_parts import by_target


def measures(evaluation: Mapping[str, Any]) -> dict[str, float]:
    """Every number that a gate can ask for: `accuracy`, `macro.f1`, `per_class.recall.min`.

    Those of several targets begin with a target's name: `income_accuracy`, `income.macro.f1`.

    Args:
        evaluation: As evaluation/<split>.json has it.
    """
    found = dict(evaluation["metrics"])
    for target, part in by_target(evaluation).items():
        found |= {named(target, name): value for name, value in _of_one(part).items()}
    return found


def _of_one(evaluation: Mapping[str, Any]) -> dict[str, float]:
    """What is measured of one target beside the metrics."""
    found = dict(evaluation["scores"])
    for mean in MEANS:
        found |= {f"{mean}.{name}": value for name, value in evaluation.get(mean, {}).items()}
    for name in PER_CLASS:
        by_class = {
            row["class"]: row[name] for row in evaluation.get("per_class", []) if row.get(name) is not None
        }
        if not by_class:
            continue
        values = list(by_class.values())
        over = {"min": min(values), "max": max(values), "mean": sum(values) / len(values)}
        found |= {f"per_class.{name}.{key}": value for key, value in {**by_class, **over}.items()}
    return {**found, **_of_groups(evaluation)}


def _of_groups(evaluation: Mapping[str, Any]) -> dict[str, float]:
    """`by.sex.Female.accuracy`, `by.sex.recall.gap`, `by.sex.equalized_odds_difference`."""
    found: dict[str, float | None] = {}
    for column, scores in evaluation.get(BY, {}).items():
        begin = f"{BY}.{column}"
        for row in scores["groups"]:
            found |= {f"{begin}.{row['group']}.{name}": value for name, value in row["scores"].items()}
        for name, gap in scores["gaps"].items():
            found |= {f"{begin}.{name}.{spread}": gap[spread] for spread in SPREADS}
        found |= {f"{begin}.{name}": value for name, value in scores["fairness"].items()}
    return {name: value for name, value in found.items() if value is not None}


def gated_values(evaluation: Mapping[str, Any]) -> dict[str, float]:
    """The same under the names that `expect` uses: `test_accuracy`; what has a dot needs no split."""
    found = measures(evaluation)
    dotted = {name: value for name, value in found.items() if "." in name}
    return {**dotted, **{f"{evaluation['split']}_{name}": value for name, value in found.items()}}
