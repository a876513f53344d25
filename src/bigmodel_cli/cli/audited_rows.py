"""What `bigmodel data` found of a table, printed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from bigmodel_cli.audit.rows.page import in_order, summary, told_of_texts, values_of
from bigmodel_cli.cli.audited import show_classes, show_labels
from bigmodel_cli.cli.output import note, one_line, table
from bigmodel_cli.cut import cut

# Columns that are printed.
_MAX_COLUMNS = 40
_LETTERS = 48


def show_rows(document: Mapping[str, Any], described: str) -> None:
    """Splits, targets, and each column in a line.

    Args:
        document: What was found.
        described: What labels and columns are, in words.
    """
    click.echo(one_line(f"{document['name']}: {summary(document, described)}"))
    splits = document["splits"]
    columns = ["split", "examples", "from", "copies", "in train too"]
    rows = [
        [
            split,
            f"{of_split['examples']:,}",
            of_split["origin"],
            f"{of_split['copies']:,}",
            "" if of_split["in_train"] is None else f"{of_split['in_train']:,}",
        ]
        for split, of_split in splits.items()
    ]
    table(columns, rows, numeric=["examples", "copies", "in train too"])
    for target, facts in document["targets"].items():
        if len(document["targets"]) > 1:
            click.echo(one_line(f"target {target}:"))
        show_classes(facts["classes"], list(splits))
        show_labels(facts["numbers"] or {})
    _show_columns(document)
    for name, reason in document["left_out"].items():
        click.echo(one_line(f"left out: {name} ({reason})"))


def _show_columns(document: Mapping[str, Any]) -> None:
    others = [split for split in document["splits"] if split != "train"]
    names = in_order(document)
    rows = [_row(name, document["columns"][name], others) for name in names[:_MAX_COLUMNS]]
    numeric = ["missing", "different", *(f"drift {split}" for split in others), "alone"]
    columns = ["column", "kind", "missing", "different", "values in train", *numeric[2:]]
    table(columns, rows, numeric=numeric)
    if len(names) > _MAX_COLUMNS:
        note(f"the {_MAX_COLUMNS} of {len(names):,} columns that tell most; --json has all, --out shows them")
    for name in names[:_MAX_COLUMNS]:
        for told in told_of_texts(document["columns"][name]):
            click.echo(one_line(f"{name}: {told}"))
    if any(column["tells_alone"] for column in document["columns"].values()):
        note("alone: how much of the target a tree tells from the column alone; drift: from 0 to 1")


def _row(name: str, column: Mapping[str, Any], others: list[str]) -> list[str]:
    train = column["splits"]["train"]
    told = max(column["tells_alone"].values(), default=None)
    return [
        name,
        column["kind"],
        f"{train['missing_share']:.1%}" if train["missing"] else "",
        f"{train['distinct']:,}" if "distinct" in train else "",
        cut(values_of(column) or "", _LETTERS),
        *(f"{drift['distance']:.2f}" if (drift := column["drift"].get(split)) else "" for split in others),
        "" if told is None else f"{max(0.0, told):.0%}",
    ]
