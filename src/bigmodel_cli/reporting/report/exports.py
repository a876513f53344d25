"""The model in other formats, on the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bigmodel_cli.byte_sizes import byte_size
from bigmodel_cli.figures import svg
from bigmodel_cli.reporting.export_plot import draw_exports
from bigmodel_cli.tasks.sections import shown, titled

_COLUMNS = ("largest difference", "same decisions", "size", "ms", "ms, one thread", "memory")


def exports_content(found: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """A table and a figure; None where the run has no exports.

    Args:
        found: As their model.json have them.
    """
    if not found:
        return None
    headline = found[0]["headline"]
    return {
        "columns": [titled(headline), *_COLUMNS],
        "rows": [{"name": one["name"], "cells": _cells(one, headline)} for one in found],
        "split": found[0]["split"],
        "of_run": shown(headline, found[0]["comparison"]["run_scores"][headline]),
        "figure": svg(draw_exports(found), "score of each export over its size"),
    }


def _cells(one: Mapping[str, Any], headline: str) -> list[str]:
    comparison, costs = one["comparison"], one["costs"]
    equal = comparison["equal_decisions"]
    return [
        shown(headline, comparison["scores"][headline]),
        f"{comparison['max_difference']:.2g}",
        "" if equal is None else f"{equal:.2%}",
        byte_size(costs["bytes"]),
        f"{costs['seconds'] * 1e3:.3g}",
        f"{costs['seconds_one_thread'] * 1e3:.3g}",
        byte_size(costs["peak_bytes"]),
    ]
