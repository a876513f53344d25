"""`bigmodel explain` of tables: on data of which is known what decides."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

from bigmodel_cli.cli.main import run as run_command
from bigmodel_cli.run_folder import RunFolder

pytestmark = pytest.mark.tf

CONFIG = """\
name: people
data:
  source: {table: {path: people.csv, target: {price: {}, glad: {}}}}
  batch_size: 64
preprocessing: {number: [Normalization], category: [{StringLookup: {output_mode: one_hot}}]}
model:
  - Dense: {name: price, inputs: [input], units: 1}
  - Dense: {name: glad, inputs: [input], units: 1, activation: sigmoid}
loss: {price: MeanSquaredError, glad: BinaryCrossentropy}
optimizer: {Adam: {learning_rate: 0.03}}
training: {epochs: 12, device: cpu, steps_per_execution: 10, jit_compile: false}
"""


def rows(count):
    """The price is up by size and down by age; who is glad lives in Rome."""
    random = np.random.default_rng(0)
    for _ in range(count):
        size, age, noise = random.normal(size=3).round(3)
        town = random.choice(["Rome", "Oslo", "Bern"])
        price = 10 + 4 * size - 2 * age + random.normal(0, 0.3)
        yield [size, age, noise, town, round(price, 3), "yes" if town == "Rome" else "no"]


@pytest.fixture(scope="session")
def people_runs(tmp_path_factory):
    """A folder of runs with one of two targets; tests must not change it."""
    folder = tmp_path_factory.mktemp("people")
    lines = [["size", "age", "noise", "town", "price", "glad"], *rows(900)]
    (folder / "people.csv").write_text("\n".join(",".join(map(str, line)) for line in lines) + "\n")
    (folder / "people.yaml").write_text(CONFIG)
    words = ["train", str(folder / "people.yaml"), "--runs-dir", str(folder / "runs"), "--plain"]
    assert run_command(words) == 0
    return folder / "runs"


@pytest.fixture
def explain(bigmodel, people_runs, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return lambda *words: bigmodel("explain", *words, "--runs-dir", people_runs)


def columns(finding, method):
    return {column["column"]: column[method] for column in finding["columns"]}


def test_what_columns_are_worth(bigmodel, people_runs, tmp_path):
    """In JSON, kept in the run's folder, and on its page."""
    shutil.copytree(people_runs, tmp_path / "runs")
    words = ("--runs-dir", tmp_path / "runs")
    outcome = bigmodel("explain", *words, "--repeats", "6", "--json", "--out", tmp_path / "out")
    assert outcome.code == 0, outcome.err
    price, glad = outcome.json["targets"]
    assert [price["target"], glad["target"]] == ["price", "glad"]
    assert (price["split"], price["examples"], price["repeats"]) == ("test", 90, 6)
    assert [column["column"] for column in price["columns"]][:2] == ["size", "age"]
    assert price["measure"] == "mean_absolute_error"
    assert glad["columns"][0]["column"] == "town" and glad["columns"][0]["importance"] > 0.3
    worth = {column["column"]: column["interval"] for column in price["columns"]}
    assert worth["size"]["low"] > 1 and worth["age"]["low"] > 0.5
    assert worth["noise"]["low"] <= 0 <= worth["noise"]["high"]
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "importance-price.png",
        "importance-glad.png",
    }
    (folder,) = (tmp_path / "runs" / "people").iterdir()
    run = RunFolder(folder)
    assert run.read_json(run.intact(run.importance))["targets"] == outcome.json["targets"]
    page = run.report.read_text("utf-8")
    assert "What the columns are worth" in page and "importance of columns for glad" in page

    outcome = bigmodel("explain", *words, "--target", "glad", "--repeats", "3")
    assert outcome.code == 0, outcome.err
    assert outcome.out.startswith("glad: accuracy ")
    assert "█" * 24 in outcome.out and "price" not in outcome.out
    kept = run.read_json(run.importance)["targets"]
    assert [(one["target"], one["repeats"]) for one in kept] == [("price", 6), ("glad", 3)]


def test_a_row_of_a_split(explain):
    outcome = explain("--row", "3", "--split", "train", "--json", "--out", "row.png", "--target", "price")
    assert outcome.code == 0, outcome.err
    (row,) = outcome.json["rows"]
    assert (row["row"], row["target"], row["explained"], row["picture"]) == (
        "train[3]",
        "price",
        "output",
        "row.png",
    )
    (finding,) = row["outputs"]
    for method in ("occlusion", "integrated_gradients"):
        effects = columns(finding, method)
        # The model is linear: all that moves it adds up.
        assert sum(effects.values()) == pytest.approx(finding["score"] - finding["usual_score"], abs=0.02)
        values = columns(finding, "value")
        assert np.sign(effects["size"]) == np.sign(values["size"]) or abs(values["size"]) < 0.2
        assert np.sign(effects["age"]) == -np.sign(values["age"]) or abs(values["age"]) < 0.2


def test_rows_of_a_file(explain, tmp_path):
    (tmp_path / "new.csv").write_text("town,age,size,noise\nRome,0,2,0\nOslo,1,oops,0\nBern,0,-2,0\n")
    outcome = explain("new.csv", "--json", "--method", "occlusion")
    assert outcome.code == 3
    documents = outcome.json["rows"]
    assert [document["row"] for document in documents] == [
        *["new.csv:2"] * 2,
        "new.csv:3",
        *["new.csv:4"] * 2,
    ]
    assert "new.csv:3, size: expected a number, found 'oops'" in documents[2]["error"]
    price, glad = documents[:2]
    assert columns(price["outputs"][0], "occlusion")["size"] > 5
    assert glad["classes"][0]["class"] == "yes"
    assert columns(glad["classes"][0], "occlusion")["town"] > 1
    assert "integrated_gradients" not in glad["classes"][0]["columns"][0]


def test_one_row_by_its_values(explain):
    outcome = explain("--set", "town=Rome", "--set", "size=1", "--set", "age=0", "--set", "noise=0",
                      "--target", "glad", "--class", "no")  # fmt: skip
    assert outcome.code == 0, outcome.err
    assert outcome.out.startswith("--set: glad: no ")
    first = next(line for line in outcome.out.splitlines() if line.split()[:2] == ["town", "Rome"])
    assert "░" * 24 in first, "Rome speaks against it"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--row", "5000"], "--row 5000: the test split has 90 rows, counted from 0"),
        (["--target", "prise"], "--target prise: the run has no such target"),
        (["--method", "grad-cam"], "--method grad-cam: shows places in an image"),
        (["--layer", "dense"], "--layer is for models of images"),
        (["--row", "1", "--set", "age=3"], "--set and --row: each asks about other rows"),
        (["--row", "1", "--out", "x.txt"], "--out x.txt: expected a folder, or a file that ends in .png"),
        (["--set", "agee=3"], "--set agee=3: the model has no column agee"),
        (["--row", "1", "--target", "glad", "--class", "maybe"], "--class maybe: the run has no such class"),
        (["--row", "1", "--target", "price", "--class", "yes"], "--class yes: this run predicts numbers"),
    ],
)
def test_what_is_refused(explain, words, message):
    outcome = explain(*words)
    assert outcome.code == 2
    assert message in outcome.err


def test_a_file_for_several_pictures_is_refused(explain):
    outcome = explain("--row", "1", "--out", "x.png")
    assert outcome.code == 2
    assert "--out x.png: one file for several pictures" in outcome.err


def test_json_is_one_document(explain):
    outcome = explain("--row", "1", "--json")
    assert [row["target"] for row in json.loads(outcome.out)["rows"]] == ["price", "glad"]


TEXTS = """\
name: notes
data:
  source: {table: {path: notes.csv, target: colour, columns: {note: text}}}
  batch_size: 32
preprocessing: {note: [{TextVectorization: {output_mode: multi_hot}}]}
model: [{Dense: {units: 1, activation: sigmoid}}]
loss: BinaryCrossentropy
optimizer: {Adam: {learning_rate: 0.1}}
training: {epochs: 8, device: cpu, jit_compile: false}
"""


def test_the_word_that_decides(bigmodel, tmp_path, monkeypatch):
    """A note is of a colour where it has the word red."""
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(0)
    notes = [random.choice(["a", "house", "far", "tree", "sings", "red"], 4).tolist() for _ in range(300)]
    lines = [f"{' '.join(words)},{'yes' if 'red' in words else 'no'}" for words in notes]
    (tmp_path / "notes.csv").write_text("\n".join(["note,colour", *lines]))
    (tmp_path / "notes.yaml").write_text(TEXTS)
    assert run_command(["train", "notes.yaml", "--plain"]) == 0
    words = ("explain", "--set", "note=a far red \x1b[2J house", "--class", "yes")
    ((finding,),) = (row["classes"] for row in bigmodel(*words, "--json").json["rows"])
    found = {one["word"]: one for one in finding["words"]["note"]}
    assert found["red"]["start"] == 6
    assert found["red"]["effect"] > 2 * max(abs(found[word]["effect"]) for word in ("a", "far", "house"))
    assert found["red"]["integrated_gradients"] > 2 * max(
        abs(found[word]["integrated_gradients"]) for word in ("a", "far", "house")
    )
    completeness = finding["word_methods"]["note"]["integrated-gradients"]["completeness"]
    assert completeness["error"] < 0.01
    assert completeness["sum"] == pytest.approx(
        sum(one["integrated_gradients"] for one in finding["words"]["note"])
    )
    assert bigmodel(*words, "--out", "red.html").code == 0
    page = (tmp_path / "red.html").read_text("utf-8")
    assert page.count(">red</span>") == 2 and "<p class=quiet>integrated-gradients</p>" in page
    shown = bigmodel(*words)
    assert "word of note   effect" in shown.out and "integrated-gradients" in shown.out
    assert "word of note" in shown.out and "\x1b" not in shown.out
    assert shown.out.index("red") < shown.out.index("house", shown.out.index("word of note"))


def test_a_page_of_rows(explain, tmp_path):
    (tmp_path / "new.csv").write_text("town,age,size,noise\nRome,0,2,0\nBern,0,-2,0\n")
    outcome = explain("new.csv", "--method", "occlusion", "--out", "rows.html")
    assert outcome.code == 0 and "written: rows.html" in outcome.err, outcome.err
    page = (tmp_path / "rows.html").read_text("utf-8")
    assert page.startswith("<!doctype html>") and "<th class=number>occlusion</th>" in page
    # Two rows, each with two targets.
    assert page.count("<h2>") == 4 and "<bdi>new.csv:3</bdi>" in page
    outcome = explain("--out", "rows.html")
    assert outcome.code == 2
    assert "--out rows.html: a page is of rows" in outcome.err
