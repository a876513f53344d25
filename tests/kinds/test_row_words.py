"""A row in a line, as a page shows it."""

from __future__ import annotations

import numpy as np

from bigmodel_cli.kinds.category.kind import CategoryKind
from bigmodel_cli.kinds.date.kind import DateKind
from bigmodel_cli.kinds.number.kind import NumberKind
from bigmodel_cli.kinds.row.kind import RowKind
from bigmodel_cli.kinds.show import Show
from bigmodel_cli.kinds.text.kind import TextKind
from bigmodel_cli.parts import part_of

DATE = DateKind(("year", "month", "day", "weekday", "days"), "YYYY-MM-DD")
COLUMNS = {"age (years)": NumberKind(), "job": CategoryKind(("a", "b")), "when": DATE, "why": TextKind()}


def words(columns, cells):
    return part_of(RowKind(columns), Show).words(cells)


def row(age, job, when, why):
    return {
        "age (years)": np.float32(age),
        "job": np.array(job, object),
        "when": np.array(when, np.float32),
        "why": np.array(why, object),
    }


def test_columns_are_named():
    found = words(COLUMNS, row(3.5, "b", [2020, 1, 4, 5, 18265], "so\n  it is"))
    assert found == "age (years) 3.5, job b, when 2020-01-04, why so it is"


def test_what_is_missing_is_left_out():
    assert words(COLUMNS, row(np.nan, "", [np.nan] * 5, "x" * 99)) == f"why {'x' * 39}…"
    assert words(COLUMNS, row(np.nan, "", [np.nan] * 5, "")) is None


def test_a_text_alone_stands_for_itself():
    assert words({"text": TextKind()}, {"text": np.array("free  entry", object)}) == "free entry"
    assert words({"text": TextKind()}, {"text": np.array("y" * 500, object)}) == f"{'y' * 159}…"
