"""`evaluate --by COLUMN` and gates on groups: a run of a table whose groups are known to differ."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from bigmodel_cli.cli.main import run as run_words

pytestmark = pytest.mark.tf

CONFIG = """\
name: loans
data:
  source: {table: {path: loans.csv, target: repaid, columns: {sex: ignore}}}
  test: 0.4
preprocessing:
  number: [Normalization]
  category: [{StringLookup: {output_mode: one_hot}}]
model:
  - Concatenate: {inputs: [numbers, categories]}
  - Dense: {units: 1, activation: sigmoid}
loss: BinaryCrossentropy
optimizer: {Adam: {learning_rate: 0.1}}
training: {epochs: 4}
expect:
  by.sex.accuracy.gap: "<= 1"
"""


def loans() -> str:
    """Income decides; of women, it often decides wrong; the id and the sex are no inputs."""
    random = np.random.default_rng(0)
    lines = ["id,income,sex,city,repaid"]
    for number in range(400):
        sex = ["f", "m"][number % 2] if number % 50 else ""
        income = int(random.integers(100, 1000))
        repaid = (income > 500) ^ bool(random.random() < (0.35 if sex == "f" else 0.03))
        lines.append(
            f"{7000 + number},{income},{sex},{['Rome', 'Oslo'][number % 3 > 0]},{'yes' if repaid else 'no'}"
        )
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="session")
def lent(tmp_path_factory):
    """A folder with the config, its table and a completed run; tests must not change it."""
    folder = tmp_path_factory.mktemp("lent")
    (folder / "loans.csv").write_text(loans())
    (folder / "loans.yaml").write_text(CONFIG)
    assert (
        run_words(["train", str(folder / "loans.yaml"), "--runs-dir", str(folder / "runs"), "--plain"]) == 0
    )
    return folder


@pytest.fixture
def run(lent, tmp_path, monkeypatch):
    shutil.copytree(lent, tmp_path / "lent")
    monkeypatch.chdir(tmp_path / "lent")
    monkeypatch.setenv("BIGMODEL_RUNS", "runs")
    # The table is where the run's config says.
    (folder,) = Path("runs/loans").iterdir()
    return folder


def test_a_column_that_is_no_input(bigmodel, run):
    document = bigmodel("evaluate", run, "--by", "sex", "--by", "income", "--json").json
    assert list(document["by"]) == ["sex", "income"]
    by_sex = document["by"]["sex"]
    assert [row["group"] for row in by_sex["groups"]] == ["m", "f", "(missing)"]
    assert by_sex["positive"] == "yes"
    with Path(run / "evaluation/predictions_test.csv").open(newline="") as file:
        predicted = list(csv.DictReader(file))
    sex_of = [line.split(",")[2] for line in loans().splitlines()[1:]]
    # An example is called by its place in the table.
    rows = [(sex_of[int(row["example"].split("[")[1][:-1])], row) for row in predicted]
    for group in by_sex["groups"]:
        sex = "" if group["group"] == "(missing)" else group["group"]
        own = [row for found, row in rows if found == sex]
        assert group["examples"] == len(own)
        right = sum(row["label"] == row["prediction"] for row in own)
        assert group["scores"]["accuracy"] == pytest.approx(right / len(own))
        chosen = sum(row["prediction"] == "yes" for row in own)
        assert group["scores"]["selection_rate"] == pytest.approx(chosen / len(own))
    men, women, _ = by_sex["groups"]
    assert men["scores"]["accuracy"] > women["scores"]["accuracy"] + 0.15
    assert by_sex["gaps"]["accuracy"]["gap"] >= men["scores"]["accuracy"] - women["scores"]["accuracy"]
    income = document["by"]["income"]
    assert [row["group"] for row in income["groups"]] == ["q1", "q2", "q3", "q4"]
    assert income["notes"][0].endswith("different numbers, cut at quartiles")
    # Accuracy and the like are over all groups together.
    shares = [(row["examples"], row["scores"]["accuracy"]) for row in income["groups"]]
    total = sum(count * accuracy for count, accuracy in shares) / sum(count for count, _ in shares)
    assert total == pytest.approx(document["test"]["accuracy"])
    assert json.loads((run / "evaluation/test.json").read_text())["by"] == document["by"]


def test_in_words(bigmodel, run):
    outcome = bigmodel("evaluate", run, "--by", "city")
    assert outcome.code == 0
    lines = outcome.out.splitlines()
    (head,) = [line.split() for line in lines if line.strip().startswith("by city")]
    assert head == [
        "by",
        "city",
        "examples",
        "accuracy",
        "selection_rate",
        "recall",
        "precision",
        "false_positive_rate",
    ]
    found = json.loads((run / "evaluation/test.json").read_text())["by"]["city"]
    for row in found["groups"]:
        (line,) = [line for line in lines if line.strip().startswith(row["group"] + " ")]
        interval = row["intervals"]["recall"]
        between = f"({interval['low']:.3f} to {interval['high']:.3f})"
        assert f"{row['scores']['recall']:.4f} {between}" in line
    gap = found["gaps"]["recall"]
    # By city first, as it was asked for; then by what `expect` asks for.
    line, _ = [line for line in lines if line.startswith("recall: ")]
    assert line == (
        f"recall: {gap['min']:.4f} ({gap['lowest']}) to {gap['max']:.4f} ({gap['highest']}), "
        f"gap {gap['gap']:.4f}, ratio {gap['ratio']:.4f}; by chance up to {gap['by_chance']:.4f}"
    )
    value = found["fairness"]["demographic_parity_difference"]
    assert f"demographic_parity_difference {value:.4f}, " in outcome.out
    # `expect` asks for the other column.
    assert any(line.strip().startswith("by sex") for line in lines)


def test_groups_of_several_runs(bigmodel, run):
    outcome = bigmodel("evaluate", run, "loans", "--by", "city")
    assert outcome.code == 0
    lines = [line.strip() for line in outcome.out.splitlines()]
    assert sum(line.startswith("by city") for line in lines) == 2
    assert lines.count(f"{run}, test split") == 2


def test_many_groups_are_cut_in_words(bigmodel, run):
    outcome = bigmodel("evaluate", run, "--by", "id")
    assert "by id: the 20 largest of 100 groups; --json has all" in outcome.err
    assert "160 different values: the 61 that are rarest are one group" in outcome.err


def test_the_report_shows_groups(bigmodel, run):
    # Those that `expect` asks for are there since training.
    page = (run / "report.html").read_text()
    assert "<h3>By sex" in page and "By city" not in page and '<a href="#groups">' in page
    assert bigmodel("evaluate", run, "--by", "city").code == 0
    assert bigmodel("report", run).code == 0
    page = (run / "report.html").read_text()
    _, section = page.split('<section id="groups">')
    section = section.split("</section>")[0]
    found = json.loads((run / "evaluation/test.json").read_text())["by"]["city"]
    assert "<h3>By city<span" in section and '<th scope="row">Oslo</th>' in section
    for name, value in found["fairness"].items():
        words = name.replace("_", " ")
        assert f"<dt>{words}</dt><dd>{value:.4f}</dd>" in section


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["--fail-under", "by.sex.f.accuracy=0.99"], 4, "by.sex.f.accuracy is 0."),
        (["--fail-under", "by.sex.accuracy.min=0.1"], 0, ""),
        (["--fail-under", "by.city.equalized_odds_ratio=0.0"], 0, ""),
        (["--fail-under", "by.sex.recall.gap=0.05"], 2, "of by.sex.recall.gap, less is better"),
        (["--fail-under", "by.sex.equalized_odds_difference=0.1"], 2, "less is better"),
        (["--fail-under", "by.sex.x.accuracy=0.1"], 2, "there is no metric 'by.sex.x.accuracy'"),
        (["--fail-under", "by.sex.acuracy.min=0.1"], 2, "there are by.COLUMN.recall.gap"),
        (["--by", "sx"], 3, "sx"),
        (["--by", "repaid"], 2, "by repaid: this is the target"),
    ],
)
def test_gates_and_what_is_refused(bigmodel, run, words, code, says):
    outcome = bigmodel("evaluate", run, *words)
    assert outcome.code == code, outcome.err
    assert says in outcome.err


def test_data_without_columns_have_no_groups(bigmodel, trained, tmp_path):
    shutil.copytree(trained, tmp_path / "runs")
    outcome = bigmodel("evaluate", "tiny", "--runs-dir", tmp_path / "runs", "--by", "sex")
    assert outcome.code == 2
    assert "by sex: the data has no such column" in outcome.err and "its columns: input" in outcome.err
    outcome = bigmodel("evaluate", "tiny", "--runs-dir", tmp_path / "runs", "--by", "input")
    assert outcome.code == 2
    assert "by input: each value is of several numbers" in outcome.err


def test_a_gate_by_a_column_that_is_not_there_is_said_before_training(bigmodel, run, tiny):
    outcome = bigmodel("train", tiny, "expect={by.sex.recall.gap: '<= 0.05'}")
    assert outcome.code == 2
    assert "by sex: the data has no such column" in outcome.err and "epoch" not in outcome.err


def test_what_is_asked_for_beside_is_no_input(run):
    """A column of ids, by which a gate wants groups, is still left out of what is learned from."""
    config = Path("loans.yaml").read_text().replace("by.sex.accuracy.gap", "by.id.accuracy.gap")
    Path("ids.yaml").write_text(config.replace("epochs: 4", "epochs: 1"))
    assert run_words(["train", "ids.yaml", "--plain", "name=ids"]) == 0
    (other,) = Path("runs/ids").iterdir()
    record = json.loads((other / "run.json").read_text())
    assert list(record["signature"]["inputs"]) == ["income", "city"]
    assert "id: ignore" in (other / "config.yaml").read_text()
    assert run_words(["evaluate", "ids", "--by", "id"]) == 0
