"""Tables with the columns of others: what rows get, what is missing, and what is refused."""

from __future__ import annotations

import json

import numpy as np
import pytest

from bigmodel_cli.errors import DataError
from bigmodel_cli.sources.base import LoadContext
from bigmodel_cli.sources.table import TableOptions

RATINGS = [("a", 3, 7), ("a", 1, 5), ("b", 3, 8), ("c", 9, 1), ("b", "", 2), ("c", 2, 6)] * 3
ITEMS = 'id;year;tag;words\n1;1990;x;"one\nline"\n2;;y;two\n3;1992;x;three\n'


@pytest.fixture
def ratings(tmp_path):
    rows = "".join(f"{user},{item},{rating}\n" for user, item, rating in RATINGS)
    (tmp_path / "ratings.csv").write_text(f"user,item,rating\n{rows}")
    (tmp_path / "items.csv").write_text(ITEMS)
    return tmp_path


def loaded(folder, *, join, path="ratings.csv", columns=None, **options):
    warnings: list[str] = []
    told = {"user": "category", "item": "ignore", "year": "number", "tag": "category", "words": "text"}
    source = TableOptions(
        path=folder / path, target="rating", columns=columns or told, join={"item": join}, **options
    ).load(LoadContext(warn=warnings.append))
    return source, [one.replace(f"{folder}/", "") for one in warnings]


def column(examples, name):
    store = examples.inputs[name]
    return [store.read(place).item() for place in range(len(store))]


@pytest.mark.usefixtures("engine")
def test_a_row_that_names_an_item_gets_its_columns(ratings):
    source, said = loaded(ratings, join={"path": ratings / "items.csv", "key": "id"})
    examples = source.splits["train"]
    assert sorted(examples.inputs) == ["tag", "user", "words", "year"]
    nan = float("nan")
    np.testing.assert_array_equal(column(examples, "year"), [1992, 1990, 1992, nan, nan, nan] * 3)
    assert column(examples, "tag") == ["x", "x", "x", "", "", "y"] * 3
    assert column(examples, "words") == ["three", "one\nline", "three", "", "", "two"] * 3
    assert said == [
        "ratings.csv: 3 of 15 rows have in item what items.csv has not (9): its columns are missing there"
    ]
    assert examples.place(4).endswith("ratings.csv:6")


def test_blocks_and_splits_count_what_is_not_there_once_each(ratings, monkeypatch):
    from bigmodel_cli.sources.tables import table as table_module

    monkeypatch.setattr(table_module, "_BLOCK", 16)
    source, said = loaded(
        ratings, join={"path": ratings / "items.csv", "key": "id"}, test=ratings / "ratings.csv"
    )
    assert column(source.splits["test"], "tag") == ["x", "x", "x", "", "", "y"] * 3
    assert len(said) == 2 and all("3 of 15 rows" in one for one in said)


def test_other_files_than_csv_and_numbers_with_a_fraction(ratings):
    lines = [{"id": n, "tags": ["p", "q"][: n % 3], "year": 1990.5} for n in (1, 2, 3)]
    (ratings / "items.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    rows = "".join(f"{user},{item}.0,{rating}\n" for user, item, rating in RATINGS if item)
    (ratings / "floats.csv").write_text(f"user,item,rating\n{rows}")
    source, _ = loaded(
        ratings,
        path="floats.csv",
        columns={"user": "category", "item": "ignore", "item_year": "number", "item_tags": "ignore"},
        join={"path": [ratings / "items.jsonl"], "key": "id", "prefix": "item_"},
    )
    examples = source.splits["train"]
    assert sorted(examples.inputs) == ["item_year", "user"]
    assert np.nansum(column(examples, "item_year")) == 12 * 1990.5


@pytest.mark.parametrize(
    ("items", "join", "says"),
    [
        ("id,year\n1,2\n3,4\n2,5\n3,6\n", {"key": "id"}, "items.csv:5, id: '3' is in items.csv:3 too"),
        ("id,year\n1,2\n,4\n", {"key": "id"}, "items.csv:3, id: no value, by which the row would be found"),
        ("id,year\n1,2\n", {"key": "ident"}, "items.csv: no column ident; its columns: id, year"),
        ("id,year\n1,2\n", {}, "items.csv: no column item; its columns: id, year"),
        ("id,user\n1,2\n3,4\n", {"key": "id"}, "items.csv, user: ratings.csv has a column of that name too | "
         "write prefix: item_ in join"),
        ("id,year\n", {"key": "id"}, "items.csv: no rows, of which others could get columns"),
        ("id\n1\n", {"key": "id"}, "items.csv: has nothing beside id to join"),
        ("id,year\n01,2\n03,4\n", {"key": "id"}, "no row has what items.csv has: '3' here, '01' there"),
    ],
)  # fmt: skip
def test_what_cannot_be_joined_is_refused_by_its_place(ratings, items, join, says):
    (ratings / "items.csv").write_text(items)
    with pytest.raises(DataError) as caught:
        loaded(ratings, columns={"year": "number"}, join={"path": ratings / "items.csv", **join})
    assert says in f"{caught.value.message} | {caught.value.hint}".replace(f"{ratings}/", "")


def test_a_column_that_names_no_row_has_to_be_there(ratings):
    with pytest.raises(DataError, match=r"ratings.csv: no column film"):
        TableOptions(
            path=ratings / "ratings.csv",
            target="rating",
            join={"film": {"path": ratings / "items.csv", "key": "id"}},
        ).load(LoadContext())
