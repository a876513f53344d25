"""What simple models reach on the split that a page is about, beside the run's own model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bigmodel_cli.config.naming import direction
from bigmodel_cli.parts import part_of
from bigmodel_cli.reporting.of_targets import OfTarget
from bigmodel_cli.tasks.sections import Sections, shown, titled


def baselines_content(found: Mapping[str, Any] | None, told: Sequence[OfTarget]) -> list[dict[str, Any]]:
    """A table of scores for each target, and what they say of the model.

    Args:
        found: As baselines.json has it; None where there is none.
        told: What the run's evaluation says of each target.

    Returns:
        For each target that has models on the same split `target` ("" where it is the only one), `columns`,
        `rows`, a `verdict` and `notes`.
    """
    of_all = [_of_target(found, of_one) for of_one in told] if found is not None else []
    return [content for content in of_all if content is not None]


def _of_target(found: Mapping[str, Any], told: OfTarget) -> dict[str, Any] | None:
    evaluation = told.evaluation
    split = evaluation["split"]
    models = [model for model in found["models"] if split in model and told.target in ("", model["target"])]
    if not models:
        return None
    names = models[0]["shown"]
    rows = [{"name": "this run", "cells": list(_cells(evaluation, names)), "trained_on": ""}]
    rows += [
        {
            "name": model["name"].replace("_", " "),
            "cells": list(_cells(model[split], names)),
            "trained_on": f"{model['trained_on']:,}",
        }
        for model in models
    ]
    headline = part_of(told.task, Sections).headline_of(evaluation["metrics"])
    return {
        "target": told.target,
        "columns": [titled(name) for name in names],
        "rows": rows,
        "verdict": _verdict(models, evaluation, headline),
        "notes": found["notes"],
    }


def _cells(measured: Mapping[str, Any], names: Sequence[str]) -> Iterator[dict[str, str]]:
    values, intervals = {**measured["metrics"], **measured["scores"]}, measured["intervals"]
    for name in names:
        interval = intervals.get(name)
        between = f"{shown(name, interval['low'])} to {shown(name, interval['high'])}" if interval else ""
        yield {"value": shown(name, values[name]) if name in values else "", "interval": between}


def _verdict(
    models: Sequence[Mapping[str, Any]], evaluation: Mapping[str, Any], headline: str
) -> dict[str, str] | None:
    """Whether the model is better than the best simple one, by the page's headline where that is a score."""
    split, own = evaluation["split"], evaluation["metrics"][headline]
    scored = [model for model in models if headline in model[split]["metrics"]]
    if not scored:
        return None
    sign = 1 if direction(headline) == "max" else -1
    best = max(scored, key=lambda model: sign * model[split]["metrics"][headline])
    reached = best[split]["metrics"][headline]
    words = "better than" if sign * own > sign * reached else "as good as" if own == reached else "worse than"
    return {
        "kind": "bad" if words == "worse than" else "good",
        "text": f"This run is {words} the best of them, {best['name'].replace('_', ' ')}: "
        f"{titled(headline)} {shown(headline, own)}, and {shown(headline, reached)} there.",
    }
