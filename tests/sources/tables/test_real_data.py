"""Real tables: rows, columns and kinds that are known of them."""

from __future__ import annotations

import numpy as np
import pytest

from bigmodel_cli.sources.tables.survey import survey
from bigmodel_cli.sources.tables.table import open_table
from bigmodel_cli.sources.tables.text_format import TextFormat
from bigmodel_cli.sources.tables.values import read

pytestmark = [pytest.mark.data, pytest.mark.usefixtures("engine")]


def kinds_of(found):
    kinds = {}
    for name, facts in found.columns.items():
        kinds.setdefault(facts.kind, []).append(name)
    return kinds


@pytest.mark.parametrize(
    ("file", "rows", "missing", "incomes"),
    [
        ("adult_train.csv", 32_561, (1836, 1843, 583), [("<=50K", 24_720), (">50K", 7841)]),
        ("adult_test.csv", 16_281, (963, 966, 274), [("<=50K", 12_435), (">50K", 3846)]),
    ],
)
def test_adult(shared_data, file, rows, missing, incomes):
    table = open_table(shared_data("adult") / file)
    found = survey(table)
    assert found.num_rows == rows
    assert kinds_of(found) == {
        "number": [
            "age",
            "fnlwgt",
            "education-num",
            "capital-gain",
            "capital-loss",
            "hours-per-week",
        ],
        "category": [
            "workclass",
            "education",
            "marital-status",
            "occupation",
            "relationship",
            "race",
            "sex",
            "native-country",
            "income",
        ],
    }
    columns = found.columns
    assert tuple(columns[name].missing for name in ("workclass", "occupation", "native-country")) == missing
    assert columns["income"].categories == incomes
    assert (columns["age"].low, columns["age"].high) == (17, 90)
    values = read(table, columns)
    assert {len(column) for column in values.values()} == {rows}
    assert (values["workclass"].codes == -1).sum() == missing[0]


def test_adult_as_one_table_of_two_files(shared_data):
    assert survey(open_table(shared_data("adult") / "adult_*.csv")).num_rows == 32_561 + 16_281


def test_california_housing(shared_data):
    table = open_table(shared_data("california_housing/housing.csv"))
    found = survey(table)
    assert (found.num_rows, len(found.columns)) == (20_640, 10)
    assert kinds_of(found)["category"] == ["ocean_proximity"]
    assert len(kinds_of(found)["number"]) == 9
    assert found.columns["total_bedrooms"].missing == 207
    assert found.columns["ocean_proximity"].categories == [
        ("<1H OCEAN", 9136),
        ("INLAND", 6551),
        ("NEAR OCEAN", 2658),
        ("NEAR BAY", 2290),
        ("ISLAND", 5),
    ]
    values = read(table, found.columns)
    assert round(float(values["median_house_value"].values.astype(np.float64).mean())) == 206_856
    assert np.isnan(values["total_bedrooms"].values).sum() == 207


def test_wine_quality(shared_data):
    folder = shared_data("wine_quality")
    red, white = (survey(open_table(folder / f"winequality-{color}.csv")) for color in ("red", "white"))
    assert (red.num_rows, white.num_rows) == (1599, 4898)
    assert kinds_of(red) == {"number": list(red.columns)}
    assert dict(red.columns["quality"].categories) == {
        "3": 10,
        "4": 53,
        "5": 681,
        "6": 638,
        "7": 199,
        "8": 18,
    }
    assert (white.columns["quality"].low, white.columns["quality"].high) == (3, 9)
    assert "`category` if they are codes" in white.columns["quality"].reason
    both = open_table(folder / "winequality-*.csv")
    assert survey(both, {"quality": "category"}).columns["quality"].kind == "category"
    assert survey(both).num_rows == 6497


@pytest.mark.parametrize("told", [{}, {"header": False, "quotes": False}])
def test_sms_spam_has_neither_header_nor_quotes(shared_data, told):
    table = open_table(shared_data("sms_spam/SMSSpamCollection.tsv"), TextFormat(**told))
    found = survey(table)
    assert found.num_rows == 5574
    label, text = found.columns.values()
    assert (label.kind, text.kind) == ("category", "text")
    assert label.categories == [("ham", 4827), ("spam", 747)]
    texts = read(table, {"column_2": text})["column_2"]
    assert texts[0].startswith("Go until jurong point, crazy..")
    assert sum('"' in texts[row] for row in range(len(texts))) > 100


def test_movietweetings(shared_data):
    folder = shared_data("movietweetings_100k")
    ratings = survey(open_table(folder / "ratings.csv"))
    assert ratings.num_rows == 100_000
    counts = [12, 1212, 1124, 1844, 3367, 6726, 12_944, 22_229, 24_145, 14_005, 12_392]
    assert dict(ratings.columns["rating"].categories) == {str(n): count for n, count in enumerate(counts)}
    stamp = ratings.columns["timestamp"]
    assert (stamp.kind, stamp.date_format) == ("date", "seconds since 1970")
    first, last = np.array([stamp.low, stamp.high], np.int64).view("datetime64[us]").astype("datetime64[D]")
    assert (str(first), str(last)) == ("2013-02-28", "2013-09-01")
    items = survey(open_table(folder / "items.csv"))
    assert items.num_rows == 10_506
    assert [facts.kind for facts in items.columns.values()] == ["number", "text", "number", "category"]
    assert items.columns["genres"].missing == 66


def test_ag_news_with_header_and_without(shared_data):
    folder = shared_data("ag_news")
    train = survey(open_table(folder / "train.csv"))
    assert train.num_rows == 5000
    assert dict(train.columns["label"].categories) == {"0": 1259, "1": 1257, "2": 1281, "3": 1203}
    assert train.columns["text"].kind == "text"
    official = open_table(folder / "test_official.csv")
    assert survey(official).num_rows == 7600
    assert list(official.names) == ["column_1", "column_2", "column_3"]


def test_multi30k_has_bare_quotes(shared_data):
    table = open_table(shared_data("multi30k_en_de/train.tsv"), TextFormat(quotes=False))
    assert survey(table).num_rows == 10_000
    assert list(table.names) == ["en", "de"]
