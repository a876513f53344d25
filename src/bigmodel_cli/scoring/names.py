"""The numbers of an evaluation by the names that gates use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bigmodel_cli.config.measures import MEANS, PER_CLASS


def measures(evaluation: Mapping[str, Any]) -> dict[str, float]:
    """Every number that a gate can ask for: `accuracy`, `macro.f1`, `per_class.recall.min`.

    Args:
        evaluation: As evaluation/<split>.json has it.
    """
    found = {**evaluation["metrics"], **evaluation["scores"]}
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
    return found


def gated_values(evaluation: Mapping[str, Any]) -> dict[str, float]:
    """The same under the names that `expect` uses: `test_accuracy`; what has a dot needs no split."""
    found = measures(evaluation)
    dotted = {name: value for name, value in found.items() if "." in name}
    return {**dotted, **{f"{evaluation['split']}_{name}": value for name, value in found.items()}}
