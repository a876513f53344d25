"""What a row's user had before: never the row itself nor what comes later, whatever the splits."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from bigmodel_cli.errors import DataError
from bigmodel_cli.inference.lookups.front import Lookup, Values
from bigmodel_cli.kinds.baseline import Encoder
from bigmodel_cli.kinds.cells import Cells, Held, WrongOptionError
from bigmodel_cli.kinds.history.kind import HistoryKind
from bigmodel_cli.kinds.kind import kind_from_json
from bigmodel_cli.kinds.profile import Profile
from bigmodel_cli.kinds.row.blocks.sent import cells_of_sent
from bigmodel_cli.kinds.row.kind import RowKind
from bigmodel_cli.parts import class_called, part_of
from bigmodel_cli.sources.base import LoadContext
from bigmodel_cli.sources.table import TableOptions
from bigmodel_cli.sources.tables.columns import Lists
from bigmodel_cli.sources.tables.facts import ColumnFacts

OPTIONS = {"of": "item", "by": "user", "time": "at", "length": 3}
# Not in the order of time; 16777216 and 16777217 are one number as float32, and two moments.
ROWS = [
    ("u1", "a", 5), ("u1", "b", 1), ("u2", "c", 2), ("u1", "d", 16777217), ("u1", "e", 16777216),
    ("u2", "a", 2), ("", "z", 3), ("u2", "", 4), ("u2", "f", 5), ("u1", "g", 16777218),
]  # fmt: skip
EXPECTED = [["b"], [], [], ["b", "a", "e"], ["b", "a"], ["c"], [], ["c", "a"], ["c", "a"], ["a", "e", "d"]]


def written(rows):
    return "user,item,at,y\n" + "".join(f"{u},{i},{t},{n % 2}\n" for n, (u, i, t) in enumerate(rows))


def loaded(tmp_path, rows=ROWS, told=OPTIONS, columns=None, **options):
    path = tmp_path / "t.csv"
    path.write_text(written(rows))
    told_columns = {"user": "ignore", "at": "ignore", "item": "category", "history": {"history": told}}
    return TableOptions(path=path, target="y", columns=told_columns | (columns or {}), **options).load(
        LoadContext()
    )


def items(store):
    return [[item for item in store.read(row).tolist() if item] for row in range(len(store))]


def test_a_history_is_what_came_before(tmp_path):
    source = loaded(tmp_path)
    kind = source.signature.inputs["history"]
    assert kind == HistoryKind("item", 3, "|")
    assert kind.words_of == "item"
    assert kind_from_json(json.loads(json.dumps({"kind": "history", **kind.as_json()}))) == kind
    assert sorted(source.signature.inputs) == ["history", "item"]
    store = source.splits["train"].inputs["history"]
    assert items(store) == EXPECTED
    assert part_of(kind, Cells).written(store.read(3)) == "b|a|e"
    seen = part_of(kind, Profile).seen([store])
    assert seen.numbers.tolist() == [len(one) for one in EXPECTED]
    assert seen.whole[0][7] == seen.whole[0][8] != seen.whole[0][5]
    encoder = part_of(kind, Encoder)
    values = encoder.values(store)
    hot = encoder.for_linear(values).encode(values)
    assert hot.shape == (10, 5)
    assert hot.sum(1).tolist() == [len(one) for one in EXPECTED]


def test_rows_of_other_files_see_what_came_before_them_in_time(tmp_path):
    (tmp_path / "later.csv").write_text(written([("u2", "h", 3), ("u1", "k", 16777219), ("u3", "h", 9)]))
    source = loaded(tmp_path, test=tmp_path / "later.csv")
    assert items(source.splits["test"].inputs["history"]) == [["c", "a"], ["e", "d", "g"], []]
    # The row of u2 at 3 is in the test split, and what comes later in training had it before.
    assert items(source.splits["train"].inputs["history"])[8] == ["c", "a", "h"]


def test_histories_are_those_of_a_slow_computation(tmp_path):
    random = np.random.default_rng(0)
    rows = [
        (f"u{random.integers(7)}", f"i{random.integers(20)}", int(random.integers(30))) for _ in range(300)
    ]
    found = items(loaded(tmp_path, rows).splits["train"].inputs["history"])
    for place, (user, _, moment) in enumerate(rows):
        earlier = sorted(
            (at, other)
            for other, (who, _, at) in enumerate(rows)
            if who == user and (at, other) < (moment, place)
        )
        assert found[place] == [rows[other][1] for _, other in earlier][-3:]


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        (["2024-01-03", "2024-01-01", "2024-01-02"], [["b", "c"], [], ["b"]]),
        (["1,5", "1,25", "1,375"], [["b", "c"], [], ["b"]]),
        (None, [[], ["a"], ["a", "b"]]),
    ],
)
def test_moments_may_be_dates_or_numbers_and_rows_may_stand_in_order(tmp_path, times, expected):
    rows = [("u", item, f'"{at}"') for item, at in zip("abc", times or "xyz", strict=True)]
    told = OPTIONS if times else {name: OPTIONS[name] for name in ("of", "by", "length")}
    source = loaded(tmp_path, [*rows, ("v", "a", rows[0][2])], told)
    assert items(source.splits["train"].inputs["history"])[:3] == expected


@pytest.mark.parametrize(
    ("rows", "told", "columns", "says"),
    [
        ([("u", "a", 1), ("u", "b", ""), ("v", "a", "")] * 4, OPTIONS, {}, "t.csv:3: no at, by which "
         "histories are ordered (8 such rows)"),
        ([("u", "a", "soon"), ("u", "b", "late")] * 6, OPTIONS, {}, "t.csv, at: "),
        (ROWS, {**OPTIONS, "by": "who"}, {}, "t.csv: no column who; its columns: user, item, at, y"),
        (ROWS, OPTIONS, {"at": {"history": {**OPTIONS, "time": "y"}}}, "t.csv, at: is there, and columns "
         "says to make it of others"),
    ],
)  # fmt: skip
def test_what_has_no_order_or_is_not_there_is_refused(tmp_path, rows, told, columns, says):
    with pytest.raises(DataError) as caught:
        loaded(tmp_path, rows, told, columns)
    assert says in caught.value.message


def test_options_of_histories():
    cells = class_called("kinds", "history", "cells", "Cells")
    for options, option, says in (
        ({"by": None}, "by", "expected a column, found None"),
        ({"time": ""}, "time", "expected a column, found ''"),
        ({"by": "item"}, "by", "expected columns that differ, found item, item, at"),
        ({"length": 0}, "length", "found 0"),
        ({"length": None}, "length", "found None"),
        ({"separator": ""}, "separator", "expected what stands between items"),
        ({"most": 3}, "most", "no option 'most'"),
    ):
        with pytest.raises(WrongOptionError, match=says) as caught:
            cells.check_options({**OPTIONS, **options})
        assert caught.value.option == option
    wrong = cells.misfit_beside(OPTIONS, {"user": ("number", {})})
    assert (wrong.option, wrong.hint) == ("by", "write columns: {user: category}")
    with pytest.raises(ValueError, match="target: 'history' is made of rows before"):
        TableOptions(path="t.csv", target="history", columns={"history": {"history": OPTIONS}})
    with pytest.raises(ValueError, match="columns: 'h' is made of other columns"):
        TableOptions(path="t.csv", target="y", columns={"h": {"from": "x", "history": OPTIONS}})


@pytest.mark.parametrize(
    ("retrieve", "says"),
    [
        ({"user": "item", "time": "at"}, "target: item: expected columns that differ"),
        ({"user": "user", "time": "user"}, "target: item: expected columns that differ"),
        ({"user": "user"}, "target: item: retrieve it by time: at, which orders history"),
        ({"user": "user", "time": "at", "popularity": {"days": float("inf")}}, "finite number"),
        ({"user": "user", "time": "at", "popularity": {"smoothing": float("inf")}}, "finite number"),
    ],
)
def test_items_are_found_by_who_and_when_as_histories_are_made(retrieve, says):
    columns = {"history": {"history": OPTIONS}}
    TableOptions(path="t.csv", target={"item": {"retrieve": {"user": "user", "time": "at"}}}, columns=columns)
    with pytest.raises(ValueError, match=says):
        TableOptions(path="t.csv", target={"item": {"retrieve": retrieve}}, columns=columns)


def test_a_row_to_predict_names_its_history():
    kind = RowKind({"history": HistoryKind("item", 3, "|")})
    facts = {"history": ColumnFacts("history", "list", "told", 0)}
    rows = [{"history": one} for one in (["a", "b"], [12, 7], "a|b", [], None, [1.5], ["a", "b", "c", "d"])]
    sent = cells_of_sent(rows, kind, facts)
    assert sent.wrong == {5: ", history: expected a list of item, the latest last, found [1.5]"}
    cells = part_of(kind.columns["history"], Cells)
    lists = [["a", "b"], ["12", "7"], ["a|b"], [], ["[12.0, 7]"], ["a", "b", "c", "d"]]
    names = sorted({item for one in lists for item in one})
    values = Lists(
        np.array([names.index(item) for one in lists for item in one], np.int32),
        np.cumsum([0, *map(len, lists)]),
        np.zeros(len(lists), bool),
        names,
    )
    expected = [
        ["a", "b", ""],
        ["12", "7", ""],
        ["a", "b", ""],
        ["", "", ""],
        ["12", "7", ""],
        ["b", "c", "d"],
    ]
    assert cells.held(values).values().tolist() == expected
    deep = Lists(np.zeros(1, np.int32), np.array([0, 1]), np.zeros(1, bool), ["[" * 100_000])
    assert cells.held(deep).values().tolist() == [["[" * 100_000, "", ""]]


def test_items_that_look_like_a_cell_are_items():
    """Of a table's own rows, whose lists nobody wrote."""
    lists = Lists(np.array([0, 1, 1, 0], np.int32), np.array([0, 1, 2, 4]), np.zeros(3, bool), ["a|b", "[1]"])
    cells = part_of(HistoryKind("item", 2, "|"), Cells)
    found = cells.held(replace(lists, are_whole=True)).values().tolist()
    assert found == [["a|b", ""], ["[1]", ""], ["[1]", "a|b"]]


def test_histories_are_looked_up_in_numpy_as_keras_does():
    import keras

    from bigmodel_cli.modeling.lookups import behind_lookups

    words = np.array([["a", "b", ""], ["", "", ""], ["z", "b", "y"]], object)
    given = keras.Input((3,), dtype="string", name="history")
    layer = keras.layers.StringLookup(vocabulary=["b", "a"], mask_token="")
    model = keras.Model(given, keras.layers.Embedding(4, 2)(layer(given)))
    (lookup,) = (Lookup(**described) for described in behind_lookups(model).lookups.values())
    found = lookup.run(Values.of(words))
    np.testing.assert_array_equal(found, [[3, 2, 0], [0, 0, 0], [1, 2, 1]])
    np.testing.assert_array_equal(found, np.asarray(layer(words)))


def test_right_behind_a_row_its_own_item_was_had_too():
    """As users stand at the end of training; items that a row lacks are none."""
    cells = part_of(HistoryKind("item", 2, "|"), Cells)
    before = Held(np.array([[0, 2], [0, 1], [2, 2], [1, 2]], np.int32), ("a", "b"))
    own = Held(np.array([1, 0, 0, 2], np.int32), ("c", "b"))
    found = cells.later(before, {"item": own})
    assert found.values().tolist() == [["a", "b"], ["b", "c"], ["c", ""], ["b", ""]]
    assert cells.later(before, {}) is before
