"""How columns of a table become numbers for simple models."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bigmodel_cli.baselines.measure import measure_baselines
from bigmodel_cli.inference.groups import groups_of
from bigmodel_cli.inference.run_data import load_splits
from bigmodel_cli.kinds.baseline import Encoder
from bigmodel_cli.kinds.category.kind import CategoryKind
from bigmodel_cli.kinds.date.kind import DateKind
from bigmodel_cli.kinds.number.kind import NumberKind
from bigmodel_cli.kinds.text.kind import TextKind
from bigmodel_cli.listener import Silent
from bigmodel_cli.modeling.language import read_config
from bigmodel_cli.parts import part_of
from bigmodel_cli.sources.base import Examples
from bigmodel_cli.sources.stores import ArrayStore, CodedStore, MappedStore

CITIES = CategoryKind(("Rome", "Oslo", "Lima"))


def dense(matrix) -> np.ndarray:
    return matrix if isinstance(matrix, np.ndarray) else matrix.toarray()


def encoded(kind, train, store=None):
    """What a linear model and trees get of some values."""
    encoder = part_of(kind, Encoder)
    kept = encoder.values(train)
    given = kept if store is None else encoder.values(store)
    return tuple(dense(found.encode(given)) for found in (encoder.for_linear(kept), encoder.for_trees(kept)))


def of_texts(*texts: str) -> CodedStore:
    """Texts as a file of their own has them: in an order of its own, and "" behind the last."""
    names = sorted(set(texts) - {""}, reverse=True)
    places = [names.index(text) if text else len(names) for text in texts]
    return CodedStore(np.array(places, np.int32), names)


def test_categories():
    linear, trees = encoded(CITIES, of_texts("Lima", "Rome"), of_texts("Oslo", "Lima", "", "Bonn"))
    # The last column is for what is missing; of an unknown one nothing is said.
    assert linear.tolist() == [[0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1], [0, 0, 0, 0]]
    np.testing.assert_array_equal(trees, [[1], [2], [np.nan], [np.nan]])
    assert part_of(CITIES, Encoder).for_trees(np.zeros(1, np.int64)).are_codes


def test_very_many_categories():
    names = [f"n{number}" for number in range(300)]
    encoder = part_of(CategoryKind(tuple(names)), Encoder)
    kept = encoder.values(CodedStore(np.arange(301, dtype=np.int32), names))
    matrix = encoder.for_linear(kept).encode(kept)
    assert matrix.shape == (301, 301) and matrix.nnz == 301
    codes = encoder.for_trees(kept).encode(kept)
    assert np.nanmax(codes) == 254 and np.isnan(codes[-1])


def test_columns_that_are_larger_than_memory(tmp_path):
    """What is in a file is gathered as it is asked for."""
    for name, values in (("n", np.array([3, np.nan, 1], np.float32)), ("c", np.array([1, 2, 0], np.int32))):
        np.memmap(tmp_path / name, values.dtype, "w+", shape=3)[:] = values
    order = np.array([2, 0, 1])
    numbers = MappedStore(np.memmap(tmp_path / "n", np.float32, "r", shape=3), "t", order)
    assert part_of(NumberKind(), Encoder).values(numbers)[:2].tolist() == [[1], [3]]
    cities = MappedStore(np.memmap(tmp_path / "c", np.int32, "r", shape=3), "t", order, ("Lima", "Rome"))
    assert part_of(CITIES, Encoder).values(cities).tolist() == [2, 0, -1]
    examples = Examples({"n": numbers, "c": cities}, {"y": np.zeros(3)})
    assert groups_of(examples, "c").names == ("Lima", "Rome", "(missing)")
    assert groups_of(examples, "n").members.tolist() == [0, 1, 2]


def test_numbers_and_dates():
    numbers = ArrayStore(np.array([1, np.nan, 3], np.float32), "t")
    linear, trees = encoded(NumberKind(), numbers)
    np.testing.assert_allclose(linear, [[-1.2247449, 0], [0, 1], [1.2247449, 0]], rtol=1e-6)
    np.testing.assert_array_equal(trees, [[1], [np.nan], [3]])
    dates = ArrayStore(np.array([[2020, 3], [np.nan, np.nan]], np.float32), "t")
    linear, trees = encoded(DateKind(("year", "month")), dates)
    assert linear.tolist() == [[0, 0, 0, 0], [0, 0, 1, 1]]
    assert trees.shape == (2, 2)


@pytest.mark.slow
def test_texts():
    train = of_texts("buy now", "see you soon", "buy it now", "")
    linear, trees = encoded(TextKind(), train, of_texts("buy now", "", "unknown words"))
    assert linear[0].any() and not linear[1].any() and not linear[2].any()
    # Two words come twice: what occurs once tells nothing of other texts.
    assert linear.shape[1] == 2
    assert (trees.dtype, trees.shape[1]) == (np.float32, 2)
    assert np.abs(trees[0]).max() > 0.1 and not trees[1:].any()


@pytest.mark.slow
@pytest.mark.parametrize("texts", [("", ""), ("!", "?"), ("word",)])
def test_texts_without_words_to_compare(texts):
    for matrix in encoded(TextKind(), of_texts(*texts)):
        assert np.isfinite(matrix).all() and len(matrix) == len(texts)


@pytest.mark.slow
def test_texts_have_runs_of_characters_for_a_model_with_a_margin():
    train = of_texts("winner! call now", "winning calls", "see you soon", "")
    encoder = part_of(TextKind(), Encoder)
    matrix = dense(
        encoder.for_margins(encoder.values(train)).encode(encoder.values(of_texts("calling", "xyz")))
    )
    # No word of it was there; its beginning was, twice.
    assert np.linalg.norm(matrix[0]) == pytest.approx(1, abs=1e-5) and not matrix[1].any()
    assert not part_of(CITIES, Encoder).has_margins


CONFIG = """\
name: shop
data:
  source: {table: {path: shop.csv, target: bought, columns: {note: text}WEIGHT}}
  validation: 0.2
  test: 0.2
preprocessing:
  number: [{impute: {with: median}}]
  date: [{impute: {with: median}}]
  category: [{StringLookup: {output_mode: one_hot}}]
  note: [{TextVectorization: {output_mode: tf_idf}}]
model:
  - Concatenate: {inputs: [numbers, dates, categories, note]}
  - Dense: {units: 1, activation: sigmoid}
loss: BinaryCrossentropy
optimizer: Adam
"""


def shop(count: int, decides: str) -> str:
    """Rows of which one column tells what is asked for, but in every twentieth."""
    random = np.random.default_rng(0)
    lines = ["age,city,day,note,weight,bought"]
    for number in range(count):
        bought = bool(random.integers(2))
        told = bought if number % 20 else not bought
        age = (60 if told else 20) if decides == "age" else random.integers(20, 60)
        city = ("Oslo" if told else "Rome") if decides == "city" else random.choice(["Oslo", "Rome", ""])
        year = (2024 if told else 2021) if decides == "day" else random.integers(2021, 2025)
        note = "please call me" if (told if decides == "note" else random.integers(2)) else "no thanks to all"
        more = random.integers(10**6)
        age = "" if number % 9 == 8 else f"{age}.{number % 10}"
        lines.append(
            f"{age},{city},{year}-{number % 12 + 1:02}-03,{note} {more},1,{'yes' if bought else 'no'}"
        )
    return "\n".join(lines) + "\n"


def measured(write, content, weight=", sample_weight: weight"):
    write(content, "shop.csv")
    experiment = read_config(Path(write(CONFIG.replace("WEIGHT", weight), "shop.yaml"))).experiment
    splits = load_splits(experiment, Silent(), offline=True)
    return {model["name"]: model for model in measure_baselines(experiment, splits, Silent())["models"]}


@pytest.mark.slow
@pytest.mark.parametrize("decides", ["age", "city", "day", "note"])
def test_whatever_column_decides_is_found(write, decides):
    models = measured(write, shop(400, decides))
    for name in ("logistic_regression", "hist_gradient_boosting", "linear_svm_of_characters"):
        # Of the ages, a ninth is missing.
        least = 0.8 if decides == "age" else 0.88
        assert models[name]["test"]["metrics"]["accuracy"] >= least, name


@pytest.mark.slow
def test_weights_of_examples_count(write):
    """Rows that say the opposite, and count nothing, change nothing that is fitted."""
    content = shop(300, "city")
    header, *rows = content.splitlines()
    opposite = [
        row.replace(",yes", ",no") if row.endswith("yes") else row.replace(",no", ",yes") for row in rows
    ]
    silenced = [row.rsplit(",", 2)[0] + ",0," + row.rsplit(",", 1)[1] for row in opposite]
    told = measured(write, "\n".join([header, *rows, *silenced]) + "\n")
    assert told["logistic_regression"]["test"]["metrics"]["accuracy"] == pytest.approx(0.5, abs=0.1)
    train = told["logistic_regression"]["trained_on"]
    assert train == 360
    # Half of what is held out contradicts what was learned; without weights, nothing can be learned at all.
    unweighted = measured(write, "\n".join([header, *rows, *silenced]) + "\n", weight="")
    sure, unsure = (
        found["logistic_regression"]["test"]["scores"]["log_loss"] for found in (told, unweighted)
    )
    assert sure > 1.5 * unsure
