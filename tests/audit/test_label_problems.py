"""Labels that a run or a cross-validation suspects, beside the data as it is now."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest

from bigmodel_cli.crossvalidation.folder import CrossvalFolder
from bigmodel_cli.run_folder import RunFolder, update_record
from bigmodel_cli.whole_files import write_json, write_sealed

TABLE_CONFIG = """\
name: people
data: {source: {table: {path: people.csv, target: income}}, validation: 0.2, test: 0.2}
model: [Dense: {units: num_classes, activation: softmax}]
loss: SparseCategoricalCrossentropy
optimizer: Adam
training: {epochs: 1}
"""
IMAGE_CONFIG = """\
name: shapes
data: {source: {npz: {path: shapes.npz}}, validation: 0.2, test: 0.2}
model: [Flatten, Dense: {units: num_classes, activation: softmax}]
loss: SparseCategoricalCrossentropy
optimizer: Adam
training: {epochs: 1}
"""
COUNT = 60


def document(suspects, **others):
    return {
        "method": "confident_learning",
        "examples": COUNT,
        "estimated": 2.0,
        "stands_out": True,
        "suspects": suspects,
        **others,
    }


def suspect(name, label, suggested):
    return {
        "name": name,
        "label": label,
        "suggested": suggested,
        "probability": 0.97,
        "of_label": 0.01,
        "png": None,
    }


@pytest.fixture
def people(tmp_path, monkeypatch):
    """A table whose rows 0, 3, 6, … are rich, in the current folder."""
    monkeypatch.chdir(tmp_path)
    rows = [f"{20 + place},{'rich' if place % 3 == 0 else 'poor'}" for place in range(COUNT)]
    (tmp_path / "people.csv").write_text("\n".join(["age,income", *rows, ""]))
    (tmp_path / "people.yaml").write_text(TABLE_CONFIG)
    return tmp_path


def keep_run(folder, *documents):
    run = RunFolder(folder / "runs" / "people" / "20260101-000000")
    run.path.mkdir(parents=True)
    update_record(run, {"status": "completed", "name": "people"})
    for one in documents:
        write_json(run.label_problems(one["split"]), one)
    return run


def name_of(place):
    return f"people.csv[{place}]"


def test_of_a_run(people, bigmodel):
    found = [suspect(name_of(3), "rich", "poor"), suspect(name_of(4), "rich", "poor")]
    gone = suspect(name_of(1000), "rich", "poor")
    run = keep_run(people, document([*found, gone], split="validation", checkpoint="best"))
    words = ["data", "people.yaml", "--labels-from", run.path, "--runs-dir", people / "runs"]
    told = bigmodel(*words, "--out", "people-data")
    assert "about 2 of 60 labels of the validation split may be wrong" in told.out
    with (people / "people-data/suspects.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    # Row 4 is poor: its label was corrected since; row 1000 is gone.
    assert [(row["example"], row["label"], row["suggested"]) for row in rows] == [
        ("people.csv:5", "rich", "poor")
    ]
    assert rows[0]["split"] in ("train", "validation", "test")
    assert rows[0]["confidence"] == "0.97"
    page = (people / "people-data/index.html").read_text()
    assert "<h2>Labels that may be wrong: 1</h2>" in page
    assert "people.csv:5" in page and name_of(3) not in page
    listed = json.loads((people / "people-data/audit.json").read_text())
    assert [(one["name"], one["place"]) for one in listed["label_problems"]] == [(name_of(3), "people.csv:5")]
    assert [one["kind"] for one in listed["findings"]].count("label_problems") == 1
    # What an earlier audit has written goes.
    assert bigmodel("data", "people.yaml", "--out", "people-data").code == told.code
    assert not (people / "people-data/suspects.csv").exists()


def test_of_a_cross_validation_that_found_nothing_to_speak_of(people, bigmodel):
    folder = CrossvalFolder(people / "crossvals/people")
    folder.path.mkdir(parents=True)
    write_sealed(folder.label_problems, document([suspect(name_of(3), "rich", "poor")], stands_out=False))
    told = bigmodel("data", "people.yaml", "--labels-from", "people", "--json")
    assert [one["name"] for one in told.json["label_problems"]] == [name_of(3)]
    assert "label_problems" not in [one["kind"] for one in told.json["findings"]]
    folder.label_problems.write_text("{}")
    told = bigmodel("data", "people.yaml", "--labels-from", "people")
    assert told.code == 3
    assert "crossvals/people/label_problems.json" in told.err


@pytest.mark.slow
def test_pictures_are_on_the_page(tmp_path, monkeypatch, bigmodel):
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(0)
    images = random.integers(0, 255, (COUNT, 8, 8, 1), dtype=np.uint8)
    np.savez(tmp_path / "shapes.npz", x=images, y=np.arange(COUNT) % 2)
    (tmp_path / "shapes.yaml").write_text(IMAGE_CONFIG)
    folder = CrossvalFolder(tmp_path / "somewhere")
    folder.path.mkdir()
    write_sealed(folder.label_problems, document([{**suspect("train[5]", "1", "0"), "png": "iVBORw0KGgo="}]))
    told = bigmodel("data", "shapes.yaml", "--labels-from", folder.path, "--out", "d", "--no-augmentation")
    assert "about 2 of 60 labels may be wrong" in told.out
    page = (tmp_path / "d/index.html").read_text()
    assert '<img alt="" src="data:image/png;base64,iVBORw0KGgo=">' in page


def test_a_run_that_has_not_looked(people, bigmodel):
    run = keep_run(people)
    told = bigmodel("data", "people.yaml", "--labels-from", run.path)
    assert told.code == 2
    assert "has not looked for labels that may be wrong" in told.err
    assert "--split validation" in told.err
    assert bigmodel("data", "people.yaml", "--labels-from", "nobody").code == 2
