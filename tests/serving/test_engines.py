"""Whatever computes, a server says what `predict` says: exports, quantized too, Keras, rows with pictures."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from served import Server, b64, form, png, start

from bigmodel_cli.cli.main import run

pytestmark = [pytest.mark.tf, pytest.mark.slow]


def predicted(bigmodel: Any, *words: object) -> dict[str, Any]:
    found = bigmodel("predict", *words, "--json")
    assert found.code == 0, found.err
    (prediction,) = found.json["predictions"]
    return {key: value for key, value in prediction.items() if key != "input"}


def answer(server: Server, path: str, document: Any, kind: str = "application/json") -> dict[str, Any]:
    """The one prediction of an answer, with what computed it."""
    reply = server.post(path, document, kind)
    assert reply.status == 200, reply.body
    (prediction,) = reply.json["predictions"]
    return {
        "engine": reply.json["engine"],
        **{key: value for key, value in prediction.items() if key != "input"},
    }


def top(prediction: dict[str, Any]) -> dict[str, float]:
    return {one["class"]: one["probability"] for one in prediction["top"]}


@pytest.fixture(scope="module")
def exported(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the run of pictures, with exports and without its own LiteRT model."""
    source = next((trained / "tiny").iterdir())
    folder = tmp_path_factory.mktemp("exported") / "tiny" / source.name
    shutil.copytree(source, folder)
    words = ["--format", "onnx,litert", "--quantize", "none,int8", "--max-loss", "accuracy=1"]
    assert run(["export", str(folder), *words, "--plain"]) == 0
    return folder


@pytest.mark.parametrize(
    ("engine", "tolerance"),
    [("exports/onnx", 1e-5), ("exports/litert-int8", 0.1), ("exports/onnx-int8", 0.1)],
)
def test_an_export_is_served(
    bigmodel: Any, exported: Path, tmp_path: Path, engine: str, tolerance: float
) -> None:
    picture = png(3)
    (tmp_path / "a.png").write_bytes(picture)
    expected = predicted(bigmodel, tmp_path / "a.png", "--run", exported)
    server = start(exported, "--engine", engine)
    try:
        found = answer(server, "/predict/tiny", picture, "image/png")
        assert found["engine"] == engine
        for name, share in top(expected).items():
            assert top(found)[name] == pytest.approx(share, abs=tolerance)
        outputs = server.post("/v1/models/tiny:predict", {"instances": [b64(picture)]}).json["predictions"]
        assert np.sum(outputs) == pytest.approx(1, abs=0.05)
        assert any(
            f"by {engine}, in the format {engine[8:].partition('-')[0]}" in line for line in server.said
        )
    finally:
        assert server.end() == 0, server.said


def test_rows_that_have_a_picture(bigmodel: Any, photos: Path, tmp_path: Path) -> None:
    picture = png(4)
    (tmp_path / "new.png").write_bytes(picture)
    (tmp_path / "rows.csv").write_text("photo,age\nnew.png,7.5\n")
    expected = predicted(bigmodel, tmp_path / "rows.csv", "--run", photos)
    server = start(photos)
    try:
        row = {"photo": b64(picture), "age": 7.5}
        found = answer(server, "/predict/photos", row)
        assert found.pop("engine") == "litert"
        assert found == expected
        body, kind = form({}, {"age": "7.5"})
        as_form = body.replace(
            b"--xyz--",
            b'--xyz\r\ncontent-disposition: form-data; name="photo"; filename="a.png"\r\n\r\n'
            + picture
            + b"\r\n--xyz--",
        )
        assert answer(server, "/predict/photos", as_form, kind)["prediction"] == expected["prediction"]
        several = server.post("/v1/models/photos:predict", {"instances": [row, row]}).json["predictions"]
        assert several[0] == several[1]
        path = server.post("/predict/photos", {"photo": str(photos / "run.json"), "age": 1})
        assert path.status == 400 and "expected a file as" in path.json["error"]
    finally:
        assert server.end() == 0, server.said


def test_texts_and_own_code_are_served_by_keras(bigmodel: Any, words: Path) -> None:
    expected = predicted(bigmodel, "--set", "text=rather long words", "--run", words)
    user_file = words.parents[2] / "own.py"
    before = user_file.read_text()
    user_file.write_text(f"{before}\n# changed since\n")
    try:
        line = [sys.executable, "-m", "bigmodel_cli", "serve", str(words), "--port", "0"]
        refused = subprocess.run(line, capture_output=True, text=True, timeout=300, check=False)
        assert refused.returncode == 3, refused.stderr
        assert "own.py is another one now" in refused.stderr and "--trust" in refused.stderr
        server = start(words, "--trust")
    finally:
        user_file.write_text(before)
    try:
        found = answer(server, "/predict/words", {"text": "rather long words"})
        assert found.pop("engine") == "keras"
        assert found == expected
        outputs = server.post("/v1/models/words:predict", {"instances": [{"text": "rather long words"}]})
        assert np.shape(outputs.json["predictions"]) == (1, 1)
    finally:
        assert server.end() == 0, server.said
