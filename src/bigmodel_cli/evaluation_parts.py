"""What evaluation/<split>.json says: of one target, or of several, a part for each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bigmodel_cli.config.naming import named
from bigmodel_cli.cut import some

# The key under which several targets have their parts, by name.
TARGETS = "targets"
# The column of predictions that says whether an example has a target, where some lack it.
KNOWN = "known"
_SHARED = ("split", "checkpoint", "examples")


def by_target(evaluation: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """What an evaluation says of each of several targets, as if it were of that alone; else itself, under "".

    Args:
        evaluation: As evaluation/<split>.json has it.
    """
    parts = evaluation.get(TARGETS)
    if parts is None:
        return {"": evaluation}
    shared = {key: evaluation[key] for key in _SHARED if key in evaluation}
    return {target: {**shared, **part} for target, part in parts.items()}


def of_target(evaluation: Mapping[str, Any], target: str) -> Mapping[str, Any]:
    """What an evaluation says of a target, whether that is the only one or not."""
    found = by_target(evaluation)
    return found.get(target) or found[""]


def scores_in(evaluation: Mapping[str, Any]) -> dict[str, float]:
    """The scores beside the metrics, of all targets."""
    return {
        named(target, name): value
        for target, part in by_target(evaluation).items()
        for name, value in part["scores"].items()
    }


def intervals_in(evaluation: Mapping[str, Any]) -> dict[str, Mapping[str, float]]:
    """The 95 % intervals of metrics and scores, of all targets."""
    return {
        named(target, name): interval
        for target, part in by_target(evaluation).items()
        for name, interval in part["intervals"].items()
    }


def decision_in_words(decision: Mapping[str, Any]) -> str:
    """A decision rule of one target as people read it: `temperature 1.2, spam from 0.24 on`.

    Args:
        decision: As decision.json or evaluation/<split>.json has it.
    """
    if (thresholds := decision.get("thresholds")) is not None:
        return some((f"{name} from {threshold:.3g} on" for name, threshold in thresholds.items()), 8)
    text = f"temperature {decision['temperature']:.3g}"
    if decision.get("threshold") is not None:
        text += f", {decision['positive']} from {decision['threshold']:.3g} on"
    return text
