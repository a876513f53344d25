"""Inputs that cannot be predicted, runs that lack a piece, and gates that are missed."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bigmodel_cli.run_folder import PIECE_HINT, RunFolder, update_record
from bigmodel_cli.run_lock import record_files

pytestmark = pytest.mark.tf

NO_RUN = ("there is no completed run under", "train one first: bigmodel train CONFIG")


@pytest.fixture
def run(trained, tmp_path, monkeypatch):
    """A copy of the trained run in the current folder's runs, to be damaged."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(trained, "runs")
    (folder,) = Path("runs/tiny").iterdir()
    return folder


@pytest.fixture
def image(tmp_path):
    path = tmp_path / "image.png"
    Image.fromarray(np.arange(36, dtype=np.uint8).reshape(6, 6)).save(path)
    return path


@pytest.mark.parametrize("words", [["predict", "x.png"], ["evaluate"]])
def test_before_any_run_exists(refuses, words):
    refuses(2, *words, "--runs-dir", "none", says=NO_RUN)


@pytest.mark.parametrize("words", [["predict", "x.png", "--run"], ["evaluate"]])
def test_an_unknown_run_is_answered_with_the_known(refuses, trained, words):
    says = ("tinny: no such run", "names there: tiny")
    refuses(2, *words, "tinny", "--runs-dir", trained, says=says)


def test_a_run_that_did_not_complete_is_not_meant(refuses, run):
    update_record(RunFolder(run), {"status": "failed"})
    refuses(2, "evaluate", "--runs-dir", "runs", says=NO_RUN)


@pytest.mark.parametrize(
    ("name", "content", "code", "says"),
    [
        (
            "text.jpg",
            b"hello",
            3,
            "text.jpg: expected a JPEG, PNG, BMP, GIF or WebP image, found something else",
        ),
        ("empty.png", b"", 3, "empty.png: expected a JPEG, PNG, BMP, GIF or WebP image, found an empty file"),
        ("broken.npy", b"hello", 3, "broken.npy: not an array of numbers"),
        ("folder/readme.txt", b"hello", 2, "folder: no image in this folder"),
        ("elsewhere.png", b"", 2, "missing.png: no such file"),
    ],
)
def test_inputs_that_are_no_examples(bigmodel, trained, write, name, content, code, says):
    write(content, name)
    word = {"folder/readme.txt": "folder", "elsewhere.png": "missing.png"}.get(name, name)
    outcome = bigmodel("predict", word, "--runs-dir", trained)
    assert (outcome.code, outcome.out) == (code, "")
    assert f"error: {says}" in outcome.err


@pytest.mark.parametrize(
    ("array", "says"),
    [
        (
            np.zeros((2, 5, 5, 1), np.uint8),
            "expected one example of shape 6 × 6 × 1, or many of them; found uint8",
        ),
        (np.full((2, 6, 6, 1), 0.5), "the model takes uint8; found float64 with other values"),
        (np.array([None, 1], object), "the array holds pickled Python objects, which are never loaded"),
        (np.full((6, 6, 1), "a"), "or many of them; found <U1"),
    ],
)
def test_arrays_that_do_not_fit_the_model(refuses, trained, tmp_path, array, says):
    np.save(tmp_path / "a.npy", array)
    refuses(3, "predict", tmp_path / "a.npy", "--runs-dir", trained, says=(says,))


def test_an_archive_of_unknown_arrays(refuses, trained, tmp_path):
    np.savez(tmp_path / "a.npz", u=1, v=2)
    says = ("a.npz: expected an array named x; found u, v",)
    refuses(3, "predict", tmp_path / "a.npz", "--runs-dir", trained, says=says)


def test_one_unreadable_image_among_others_ends_with_3_after_the_rest(bigmodel, trained, image, write):
    bad = [write(b"", f"bad{number}.png") for number in range(2)]
    outcome = bigmodel("predict", *bad, image, "--runs-dir", trained, "--json", "--csv", "all.csv")
    assert outcome.code == 3
    assert "error: bad0.png: expected a JPEG" in outcome.err
    assert "error: bad1.png: expected a JPEG" in outcome.err
    first, second, third = outcome.json["predictions"]
    assert first["error"].startswith("bad0.png: ") and second["error"].startswith("bad1.png: ")
    assert third["prediction"].startswith("class_")
    assert Path("all.csv").read_text().splitlines()[1].startswith('bad0.png,,,,,,"bad0.png: expected')
    with Path("all.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["error"] for row in rows] == [first["error"], second["error"], ""]
    assert [bool(row["unlike"]) for row in rows] == [False, False, bool(third["unlike"])]


EVALUATE, PREDICT = ["evaluate", "RUN"], ["predict", "IMAGE", "--run", "RUN", "--engine"]
# The pieces of a run that each command needs.
NEEDS = {
    "evaluate": (
        EVALUATE,
        ["config.yaml", "run.json", "labels.json", "checkpoints/best.keras", "checkpoints/best.json"],
    ),
    "keras": (
        [*PREDICT, "keras"],
        ["run.json", "labels.json", "checkpoints/best.keras", "checkpoints/best.json"],
    ),
    "litert": ([*PREDICT, "litert"], ["run.json", "labels.json", "model.tflite"]),
}
DAMAGES = {
    "cut": lambda content: content[: len(content) // 2],
    "empty": lambda _content: b"",
    "a changed byte": lambda content: content[:-9] + bytes([content[-9] ^ 1]) + content[-8:],
}
PIECES = [
    pytest.param(words, piece, id=f"{name}-{piece}")
    for name, (words, all_) in NEEDS.items()
    for piece in all_
]


def _words(words, run, image):
    return [{"RUN": run, "IMAGE": image}.get(word, word) for word in words]


@pytest.mark.parametrize(("words", "piece"), PIECES)
def test_a_run_that_lacks_a_piece(refuses, run, image, words, piece):
    (run / piece).unlink()
    says = {
        "run.json": (f"{run}: not a run any more: it has no run.json", PIECE_HINT),
        "model.tflite": (f"{run}: the run has no model.tflite", "use --engine keras"),
    }.get(piece, (f"{run}: the run has no {piece}",))
    refuses(3, *_words(words, run, image), says=says)


@pytest.mark.parametrize("damage", ["cut", "empty"])
@pytest.mark.parametrize(("words", "piece"), PIECES)
def test_a_run_with_a_damaged_piece(refuses, run, image, words, piece, damage):
    path = run / piece
    path.write_bytes(DAMAGES[damage](path.read_bytes()))
    says = f"{path}:" if piece == "config.yaml" else f"{path}: damaged"
    refuses(3, *_words(words, run, image), says=(says,))


@pytest.mark.parametrize(("words", "piece"), PIECES)
def test_one_changed_byte_is_noticed(refuses, run, image, words, piece):
    path = run / piece
    path.write_bytes(DAMAGES["a changed byte"](path.read_bytes()))
    refuses(3, *_words(words, run, image), says=(f"{path}: damaged",))


def test_names_of_classes_that_are_not_those_of_the_training(refuses, run, image):
    """Accepted as they are now, they are still not what the model was trained with."""
    path = run / "labels.json"
    path.write_text(path.read_text().replace("class_0", "class_9"))
    record_files(RunFolder(run), [path])
    says = (f"{path}: these are not the class names that the model was trained with",)
    refuses(3, "predict", image, "--run", run, says=says)


def test_a_damaged_run_is_not_taken_for_the_newest(refuses, run):
    (run / "run.json").write_text("{")
    refuses(2, "evaluate", "--runs-dir", "runs", says=NO_RUN)


def test_predict_needs_neither_checkpoint_nor_config(bigmodel, run, image):
    whole = bigmodel("predict", image, "--run", run)
    shutil.rmtree(run / "checkpoints")
    (run / "config.yaml").unlink()
    assert bigmodel("predict", image, "--run", run).out == whole.out != ""


def test_a_record_of_another_version(refuses, run):
    update_record(RunFolder(run), {"schema_version": 99})
    says = ("run.json: its schema_version is 99; this bigmodel knows up to 2", "pip install --upgrade")
    refuses(3, "evaluate", run, says=says)


def test_a_record_that_was_changed_by_hand(refuses, run):
    path = run / "run.json"
    path.write_text(path.read_text().replace('"seed": 0', '"seed": 1'))
    says = (f"{path}: damaged or changed by hand: its content does not fit its seal", PIECE_HINT)
    refuses(3, "evaluate", run, says=says)


@pytest.mark.parametrize("word", ["accuracy", "accuracy=high", "=0.5", "accuracy=nan", "accuracy==3"])
def test_a_malformed_floor(refuses, word):
    refuses(2, "evaluate", "--fail-under", word, says=(f"--fail-under {word}: expected METRIC=VALUE",))


def test_a_floor_under_no_metric(refuses, trained):
    says = ("there is no metric 'auc' to compare", "did you mean roc_auc?")
    refuses(2, "evaluate", "--fail-under", "auc=0.5", "--runs-dir", trained, says=says)


def test_a_missed_floor_shows_the_results_and_exits_4(bigmodel, run):
    words = ["evaluate", run, "--fail-under", "accuracy=1.5"]
    outcome = bigmodel(*words)
    assert outcome.code == 4
    assert outcome.out.startswith("test (12 examples): loss ")
    assert "expected >= 1.5: MISSED" in outcome.out
    assert "error: quality gate missed: accuracy is " in outcome.err
    document = bigmodel(*words, "--json")
    assert document.code == 4
    assert [gate["met"] for gate in document.json["gates"]] == [False]
    met = bigmodel("evaluate", run, "--fail-under", "accuracy=0")
    assert met.code == 0 and "expected >= 0: met" in met.out


def test_a_missed_gate_of_the_config_exits_4_but_the_run_is_complete(bigmodel, tiny):
    outcome = bigmodel("train", tiny, 'expect.test_accuracy=">= 1.01"', "--json", "--runs-dir", "runs")
    assert outcome.code == 4
    (gate,) = outcome.json["gates"]
    assert gate == {**gate, "metric": "test_accuracy", "expected": ">= 1.01", "met": False}
    assert json.loads(Path(outcome.json["run"], "run.json").read_text())["status"] == "completed"
    assert "error: quality gate missed: test_accuracy is " in outcome.err


def test_an_unknown_checkpoint_or_split(refuses, run):
    says = (f"--checkpoint epoch-9: {run} has no such checkpoint", "checkpoints: best, last")
    refuses(2, "evaluate", run, "--checkpoint", "epoch-9", says=says)
    refuses(2, "evaluate", run, "--checkpoint", "../best", says=("has no such checkpoint",))
    refuses(2, "evaluate", run, "--split", "tset", says=("'tset' is not one of",))


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--plot", "p.gif"], "--plot p.gif: expected a file that ends in .png, .pdf or .svg"),
        (["--top", "0"], "0 is not in the range x>=1"),
        (["--engine", "onnx"], "'onnx' is not one of"),
    ],
)
def test_options_of_predict_that_cannot_be(refuses, trained, image, options, says):
    refuses(2, "predict", image, *options, "--runs-dir", trained, says=(says,))


def test_a_csv_where_no_file_can_be(bigmodel, trained, image, write):
    write("", "file")
    outcome = bigmodel("predict", image, "--csv", "file/scores.csv", "--runs-dir", trained)
    assert outcome.code == 5
    assert "error: file/scores.csv: cannot be written" in outcome.err
