"""Rows of a table that lack some of several targets: `missing_target`."""

from __future__ import annotations

import json

import numpy as np
import pytest
from pydantic import ValidationError

from bigmodel_cli.config.fields import Named
from bigmodel_cli.config.schema import Data
from bigmodel_cli.errors import DataError
from bigmodel_cli.pipeline.order import balanced_order, balanced_size
from bigmodel_cli.pipeline.packing import pack
from bigmodel_cli.pipeline.splits import make_splits
from bigmodel_cli.sources.base import LoadContext
from bigmodel_cli.sources.packed import damaged_files, open_packed
from bigmodel_cli.sources.table import TableOptions

# kind, price and tags of six rows: the fifth has none of the first two, the last none at all.
ROWS = [("a", 1.5), ("b", None), (None, 4.5), ("a", None), (None, None), ("b", 3.0)]


@pytest.fixture
def load(tmp_path):
    """Loads rows of kind and price under options."""

    def call(rows=ROWS, **options):
        path = tmp_path / "t.csv"
        lines = [
            f"{n}.5,{kind or ''},{'' if price is None else price}\n" for n, (kind, price) in enumerate(rows)
        ]
        path.write_text("x,kind,price\n" + "".join(lines))
        columns = {"x": "number", "kind": "category", "price": "number"}
        options = {"target": ["kind", "price"], "missing_target": "mask", "columns": columns, **options}
        return TableOptions(path=path, **options).load(LoadContext())

    return call


def test_a_row_stays_for_the_targets_that_it_has(load):
    source = load()
    part = source.splits["train"]
    assert [part.place(index)[-1] for index in range(len(part))] == list("23457")
    assert source.signature.targets["kind"].class_names == ("a", "b")
    np.testing.assert_array_equal(part.known["kind"], [True, True, False, True, True])
    np.testing.assert_array_equal(part.known["price"], [True, False, True, False, True])
    np.testing.assert_array_equal(part.labels_of("kind"), [0, 1, 0, 1])
    np.testing.assert_array_equal(part.labels_of("price"), [1.5, 4.5, 3])
    np.testing.assert_array_equal(part.having("price").inputs["x"].array, [0.5, 2.5, 5.5])
    assert all(np.isfinite(labels).all() for labels in part.targets.values())


def test_what_an_example_counts_is_1_on_average_for_each_target(load):
    counts = load().splits["train"].counts()
    np.testing.assert_allclose(counts["kind"], np.array([1, 1, 0, 1, 1]) * 5 / 4)
    np.testing.assert_allclose(counts["price"], np.array([1, 0, 1, 0, 1]) * 5 / 3, rtol=1e-6)
    whole = [("a", 1.0), ("b", 2.0), ("a", 3.0)]
    assert load(whole).splits["train"].counts() == {} == load(whole).splits["train"].known


def test_drop_and_stop(load):
    assert len(load(missing_target="drop").splits["train"]) == 2
    with pytest.raises(DataError, match=r"t\.csv:3, price: no target \(3 such rows\)") as caught:
        load(missing_target="stop")
    assert caught.value.hint.endswith(
        "drop to leave such rows out, or mask to let them train the other targets"
    )


def test_one_target_has_nothing_to_mask(load):
    with pytest.raises(ValidationError, match=r"mask is for several targets, .* write drop, since"):
        load(target="kind")


def test_a_label_column_that_is_missing_makes_its_target_unknown(tmp_path):
    rows = [
        {"x": n / 2, "red": n % 2, "big": None if n == 2 else 1, "price": None if n > 2 else n}
        for n in range(5)
    ]
    (tmp_path / "t.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    target = {"tags": {"columns": ["red", "big"]}, "price": {"log": True}}
    options = TableOptions(
        path=tmp_path / "t.jsonl", target=target, missing_target="mask", columns={"x": "number"}
    )
    part = options.load(LoadContext()).splits["train"]
    np.testing.assert_array_equal(part.known["tags"], [True, True, False, True, True])
    np.testing.assert_array_equal(part.labels_of("tags"), [[0, 1], [1, 1], [1, 1], [0, 1]])
    np.testing.assert_array_equal(part.labels_of("price"), [0, 1, 2])


def test_what_lacks_a_target_is_part_of_the_fingerprint(load):
    # A price of 0 is another one than none.
    known, missing = ([("a", 1.5), ("b", price), ("a", 2.0)] for price in (0.0, None))
    assert load(known).splits["train"].fingerprint() != load(missing).splits["train"].fingerprint()
    np.testing.assert_array_equal(load(missing).splits["train"].targets["price"], [1.5, 0, 2])


def many(count=400):
    """Rows of which a tenth has a price, and half a kind."""
    return [("ab"[n % 2] if n % 4 < 2 else None, n / 7 if n % 10 == 0 else None) for n in range(count)]


def test_splits_get_their_share_of_each_target(load):
    source = load(many())
    splits = make_splits(source, validation=0.1, test=0.1, seed=1)
    whole = source.splits["train"]
    shares = {name: known.mean() for name, known in whole.known.items()}
    for part in (splits.validation, splits.test):
        for name, share in shares.items():
            assert abs(part.known[name].sum() - share * len(part)) <= 1
        assert abs(part.labels_of("kind").sum() - whole.labels_of("kind").sum() / len(whole) * len(part)) <= 1
    price, labels = splits.signature.targets["price"], splits.train.labels_of("price")
    assert price.center == pytest.approx(labels.mean(), rel=1e-5)
    assert price.spread == pytest.approx(labels.std(), rel=1e-5)


def test_oversampling_shows_what_has_no_class_once(load):
    rows = [("a" if n % 4 else "b", 1.0) for n in range(40)] + [(None, 2.0)] * 7
    splits = make_splits(load(rows), validation=0, test=0, seed=0)
    asked = Data.model_construct(oversample=Named(kind="balanced"))
    strata = splits.strata(asked)
    assert splits.epoch_size(asked) == 67
    order = balanced_order(strata, seed=0, epoch=1)
    assert len(order) == balanced_size(strata) == 30 + 30 + 7
    assert sorted(np.bincount(order)[40:]) == [1] * 7
    assert (strata[order] == -1).sum() == 7 and (strata[order] == 0).sum() == 30


def test_a_split_without_a_value_of_a_target_is_refused_at_its_place(load, tmp_path):
    (tmp_path / "test.csv").write_text("x,kind,price\n1.5,a,\n2.5,b,\n")
    source = load(test=tmp_path / "test.csv")
    with pytest.raises(DataError) as caught:
        make_splits(source, validation=0, test="auto", seed=0)
    assert caught.value.message == (
        f"{tmp_path / 'test.csv'}:2, price: no target, nor in any other of the 2 examples of the test split"
    )
    assert "leave price out of target" in caught.value.hint


def test_packed_rows_lack_what_they_lacked(load, tmp_path):
    source = load()
    pack(source, tmp_path / "packed", 1, skips=False, progress=lambda *_: None)
    record = json.loads((tmp_path / "packed" / "index.json").read_text("utf-8"))
    assert record["version"] == 4 and "train-known-price.npy" in record["files"]
    again = open_packed(tmp_path / "packed")
    assert again.splits["train"].fingerprint() == source.splits["train"].fingerprint()
    np.testing.assert_array_equal(again.splits["train"].known["kind"], source.splits["train"].known["kind"])
    assert damaged_files(tmp_path / "packed") == []
    whole = load([("a", 1.0), ("b", 2.0), ("a", 3.0)])
    pack(whole, tmp_path / "whole", 1, skips=False, progress=lambda *_: None)
    assert json.loads((tmp_path / "whole" / "index.json").read_text("utf-8"))["version"] == 3
