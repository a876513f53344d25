"""How scores of groups are shown: a row for each, and how far they are apart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from bigmodel_cli.cli.output import metrics_line, note, number, one_line, table

# Groups of which a table has rows.
_MOST = 20


def show_groups(document: Mapping[str, Any]) -> None:
    """Scores of groups, by each column that was asked for.

    Args:
        document: As evaluation/<split>.json has it.
    """
    for column, found in document.get("by", {}).items():
        groups = found["groups"]
        least = sorted((row["examples"] for row in groups), reverse=True)[:_MOST][-1]
        rows = [
            [row["described"], f"{row['examples']:,}", *(_cell(row, name) for name in found["shown"])]
            for row in groups
            if row["examples"] >= least
        ][:_MOST]
        columns = [f"by {column}", "examples", *found["shown"]]
        table(columns, rows, numeric=columns[1:])
        for name in found["shown"]:
            if name in found["gaps"]:
                click.echo(one_line(_gap_line(name, found["gaps"][name])))
        if found["fairness"]:
            click.echo(one_line(metrics_line(found["fairness"])))
        if len(rows) < len(groups):
            note(f"by {column}: the {len(rows)} largest of {len(groups)} groups; --json has all")
        for sentence in found["notes"]:
            note(f"by {column}: {sentence}")


def _cell(row: Mapping[str, Any], name: str) -> str:
    value, interval = row["scores"].get(name), row["intervals"].get(name)
    if value is None:
        return "–"
    between = f" ({_short(interval['low'])} to {_short(interval['high'])})" if interval else ""
    return f"{number(value)}{between}"


def _short(value: float) -> str:
    """Two of them, beside the value, in each of several columns of a terminal."""
    return f"{value:.3f}" if abs(value) < 10 else f"{value:.4g}"


def _gap_line(name: str, gap: Mapping[str, Any]) -> str:
    """`recall: 0.5123 (Female) to 0.6233 (Male), gap 0.1110, ratio 0.8219; by chance up to 0.0312`."""
    ratio = "" if gap["ratio"] is None else f", ratio {number(gap['ratio'])}"
    chance = "" if gap["by_chance"] is None else f"; by chance up to {number(gap['by_chance'])}"
    ends = f"{number(gap['min'])} ({gap['lowest']}) to {number(gap['max'])} ({gap['highest']})"
    return f"{name}: {ends}, gap {number(gap['gap'])}{ratio}{chance}"
