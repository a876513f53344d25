"""What simple models reach on the split that a page is about, beside the run's own model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bigmodel_cli.config.naming import direction
from bigmodel_cli.tasks.sections import shown, titled


def baselines_content(
    found: Mapping[str, Any] | None, evaluation: Mapping[str, Any], headline: str
) -> dict[str, Any] | None:
    """A table of scores, and what they say of the model.

    Args:
        found: As baselines.json has it; None where there is none.
        evaluation: Of the run's model.
        headline: The number that the page begins with.

    Returns:
        `columns`, `rows`, a `verdict` and `notes`; None where nothing was measured on the same split.
    """
    split = evaluation["split"]
    models = [model for model in (found or {}).get("models", []) if split in model]
    if found is None or not models:
        return None
    names = found["shown"]
    rows = [{"name": "this run", "cells": list(_cells(evaluation, names)), "trained_on": ""}]
    rows += [
        {
            "name": model["name"].replace("_", " "),
            "cells": list(_cells(model[split], names)),
            "trained_on": f"{model['trained_on']:,}",
        }
        for model in models
    ]
    return {
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
