"""Every format answers as the run does, in its own runtime, or is not kept."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from examples_beside import told_by_example
from PIL import Image

from bigmodel_cli.errors import GateError, UsageError
from bigmodel_cli.exporting.comparison import allowed, parse_losses
from bigmodel_cli.exporting.export import Exported, require_all
from bigmodel_cli.exporting.format import Precision
from bigmodel_cli.exporting.formats import formats
from bigmodel_cli.exporting.runtime import ExportedFile, Runtime
from bigmodel_cli.exporting.wanted import wanted_of
from bigmodel_cli.inference.export_error import ExportError
from bigmodel_cli.inference.opened import OpenRun
from bigmodel_cli.run_folder import CONCLUDED

pytestmark = pytest.mark.tf

Export = Callable[..., list[Exported]]
ALL = ",".join(formats())


def example(folder: Path, file: Path) -> list[str]:
    return told_by_example(folder, file).splitlines()


def test_pictures_in_every_format(pictures: OpenRun, export: Export, tmp_path: Path) -> None:
    found = {one.wanted.name: one for one in export(pictures, ALL)}
    assert list(found) == ["keras", "litert", "onnx", "savedmodel"]
    Image.new("L", (6, 6), 200).save(tmp_path / "bright.png")
    for name, one in found.items():
        assert one.reason is None and one.comparison is not None and one.costs is not None
        assert one.comparison.max_difference < 1e-5, name
        assert one.comparison.equal_decisions == 1
        assert one.comparison.scores["accuracy"] == one.comparison.run_scores["accuracy"] > 0.9
        assert one.costs.bytes > 1000 and one.costs.peak_bytes > 10**7
        assert 0 < one.costs.seconds < 1 and 0 < one.costs.seconds_one_thread < 1
        assert one.path == tmp_path / "exports" / name
        lines = example(one.path, tmp_path / "bright.png")
        assert lines[0].startswith("bright 0.") or lines[0] == "bright 1.0000"


def test_what_lies_beside_a_file(pictures: OpenRun, export: Export) -> None:
    (one,) = export(pictures, "litert", "int8", calibrate=30)
    assert one.path is not None
    about = json.loads((one.path / "model.json").read_text())
    assert about["format"] == "litert" and about["quantize"] == "int8"
    assert about["inputs"] == [{"name": "input", "shape": [None, 6, 6, 1], "dtype": "uint8"}]
    (output,) = about["outputs"]
    assert (output["name"], output["shape"], output["dtype"]) == ("label", [None, 3], "float32")
    assert about["calibration"]["examples"] == 30 and len(about["calibration"]["sha256"]) == 64
    assert about["split"] == "test" and about["comparison"]["scores"]["accuracy"] > 0.9
    assert sorted(about["files"]) == ["example.py", "labels.json", "model.tflite"]
    assert json.loads((one.path / "labels.json").read_text()) == {"label": ["dark", "grey", "bright"]}


@pytest.mark.parametrize(
    "name", ["litert-float16", "litert-dynamic", "litert-int8", "onnx-int8", "keras-int8"]
)
def test_smaller_numbers(name: str, pictures: OpenRun, export: Export) -> None:
    one_format, quantize = name.split("-")
    (one,) = export(pictures, one_format, quantize)
    assert one.reason is None and one.comparison is not None
    # Numbers are others, and not by much.
    assert 0 < one.comparison.max_difference < 0.1
    assert one.comparison.scores["accuracy"] >= one.comparison.run_scores["accuracy"] - 0.03


def test_calibration_is_the_same_each_time(pictures: OpenRun, export: Export) -> None:
    contents = []
    for _ in range(2):
        (one,) = export(pictures, "litert", "int8", calibrate=20)
        assert one.path is not None
        contents.append((one.path / "model.tflite").read_bytes())
    assert contents[0] == contents[1]


def test_rows_with_words_and_two_targets(rows: OpenRun, export: Export, tmp_path: Path) -> None:
    row = tmp_path / "row.json"
    row.write_text(json.dumps({"age (years)": 75, "town": "Ulm"}))
    answers = []
    # One that takes words, and those that do not.
    for one in export(rows, "litert,onnx,savedmodel"):
        assert one.reason is None and one.comparison is not None and one.path is not None
        assert one.comparison.max_difference < 1e-4
        about = json.loads((one.path / "model.json").read_text())
        assert [port["name"] for port in about["outputs"]] == ["likes", "price"]
        takes_words = one.wanted.format.takes_words
        assert (one.path / "front.json").exists() is not takes_words
        assert ("town" in [port["name"] for port in about["inputs"]]) is takes_words
        answers.append(example(one.path, row))
    for lines in answers:
        (likes, likely), (price, euros) = (line.split() for line in lines)
        assert (likes, price) == ("likes", "price")
        assert float(likely) == pytest.approx(float(answers[0][0].split()[1]), abs=2e-4)
        assert float(euros) == pytest.approx(float(answers[0][1].split()[1]), abs=2e-4)
    assert float(answers[0][0].split()[1]) > 0.9
    assert float(answers[0][1].split()[1]) == pytest.approx(10.5, abs=4)


def test_what_layers_have_learnt_beside_weights_is_there_in_smaller_numbers(
    rows: OpenRun, export: Export
) -> None:
    """Normalization has its mean, and StringLookup its words, from the file alone."""
    (one,) = export(rows, "keras", "int8")
    assert one.reason is None and one.comparison is not None
    assert 0 < one.comparison.max_difference < 0.5
    assert one.comparison.scores["likes_accuracy"] >= one.comparison.run_scores["likes_accuracy"] - 0.03


def test_recurrent_layers_go_to_litert_with_a_fixed_batch(steps: OpenRun, export: Export) -> None:
    litert, onnx = export(steps, "litert,onnx")
    assert litert.path is None and litert.comparison is None
    assert litert.reason == "LiteRT has no recurrent layers for any number of examples at once"
    assert litert.hint == "--batch-size 1 makes a file for one at a time; --format onnx takes any number"
    assert onnx.comparison is not None and onnx.comparison.max_difference < 1e-5
    with pytest.raises(UsageError, match="this model cannot be had as litert"):
        require_all([litert, onnx])
    (fixed,) = export(steps, "litert", batch_size=4)
    assert fixed.comparison is not None and fixed.comparison.max_difference < 1e-5
    assert fixed.comparison.equal_decisions is None


@pytest.mark.parametrize("wrong", ["scale", "classes", "doubled"])
def test_an_export_that_is_made_wrong_is_not_kept(
    wrong: str, pictures: OpenRun, export: Export, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import keras

    litert = formats()["litert"]
    write = type(litert).write

    def write_wrongly(self: object, deployed: object, folder: Path, precision: Precision) -> None:
        from dataclasses import replace

        model = deployed.model  # type: ignore[attr-defined]
        given = keras.Input((6, 6, 1), dtype="uint8", name="input")
        taken = keras.ops.cast(given, "float32")
        if wrong == "scale":
            taken = taken / 4
        elif wrong == "doubled":
            taken = taken / 255
        (answers,) = model({"input": keras.ops.cast(taken, "uint8")}).values()
        if wrong == "classes":
            answers = keras.ops.flip(answers, axis=-1)
        write(
            litert,
            replace(deployed, model=keras.Model({"input": given}, {"label": answers})),
            folder,
            precision,
        )  # type: ignore[arg-type, type-var]

    monkeypatch.setattr(type(litert), "write", write_wrongly)
    (one,) = export(pictures, "litert")
    assert one.path is None and one.reason is not None and one.comparison is not None
    assert one.reason.startswith("accuracy is 0.") and "more than 0.01 is lost" in one.reason
    with pytest.raises(GateError, match="not kept: litert: accuracy is 0"):
        require_all([one])
    assert not list((tmp_path / "exports").iterdir())


def test_a_trial_is_refused_before_a_file_is_there(pictures: OpenRun, export: Export, tmp_path: Path) -> None:
    trial = replace(pictures, record={**pictures.record, CONCLUDED: False})
    with pytest.raises(UsageError, match="a trial of a search, which was not evaluated") as caught:
        export(trial, "litert")
    assert caught.value.hint is not None and "bigmodel train --resume" in caught.value.hint
    assert not (tmp_path / "exports").exists()


def test_what_may_be_lost(pictures: OpenRun, export: Export) -> None:
    with pytest.raises(UsageError, match="--max-loss acuracy: an export has no such score") as error:
        export(pictures, "litert", max_loss=parse_losses(["acuracy=0.1"]))
    assert error.value.hint == "did you mean accuracy?"
    (one,) = export(pictures, "litert", "int8", max_loss=parse_losses(["log_loss=0", "accuracy=100%"]))
    assert one.reason is not None and one.reason.startswith("log_loss is ") and one.path is None


def test_a_percent_of_a_score_with_a_unit_is_one_of_itself() -> None:
    class OfRun:
        def as_json(self) -> dict[str, Any]:
            return {"metrics": {}, "scores": {"root_mean_squared_error": 40_000.0, "r2": 0.6}}

    asked = parse_losses(["root_mean_squared_error=1%", "r2=1%"])
    found = allowed(asked, OfRun(), None)  # type: ignore[arg-type]
    assert found == {"root_mean_squared_error": pytest.approx(400), "r2": pytest.approx(0.01)}
    plain = allowed(parse_losses(["root_mean_squared_error=1"]), OfRun(), None)  # type: ignore[arg-type]
    assert plain == {"root_mean_squared_error": 1}


def test_what_lies_in_the_way_is_seen_before_anything_is_written(
    pictures: OpenRun, export: Export, tmp_path: Path
) -> None:
    (tmp_path / "exports" / "onnx").mkdir(parents=True)
    with pytest.raises(UsageError, match="there is something that is no export"):
        export(pictures, "litert,onnx")
    assert [path.name for path in (tmp_path / "exports").iterdir()] == ["onnx"]


def test_a_runtime_that_dies_is_said(tmp_path: Path) -> None:
    (tmp_path / "model.tflite").write_bytes(b"no model")
    with (
        pytest.raises(ExportError, match="ai_edge_litert cannot run it"),
        Runtime(ExportedFile("litert", tmp_path)),
    ):
        pass


def test_a_package_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "tf2onnx" else True)
    with pytest.raises(UsageError, match="--format onnx needs the package tf2onnx") as error:
        formats()["onnx"].require(None)
    assert error.value.hint == "pip install 'bigmodel-cli[onnx]'"
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(UsageError) as error:
        formats()["litert"].require("int4")
    assert error.value.hint == "pip install ai-edge-litert"


WRONG = {
    ("tflite",): "--format tflite: there is none of this name",
    ("litert", "int7"): "--quantize int7: there is none of this name",
    ("savedmodel", "int8"): "--quantize int8: savedmodel has nothing but the run's own numbers",
    ("keras", "float16"): "--quantize float16: keras has int8",
}


@pytest.mark.parametrize(("words", "message"), WRONG.items())
def test_what_there_is_not(words: tuple[str, ...], message: str) -> None:
    with pytest.raises(UsageError) as error:
        wanted_of([words[0]], list(words[1:]))
    assert error.value.message == message


def test_several_at_once() -> None:
    names = [one.name for one in wanted_of(["litert,keras", "onnx"], ["none", "int8,float16"])]
    assert names == [
        "litert",
        "litert-int8",
        "litert-float16",
        "keras",
        "keras-int8",
        "onnx",
        "onnx-int8",
    ]
