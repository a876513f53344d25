"""Which column `init` takes for the target."""

from __future__ import annotations

import pytest
from starters import SCRATCH, made

from bigmodel_cli.errors import DataError, UsageError
from bigmodel_cli.sources.tables.facts import ColumnFacts
from bigmodel_cli.starter import Wishes, make_starter
from bigmodel_cli.starter.guessed_target import Guess, guessed_target

NAME, LAST = "as its name says", "as the last column"
NO_TEXT = "as the only column that is no text"
FIRST = "as the first column, and the only one with few different values"


def columns_of(text: str) -> dict[str, ColumnFacts]:
    """`n` numbers, `c` categories of three, `w` three whole numbers, else the kind itself: `age:n sex:c`."""
    found = {}
    for word in text.split():
        name, _, short = word.partition(":")
        kind = {"n": "number", "c": "category", "w": "number", "": "number"}.get(short, short)
        few = 3 if short in ("c", "w") else None
        found[name] = ColumnFacts(name, kind, "", 100, distinct=few, is_whole=short == "w")  # type: ignore[arg-type]
    return found


@pytest.mark.parametrize(
    ("columns", "name", "reason"),
    [
        ("longitude median_income median_house_value ocean_proximity:c", "median_house_value", NAME),
        ("age workclass:c sex:c hours-per-week income:c", "income", NAME),
        ("alcohol pH quality:w", "quality", NAME),
        ("sepal_length petal_width species:c", "species", NAME),
        ("sepal_length petal_width variety:c", "variety", LAST),
        ("PassengerId:id Survived:w Pclass:w Name:text Sex:c Age Fare Embarked:c", "Survived", NAME),
        ("survived:w pclass:w sex:c class:c who:c alive:c alone:c", "survived", NAME),
        ("carat cut:c depth price x y z", "price", NAME),
        ("x y", "y", NAME),
        ("x y cluster:c", "cluster", LAST),
        ("class:c petals stalk", "class", NAME),
        ("Class:c V1 Amount", "Class", NAME),
        ("Pregnancies Glucose Outcome:w", "Outcome", NAME),
        ("price label:c size", "label", NAME),
        ("Id:id LotArea YrSold SaleCondition:c SalePrice", "SalePrice", NAME),
        ("customerID:id tenure MonthlyCharges Churn:c", "Churn", NAME),
        ("customer_churned:w tenure plan:c", "customer_churned", NAME),
        ("column_1 column_2 column_3:c", "column_3", LAST),
        ("column_1:w column_2 column_3", "column_1", FIRST),
        ("column_1:w column_2:c column_3", "column_3", LAST),
        ("sex:w size weight", "weight", LAST),
        ("topic:c headline:text body:text", "topic", NO_TEXT),
        ("body:text topic:c", "topic", NO_TEXT),
        ("topic:c place:c body:text hits", "hits", LAST),
        ("target:constant size weight", "weight", LAST),
    ],
)
def test_the_target_of_tables_of_many_kinds(columns, name, reason):
    assert guessed_target(columns_of(columns)) == Guess(name, reason)


@pytest.mark.parametrize("columns", ["a b note:text", "a day:date", "id:id"])
def test_no_target_is_named_where_none_is_likely(columns):
    assert guessed_target(columns_of(columns)) is None


def test_what_is_mostly_missing_is_no_target():
    columns = {**columns_of("size"), "label": ColumnFacts("label", "number", "", 100, missing=60)}
    assert guessed_target(columns) is None


def test_the_labels_of_a_table_of_images_are_in_the_target(table):
    path = table(["a", "b"] * 6, "image,label")
    rows = path.read_text().splitlines()
    path.write_text("\n".join([f"{rows[0]},size", *(f"{row},{n / 4}" for n, row in enumerate(rows[1:]))]))
    assert made(path).data.source.options.label_column is None
    config = make_starter(path, Wishes(weights="none", target="size")).text
    assert "label_column: size" in config
    assert "MeanSquaredError" in config
    with pytest.raises(DataError, match="the target image has the images' files"):
        make_starter(path, Wishes(weights="none", target="image"))
    with pytest.raises(DataError, match="no column sise"):
        make_starter(path, Wishes(weights="none", target="sise"))


def test_a_target_is_a_column_of_a_table(tmp_path):
    with pytest.raises(UsageError, match="--target names a column of a table"):
        make_starter(tmp_path, Wishes(target="price"))
    assert SCRATCH.target is None
