"""Columns of lists of texts, from JSON lines and Parquet."""

from __future__ import annotations

import json

import numpy as np
import pytest

from bigmodel_cli.errors import DataError
from bigmodel_cli.sources.tables.columns import Lists
from bigmodel_cli.sources.tables.giveaways import giveaways
from bigmodel_cli.sources.tables.survey import survey
from bigmodel_cli.sources.tables.table import open_table
from bigmodel_cli.sources.tables.values import read, read_blocks

ROWS = [["news", "sport"], [], None, ["sport"], [" news ", "", "a, b"], ["sport"]] * 20


def as_json(rows):
    return "".join(json.dumps({"n": n % 9 + 0.5, "tags": row}) + "\n" for n, row in enumerate(rows))


@pytest.mark.usefixtures("engine", "small_blocks")
def test_lists_of_texts_in_json_lines(opened):
    table = opened(as_json(ROWS), "t.jsonl")
    found = survey(table, keep=True)
    facts = found.columns["tags"]
    assert (facts.kind, facts.rows, facts.missing, facts.distinct) == ("list", 120, 20, 3)
    assert facts.categories == [("sport", 60), ("news", 40), ("a, b", 20)]
    assert facts.reason == "lists of texts, 3 different ones, 1.2 in each on average"
    column = read(table, found.columns, found.kept)["tags"]
    assert isinstance(column, Lists)
    assert column.names == ("sport", "news", "a, b")
    assert [column[row] for row in range(6)] == [
        ["news", "sport"],
        [],
        [],
        ["sport"],
        ["news", "a, b"],
        ["sport"],
    ]
    assert column.missing.tolist() == [row is None for row in ROWS]
    assert (column.codes.dtype, column.offsets.dtype, len(column)) == (np.int32, np.int64, 120)
    blocks = [block["tags"] for block in read_blocks(table, found.columns)]
    assert len(blocks) > 10
    assert [block[row] for block in blocks for row in range(len(block))] == [
        column[row] for row in range(120)
    ]


@pytest.mark.parametrize("suffix", [".parquet", ".feather"])
def test_lists_in_typed_files_are_those_of_json(tmp_path, opened, suffix):
    pa = pytest.importorskip("pyarrow")
    from pyarrow import feather, parquet

    save = parquet.write_table if suffix == ".parquet" else feather.write_feather
    words = pa.array(ROWS, pa.list_(pa.string()))
    coded = pa.array([None if row is None else [len(item) for item in row] for row in ROWS])
    large = (
        words.cast(pa.large_list(pa.dictionary(pa.int32(), pa.string()))) if suffix == ".parquet" else words
    )
    path = tmp_path / f"t{suffix}"
    save(pa.table({"tags": words, "coded": coded, "large": large, "none": pa.nulls(120)}), path)
    table = open_table(path)
    found = read(table, survey(table).columns)
    other = opened(as_json(ROWS), "t.jsonl")
    expected = read(other, survey(other).columns)["tags"]
    for name in ("tags", "large"):
        assert [found[name][row] for row in range(120)] == [expected[row] for row in range(120)]
        assert found[name].missing.tolist() == expected.missing.tolist()
    assert found["coded"][0] == ["4", "5"]


def test_an_item_that_was_not_there_before_gets_a_code_behind_the_others(opened):
    facts = survey(opened(as_json(ROWS), "t.jsonl")).columns
    other = read(opened(as_json([["x", "news"], ["x"]]), "u.jsonl"), {"tags": facts["tags"]})["tags"]
    assert other.names == ("sport", "news", "a, b", "x")
    assert (other.codes.tolist(), other.offsets.tolist()) == ([3, 1, 3], [0, 2, 3])


def test_files_of_one_table_agree_on_lists(written, tmp_path):
    first, later = [None] * 150, [None] * 150 + [["x"]]
    written(as_json(later), "a.jsonl")
    written(as_json([["y"], *first]), "b.jsonl")
    facts = survey(open_table(str(tmp_path / "*.jsonl"))).columns["tags"]
    assert (facts.kind, facts.missing, facts.distinct) == ("list", 300, 2)
    written("n,tags\n1,x\n", "c.csv")
    with pytest.raises(DataError, match=r"c.csv: text has no lists, as tags in other files"):
        open_table([tmp_path / "b.jsonl", tmp_path / "c.csv"])


@pytest.mark.parametrize(
    ("kinds", "says"),
    [
        ({"tags": "category"}, "tags: expected a category, found lists"),
        ({"n": "list"}, "n: expected lists, found single"),
    ],
)
def test_kinds_that_do_not_fit_lists(opened, kinds, says):
    with pytest.raises(DataError) as caught:
        survey(opened(as_json(ROWS), "t.jsonl"), kinds)
    assert says in caught.value.message
    assert survey(opened(as_json(ROWS), "t.jsonl"), {"tags": "list"}).columns["tags"].reason == "as told"


def test_more_items_than_are_counted(opened, monkeypatch):
    monkeypatch.setattr("bigmodel_cli.sources.tables.lists.MOST_ITEMS", 10)
    with pytest.raises(DataError, match="tags: more than 10 different texts in its lists"):
        survey(opened(as_json([[f"t{n}"] for n in range(11)]), "t.jsonl"))


def test_lists_tell_nothing_of_a_target(opened):
    table = opened(as_json(ROWS), "t.jsonl")
    columns = read(table, survey(table).columns)
    assert giveaways(columns, "n") == giveaways(columns, "tags") == []
