"""Columns that give the target away are found, and honest ones are not."""

from __future__ import annotations

import numpy as np
import pytest

from bigmodel_cli.sources.tables.columns import Categories, Dates, Numbers, Texts
from bigmodel_cli.sources.tables.giveaways import giveaways
from bigmodel_cli.sources.tables.survey import survey
from bigmodel_cli.sources.tables.table import open_table
from bigmodel_cli.sources.tables.values import read

ROWS = 600
RNG = np.random.default_rng(0)
CODES = RNG.integers(0, 3, ROWS).astype(np.int32)
TARGET = Categories(CODES, ("cat", "dog", "cow"))
PRICE = Numbers(RNG.lognormal(3, 1, ROWS).astype(np.float32))
NOISE = RNG.normal(size=ROWS).astype(np.float32)


def texts(words):
    encoded = [word.encode() for word in words]
    offsets = np.cumsum([0, *map(len, encoded)])
    return Texts(np.frombuffer(b"".join(encoded), np.uint8), offsets.astype(np.int64))


@pytest.mark.parametrize(
    ("column", "reason"),
    [
        (Categories((CODES + 1) % 3, ("a", "b", "c")), "each of its values stands for one of the target's"),
        (
            Categories(CODES * 40 + RNG.integers(0, 40, ROWS).astype(np.int32), tuple(map(str, range(120)))),
            "tells",
        ),
        (Numbers(CODES + NOISE / 100), "on its own, of rows that were held out"),
        (Numbers(np.where(CODES == 1, np.nan, CODES * 5).astype(np.float32)), "tells"),
        (
            Dates((CODES.astype(np.int64) * 86_400_000_000 + 1_600_000_000_000_000).view("datetime64[us]")),
            "tells",
        ),
        (
            texts([f"a {('cat', 'dog', 'cow')[code]} of mine" for code in CODES]),
            "contain the name of their class",
        ),
    ],
)
def test_of_classes(column, reason):
    honest = Numbers(NOISE)
    found = giveaways({"y": TARGET, "honest": honest, "leak": column}, "y")
    assert [one.column for one in found] == ["leak"]
    assert found[0].explained >= 0.95
    assert reason in found[0].reason


@pytest.mark.parametrize(
    ("column", "reason"),
    [
        (Numbers(PRICE.values * -2.5 + 7), "another unit"),
        (Numbers(np.log(PRICE.values)), "tells"),
        (Categories(RNG.permutation(ROWS).astype(np.int32), tuple(map(str, range(ROWS)))), None),
        (Numbers(PRICE.values + 40 * NOISE), None),
    ],
)
def test_of_numbers(column, reason):
    found = giveaways({"y": PRICE, "x": column}, "y")
    assert [one.column for one in found] == (["x"] if reason else [])
    assert all(reason in one.reason for one in found)


@pytest.mark.parametrize(
    "column",
    [
        Numbers(NOISE),
        Numbers(np.full(ROWS, np.nan, np.float32)),
        Numbers(np.zeros(ROWS, np.float32)),
        Numbers(CODES + NOISE),
        Categories(RNG.integers(0, 5, ROWS).astype(np.int32), tuple("abcde")),
        Categories(np.arange(ROWS, dtype=np.int32), tuple(map(str, range(ROWS)))),
        texts([f"cat dog cow {number}" for number in range(ROWS)]),
        texts([f"number {number}" for number in range(ROWS)]),
    ],
)
def test_honest_columns_are_none(column):
    assert giveaways({"y": TARGET, "x": column}, "y") == []


def test_nothing_is_said_of_few_rows_or_one_class():
    few = {"y": Categories(CODES[:20], TARGET.names), "x": Numbers(CODES[:20].astype(np.float32))}
    assert giveaways(few, "y") == []
    assert giveaways({"y": Categories(CODES * 0, TARGET.names), "x": Numbers(NOISE)}, "y") == []


@pytest.mark.data
def test_real_tables_have_none(shared_data):
    for file, target in (
        ("adult/adult_train.csv", "income"),
        ("california_housing/housing.csv", "median_house_value"),
    ):
        table = open_table(shared_data(file))
        assert giveaways(read(table, survey(table).columns), target) == []


@pytest.mark.data
def test_a_column_of_adult_under_another_name_is_found(shared_data):
    table = open_table(shared_data("adult/adult_train.csv"))
    found = giveaways(read(table, survey(table).columns), "education")
    assert [(one.column, one.explained) for one in found] == [("education-num", pytest.approx(1, abs=1e-6))]
