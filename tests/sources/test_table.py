"""What the source `table` makes of columns: notations, and what no kind takes."""

from __future__ import annotations

import json

import numpy as np
import pytest

from bigmodel_cli.errors import DataError
from bigmodel_cli.kinds.number.kind import NumberKind
from bigmodel_cli.sources.base import LoadContext
from bigmodel_cli.sources.table import TableOptions


def loaded(path, **options):
    warnings: list[str] = []
    source = TableOptions(path=path, target="y", **options).load(LoadContext(warn=warnings.append))
    return source, warnings


def test_numbers_with_a_sign_keep_their_notation(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("price;share;y\n" + "".join(f"1.{n:03d},50 €;{n / 2}%;{n % 2}\n" for n in range(40)))
    source, _ = loaded(path)
    kinds = source.signature.inputs
    assert kinds == {"price": NumberKind(",", ".", "€"), "share": NumberKind(".", None, "%")}
    for kind in kinds.values():
        assert NumberKind.from_json(json.loads(json.dumps(kind.as_json()))) == kind
    prices = source.splits["train"].inputs["price"].array
    np.testing.assert_array_equal(prices[:2], [1000.5, 1001.5])


def test_lists_are_left_out_unless_they_are_asked_for(tmp_path):
    path = tmp_path / "t.jsonl"
    path.write_text("".join(json.dumps({"n": n / 2, "tags": ["a"], "y": n % 2}) + "\n" for n in range(40)))
    source, warnings = loaded(path)
    assert list(source.signature.inputs) == ["n"]
    assert "left out: tags (lists of texts, 1 different ones" in warnings[0]
    with pytest.raises(DataError) as caught:
        TableOptions(path=path, target="y").load(LoadContext(beside=("tags",)))
    assert (
        "t.jsonl, tags: expected one of array, audio, category, date, history, image, mask, number, "
        "set, subwords, text, transcript; found lists" in caught.value.message
    )
    assert caught.value.hint == "columns: {tags: ignore} leaves it out"
    of_sets = TableOptions(path=path, target="tags").load(LoadContext())
    assert of_sets.signature.targets["tags"].label_names == ("a",)


def test_a_column_of_texts_that_are_nearly_all_different_is_pointed_out(tmp_path):
    rows = "".join(f"key{number % 40},{number % 2}\n" for number in range(60))
    (tmp_path / "t.csv").write_text(f"code,label\n{rows}")
    warnings: list[str] = []
    told = TableOptions(path=tmp_path / "t.csv", target="label", columns={"label": "category"})
    told.load(LoadContext(warn=warnings.append))
    assert warnings == [
        f"{tmp_path / 't.csv'}, code: 40 different texts in 60 rows were taken for categories, "
        "from which little is learnt; is it number, text or ignore?"
    ]
    warnings.clear()
    told.model_copy(update={"columns": {**told.columns, "code": "category"}}).load(
        LoadContext(warn=warnings.append)
    )
    assert not warnings


def test_classes_are_numbered_alike_in_all_files(tmp_path):
    path, test = tmp_path / "t.csv", tmp_path / "u.csv"
    # Not in their order, one of them in two forms of Unicode, and a row without any.
    path.write_text("x,y\n" + "1.5,b\n" * 9 + "2.5,e\u0301\n" * 5 + "3.5,\u00e9\n2.5,a\n4.5,\n")
    test.write_text("x,y\n1,a\n2,\u00e9\n3,b\n")
    source, _ = loaded(path, test=test, missing_target="drop")
    assert source.signature.targets["y"].class_names == ("a", "b", "\u00e9")
    train, held_out = (source.splits[split].targets["y"] for split in ("train", "test"))
    assert train.tolist() == [1] * 9 + [2] * 6 + [0]
    assert (held_out.dtype, held_out.tolist()) == (np.int64, [0, 2, 1])
    assert len(source.splits["train"].inputs["x"]) == 16
    with pytest.raises(DataError, match=r"t.csv:18, y: no target"):
        loaded(path)


def test_classes_that_are_numbers_stand_in_the_order_of_numbers(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("x,y\n" + "1.5,10\n2.5,9\n3.5,-1\n" * 9)
    source, _ = loaded(path, columns={"y": "category"})
    assert source.signature.targets["y"].class_names == ("-1", "9", "10")
    assert source.splits["train"].targets["y"].tolist() == [2, 1, 0] * 9


def test_classes_that_are_named_need_no_row(tmp_path):
    path, said = tmp_path / "t.csv", []
    path.write_text("a,kind\n" + "".join(f"{number / 4},{'cb'[number % 2]}\n" for number in range(12)))
    named = {"kind": {"class_names": ["c", "a", "b"]}}
    source = TableOptions(path=path, target=named).load(LoadContext(warn=said.append))
    assert source.signature.targets["kind"].class_names == ("c", "a", "b")
    assert source.splits["train"].targets["kind"].tolist() == [0, 2] * 6
    assert f"{path}, kind: no row has a, which class_names has" in said
    with pytest.raises(DataError, match=r"t.csv, kind: b is none of class_names \(c, a\)"):
        TableOptions(path=path, target={"kind": {"class_names": ["c", "a"]}}).load(LoadContext())


@pytest.mark.parametrize(
    ("told", "says"),
    [
        ({"class_names": ["a"]}, "at least 2"),
        ({"class_names": ["a", "a"]}, "expected a name of its own for each class, found 'a' more than once"),
        ({"class_names": ["a", "b"], "separator": "|"}, "class_names is for a target that has one class"),
    ],
)
def test_names_that_are_none(tmp_path, told, says):
    with pytest.raises(ValueError, match=says):
        TableOptions(path=tmp_path / "t.csv", target={"kind": told})
