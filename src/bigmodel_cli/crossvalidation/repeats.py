"""The evaluations of several repeats as one: their mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bigmodel_cli.evaluation_parts import TARGETS

# What of an evaluation are single numbers; tables, curves and groups are those of one repeat.
_AVERAGED = ("metrics", "scores", "intervals", "macro", "weighted")


def mean_over_repeats(documents: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The first repeat's evaluation with numbers that are means over all of them.

    An interval of the examples becomes the mean of its ends: repeats see the same examples, so that the mean
    over them is known about as well as one is, and not worse.

    Args:
        documents: Of each repeat, as results.json has the first one's.
    """
    first = documents[0]
    found = dict(first)
    for key in _AVERAGED:
        if key in first:
            found[key] = _mean([document[key] for document in documents])
    if "decision" in first:
        without = _mean([document["decision"]["without"] for document in documents])
        found["decision"] = {**first["decision"], "without": without}
    if TARGETS in first:
        found[TARGETS] = {
            name: mean_over_repeats([document[TARGETS][name] for document in documents])
            for name in first[TARGETS]
        }
    return found


def _mean(values: Sequence[Any]) -> Any:
    """Of numbers, or of each that all mappings have."""
    first = values[0]
    if isinstance(first, Mapping):
        return {
            key: _mean([one[key] for one in values]) for key in first if all(key in one for one in values)
        }
    if any(not isinstance(one, int | float) for one in values):
        return first
    return sum(values) / len(values)
