"""Scores of groups on a page: a table for each column, and how far its groups are apart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bigmodel_cli.tasks.sections import shown, titled


def groups_content(evaluation: Mapping[str, Any]) -> list[dict[str, Any]]:
    """For each column by which scores were asked for, `name`, `columns`, `rows`, `gaps`, `fairness`, `notes`.

    Args:
        evaluation: As evaluation/<split>.json has it.
    """
    return [_column(name, found) for name, found in evaluation.get("by", {}).items()]


def _column(name: str, found: Mapping[str, Any]) -> dict[str, Any]:
    names = found["shown"]
    return {
        "name": name,
        "positive": found["positive"],
        "columns": [titled(each) for each in names],
        "rows": [
            {
                "group": row["described"],
                "examples": f"{row['examples']:,}",
                "cells": [_cell(row, each) for each in names],
            }
            for row in found["groups"]
        ],
        "gaps": list(_gaps(found)),
        "fairness": [(titled(each), f"{value:.4f}") for each, value in found["fairness"].items()],
        "notes": found["notes"],
    }


def _cell(row: Mapping[str, Any], name: str) -> dict[str, str]:
    value, interval = row["scores"].get(name), row["intervals"].get(name)
    between = f"{shown(name, interval['low'])} to {shown(name, interval['high'])}" if interval else ""
    return {"value": "–" if value is None else shown(name, value), "interval": between}


def _gaps(found: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for name in found["shown"]:
        if (gap := found["gaps"].get(name)) is None:
            continue
        chance = gap["by_chance"]
        yield {
            "name": titled(name),
            "gap": shown(name, gap["gap"]),
            "ratio": "" if gap["ratio"] is None else f"{gap['ratio']:.4f}",
            "lowest": gap["lowest"],
            "highest": gap["highest"],
            "worst": gap["worst"] or "",
            "by_chance": "" if chance is None else shown(name, chance),
            "is_more": chance is not None and gap["gap"] > chance,
        }
