"""What `train` says of columns that tell the target on their own, before TensorFlow is imported."""

from __future__ import annotations

import numpy as np
import pytest

from bigmodel_cli.inference.run_data import load_splits
from bigmodel_cli.listener import Silent
from bigmodel_cli.modeling.language import read_config
from bigmodel_cli.training.giveaways import warn_of_giveaways

CONFIG = """\
name: people
data:
  source:
    table: {path: people.csv, target: income%s}
model: [{Dense: {inputs: [numbers], units: num_classes, activation: softmax}}]
loss: CategoricalCrossentropy
optimizer: Adam
"""


@pytest.fixture
def said(tmp_path, monkeypatch):
    """What is said of a table of 400 people: `tax` follows from the income, `age` has to do with it."""
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(0)
    age = random.integers(18, 80, 400)
    income = np.where(age + random.normal(size=400) * 20 > 50, "high", "low")
    tax = np.where(income == "high", random.uniform(30, 50, 400), random.uniform(0, 20, 400)).round(2)
    rows = [f"{a},{i},{t}" for a, i, t in zip(age, income, tax, strict=True)]
    (tmp_path / "people.csv").write_text("\n".join(["age,income,tax", *rows]) + "\n")

    def call(options: str = "") -> list[str]:
        (tmp_path / "people.yaml").write_text(CONFIG % options)
        experiment = read_config(tmp_path / "people.yaml", ()).experiment
        splits = load_splits(experiment, Silent(), offline=True)
        sentences: list[str] = []
        warn_of_giveaways(experiment, splits, sentences.append)
        return sentences

    return call


def test_what_follows_from_the_target(said):
    assert said() == [
        "given away: income by tax (it tells 100.0% of the target on its own, of rows that were held out); "
        "if nobody knows that when a prediction is made, write columns: {tax: ignore}, else name its kind"
    ]


@pytest.mark.parametrize("kind", ["number", "ignore"])
def test_what_the_config_names_is_meant(said, kind):
    assert said(f", columns: {{tax: {kind}}}") == []


def test_another_column_that_is_named_hides_nothing(said):
    (sentence,) = said(", columns: {age: number}")
    assert sentence.startswith("given away: income by tax (")


def test_nothing_is_looked_at_where_all_are_named(said, monkeypatch):
    monkeypatch.setattr("bigmodel_cli.training.giveaways.alone", pytest.fail)
    assert said(", columns: {tax: number, age: number}") == []


def test_rows_without_the_target_are_left_out(said, tmp_path):
    """Of two targets the one that half of the rows lack: what is known of the others tells it no less."""
    said()
    head, *rows = (tmp_path / "people.csv").read_text().split()
    kept = [f"{row},{'' if n % 2 else 'ab'[row.split(',')[1] == 'low']}" for n, row in enumerate(rows)]
    (tmp_path / "people.csv").write_text("\n".join([f"{head},band", *kept]) + "\n")
    (tmp_path / "two.yaml").write_text(
        CONFIG.replace("target: income%s", "target: [income, band], missing_target: mask").replace(
            "model: [{Dense: {inputs: [numbers], units: num_classes, activation: softmax}}]",
            "model:\n"
            "  - Dense: {name: income, inputs: [numbers], units: income.num_classes, activation: softmax}\n"
            "  - Dense: {name: band, inputs: [numbers], units: band.num_classes, activation: softmax}",
        )
    )
    experiment = read_config(tmp_path / "two.yaml", ()).experiment
    splits = load_splits(experiment, Silent(), offline=True)
    sentences: list[str] = []
    warn_of_giveaways(experiment, splits, sentences.append)
    assert [sentence.split(" (")[0] for sentence in sentences] == [
        "given away: income by tax",
        "given away: band by tax",
    ]
