"""Models that scripts saved become runs: scores and outputs are the scripts' own, and commands take them."""

from __future__ import annotations

import csv
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from adopted import Adopted, command
from gallery import GALLERY, Example

from bigmodel_cli.exporting.export import Request, export_run
from bigmodel_cli.exporting.wanted import wanted_of
from bigmodel_cli.listener import Silent
from bigmodel_cli.run_files import verify_run
from bigmodel_cli.whole_files import sha256_of

pytestmark = pytest.mark.tf

Gallery = Callable[[str], Example]
AdoptedOf = Callable[[str], Adopted]


def scores(run: Adopted) -> np.ndarray:
    """Of each test example and class, from the evaluation's rows."""
    with run.opened.folder.predictions("test").open(newline="") as file:
        rows = list(csv.DictReader(file))
    names = [f"score_{name}" for name in run.opened.signature.task.label_names]
    return np.array([[float(row[name]) for name in names] for row in rows])


@pytest.mark.parametrize("name", GALLERY)
def test_a_model_of_the_gallery(name: str, adopted: AdoptedOf) -> None:
    run = adopted(name)
    example, record = run.example, run.opened.record
    assert record["test"]["accuracy"] == pytest.approx(example.accuracy, abs=1e-6)
    # What the script predicts; of one output the probability of the second class.
    expected, found = example.outputs, scores(run)[: len(example.outputs)]
    if expected.shape[1] == 1:
        logits = record["outputs"]["activation"] == "sigmoid"
        expected = 1 / (1 + np.exp(-expected)) if logits else expected
        found = found[:, 1:]
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert np.ptp(scores(run)[:, 0]) > 0.1
    assert record["status"] == "completed" and record["epochs"] == 0
    assert record["adopted"]["sha256"] == sha256_of(example.model)
    assert record["adopted"]["file"] == str(example.model)
    assert "adopted from" in run.opened.folder.report.read_text()
    # The LiteRT model was compared with Keras's.
    assert record["litert"].get("same_classes") is True, record["litert"]
    assert all(file.is_sound for file in verify_run(run.opened.folder))


@pytest.mark.slow
@pytest.mark.parametrize("name", GALLERY)
def test_its_exports_answer_as_it_does(name: str, adopted: AdoptedOf, tmp_path: Path) -> None:
    found = export_run(adopted(name).opened, Request(wanted_of(["litert"], ["none"]), tmp_path), Silent())
    for one in found:
        assert one.reason is None and one.comparison is not None
        assert one.comparison.max_difference < 1e-3 and one.comparison.equal_decisions == 1


def test_other_commands_take_it(adopted: AdoptedOf, tmp_path: Path) -> None:
    run = adopted("structured_data")
    folder = run.opened.folder
    code, out, err = command("evaluate", folder.path, "--json", "--plain")
    assert code == 0, err
    assert json.loads(out)["test"]["accuracy"] == pytest.approx(run.example.accuracy)
    (tmp_path / "rows.csv").write_text("age,sex,thal\n70,1,reversible\n31,0,normal\n")
    code, out, err = command("predict", tmp_path / "rows.csv", "--run", folder.path, "--json")
    assert code == 0, err
    assert [row["prediction"] for row in json.loads(out)["predictions"]] == ["1", "0"]
    for words in (
        ["report", folder.path],
        ["runs", "show", folder.path],
        ["runs", "ls"],
        ["check", folder.config],
    ):
        extra = ["--runs-dir", folder.path.parents[1]] if words[0] == "runs" else []
        code, _, err = command(*words, *extra)
        assert code == 0, err


def test_its_config_says_what_is_known(adopted: AdoptedOf) -> None:
    run = adopted("transfer_learning")
    text = run.opened.folder.config.read_text()
    assert "saved_model" in text and sha256_of(run.example.model) in text
    assert "class_names: [red, green, blue]" in text
    assert run.opened.signature.task.label_names == ("red", "green", "blue")
    assert run.opened.folder.source_config.read_text().startswith("# Made by `bigmodel adopt`")


def test_there_is_nothing_to_go_on_with(adopted: AdoptedOf) -> None:
    run = adopted("structured_data")
    code, _, err = command("train", "--resume", run.opened.folder.path)
    assert code == 2
    assert f"was adopted from {run.example.model}, and not trained here" in err
    assert f"bigmodel train {run.opened.folder.config} --from" in err


def test_pixels_that_nothing_rescales_are_told(gallery: Gallery, adopted: AdoptedOf) -> None:
    assert "--rescale 1/255" not in adopted("mnist_convnet").said
    assert "--rescale" not in adopted("image_classification_from_scratch").said
    example = gallery("mnist_convnet")
    words = ["adopt", example.model, "--data", example.data]
    # Words that change something else say nothing of pixels.
    words.append("data.batch_size=32")
    code, _, err = command(*words, "--runs-dir", example.model.parent / "unscaled", "--plain")
    assert code == 0 and "gets them from 0 to 255" in err and "--rescale 1/255" in err


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["--data", "nowhere/"], 2, "--data nowhere/: no such file, folder or source"),
        (["--data", "mnist_nist"], 2, "no such file, folder or source"),
        (["--data", "DIGITS", "--rescale", "half"], 2, "--rescale half: expected a factor"),
        (["--data", "DIGITS", "--labels", "missing.txt"], 3, "missing.txt: No such file"),
        (["--data", "DIGITS", "--labels", "SHORT"], 3, "short.txt: 2 classes, and the model has 10 outputs"),
        (["--data", "HEART", "--target", "target"], 2, "the model's input input_layer"),
        (["--data", "PETS"], 3, "gives "),
    ],
)
def test_data_that_it_does_not_take(
    words: list[str], code: int, message: str, gallery: Gallery, tmp_path: Path
) -> None:
    short = tmp_path / "short.txt"
    short.write_text("0\n1\n")
    places = {
        "DIGITS": lambda: gallery("mnist_convnet").data,
        "HEART": lambda: gallery("structured_data").data,
        "PETS": lambda: gallery("image_classification_from_scratch").data,
        "SHORT": lambda: short,
    }
    given = [places.get(word, lambda word=word: word)() for word in words]
    found, _, err = command("adopt", gallery("mnist_convnet").model, *given, "--runs-dir", tmp_path / "runs")
    assert (found, message in err) == (code, True), err
    assert not list(tmp_path.glob("runs/*/*")), "a mistake leaves no run"


def test_a_file_that_holds_code_is_refused(gallery: Gallery, tmp_path: Path) -> None:
    path = tmp_path / "code.keras"
    with zipfile.ZipFile(gallery("mnist_convnet").model) as archive, zipfile.ZipFile(path, "w") as other:
        for member in archive.namelist():
            content = archive.read(member)
            if member == "config.json":
                content = content.replace(b'"class_name": "Flatten"', b'"class_name": "Lambda"')
            other.writestr(member, content)
    code, _, err = command("adopt", path, "--data", gallery("mnist_convnet").data, "--runs-dir", tmp_path)
    assert code == 3 and "is a Lambda layer, which holds Python code" in err


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("cut.keras", b"PK\x03\x04 and no more", "damaged, or not a .keras file"),
        ("cut.h5", b"\x89HDF\r\n", "damaged, or not an .h5 file"),
        ("none.keras", None, "no such file"),
        ("folder", "", "a folder; expected a .keras file"),
    ],
)
def test_a_file_that_is_no_model(
    name: str, content: bytes | str | None, message: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    if content == "":
        path.mkdir()
    elif isinstance(content, bytes):
        path.write_bytes(content)
    code, _, err = command("adopt", path, "--data", "digits", "--runs-dir", tmp_path / "runs")
    assert code == 3 and f"{path}: " in err and message in err
