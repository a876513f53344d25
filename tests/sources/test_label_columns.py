"""Targets of several labels: in one cell, or in a column each."""

from __future__ import annotations

import numpy as np
import pytest

from bigmodel_cli.errors import DataError
from bigmodel_cli.sources.base import LoadContext
from bigmodel_cli.sources.table import TableOptions
from bigmodel_cli.tasks.multilabel.task import Multilabel

ROWS = ["1.5,a|c,1,no,true", "2.5,,0,no,false", "3.5,b,0,yes,false", "4.5, c | a ,1,no,true"]
HEAD = "x,tags,red,green,blue"
SETS = [[1, 0, 1], [0, 0, 0], [0, 1, 0], [1, 0, 1]]


@pytest.fixture
def load(tmp_path):
    def call(target, rows=ROWS, test=None, **options):
        (tmp_path / "t.csv").write_text("\n".join([HEAD, *rows]) + "\n")
        if test is not None:
            (tmp_path / "test.csv").write_text("\n".join([HEAD, *test]) + "\n")
            options["test"] = tmp_path / "test.csv"
        table = TableOptions(path=tmp_path / "t.csv", target=target, **options)
        return table.load(LoadContext())

    return call


def test_labels_of_one_cell(load):
    others = dict.fromkeys(("red", "green", "blue"), "ignore")
    source = load({"tags": {"separator": "|"}}, columns={**others, "tags": "category"})
    assert source.signature.targets == {"tags": Multilabel(("a", "b", "c"))}
    assert source.splits["train"].targets["tags"].tolist() == SETS
    assert list(source.signature.inputs) == ["x"]


def test_columns_of_yes_and_no_are_one_target(load):
    source = load({"colours": {"columns": ["red", "green", "blue"]}}, columns={"tags": "ignore"})
    assert source.signature.targets == {"colours": Multilabel(("red", "green", "blue"))}
    np.testing.assert_array_equal(source.splits["train"].targets["colours"], SETS)
    assert list(source.signature.inputs) == ["x"]
    assert source.splits["train"].targets["colours"].dtype == np.int64


def test_lists_of_json_are_sets(tmp_path):
    rows = ['{"x": 1, "tags": ["c", "a"]}', '{"x": 2, "tags": []}', '{"x": 3.5, "tags": ["b"]}']
    (tmp_path / "t.jsonl").write_text("\n".join(rows) + "\n")
    source = TableOptions(path=tmp_path / "t.jsonl", target="tags").load(LoadContext())
    assert source.signature.targets == {"tags": Multilabel(("a", "b", "c"))}
    assert source.splits["train"].targets["tags"].tolist() == [[1, 0, 1], [0, 0, 0], [0, 1, 0]]
    again = source.looked_at.load(LoadContext())
    assert again.signature == source.signature


def test_the_order_of_labels_is_that_of_their_columns(load):
    source = load({"colours": {"columns": ["blue", "red"]}}, columns={"tags": "ignore", "green": "ignore"})
    assert source.signature.targets["colours"].class_names == ("blue", "red")


@pytest.mark.parametrize(
    ("target", "rows", "says"),
    [
        (
            {"tags": {"separator": "|"}},
            None,
            r"test\.csv:3, tags: training has no example of the label 'new'",
        ),
        (
            {"colours": {"columns": ["red", "x"]}},
            ROWS,
            r"t\.csv:2, x: expected 0 or 1, or yes or no: it is one label",
        ),
        ({"colours": {"columns": ["red", "grean"]}}, ROWS, r"t\.csv: .*grean"),
        ({"tags": {"separator": "|"}}, ["1,,0,0,0", "2,,1,1,1"], "no row has a label"),
    ],
)
def test_what_is_no_label_is_named_with_its_line(load, target, rows, says):
    with pytest.raises(DataError, match=says):
        load(
            target,
            rows or ROWS,
            None if rows else [ROWS[0], "2,new|a,0,no,true"],
            columns={"tags": "category"},
        )


def test_a_label_that_is_missing_is_a_missing_target(load):
    rows = [*ROWS, "5.5,a,,no,true"]
    target = {"colours": {"columns": ["red", "green"]}}
    with pytest.raises(DataError, match=r"t\.csv:6, red: no target"):
        load(target, rows)
    source = load(target, rows, missing_target="drop")
    assert len(source.splits["train"]) == 4


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"separator": "|", "columns": ["a"]}, "leave one of the two out|leave one out"),
        ({"columns": ["a", "a"]}, "expected names that differ"),
        ({"columns": []}, "at least 1"),
        ({"separator": ""}, "at least 1"),
    ],
)
def test_options_that_contradict_each_other(load, options, says):
    with pytest.raises(ValueError, match=says):
        load({"tags": options})
