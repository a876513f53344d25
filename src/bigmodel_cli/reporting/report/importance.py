"""What columns of a table are worth to the model, on the page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bigmodel_cli.figures import svg
from bigmodel_cli.reporting.importance_plot import draw_importance
from bigmodel_cli.tasks.sections import shown, titled


def importance_content(found: Mapping[str, Any] | None) -> list[dict[str, str]]:
    """A figure for each target, and what it was measured on.

    Args:
        found: As importance.json has it; None where there is none.
    """
    return [_of_target(one) for one in (found or {}).get("targets", [])]


def _of_target(found: Mapping[str, Any]) -> dict[str, str]:
    measure = found["measure"]
    return {
        "figure": svg(draw_importance(found), f"importance of columns for {found['target']}"),
        "caption": f"{found['target']}: {titled(measure)} {shown(measure, found['measures'][measure])} on "
        f"{found['examples']:,} examples of {found['split']}; each column shuffled {found['repeats']} times.",
    }
