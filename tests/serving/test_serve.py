"""`bigmodel serve`: what it says is what `predict` says, in three protocols."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from served import Server, b64, form, png, start

pytestmark = pytest.mark.tf

ROW = {"age": 39, "shirt size": "M"}


@pytest.fixture
def by_predict(bigmodel: Any, trained: Path, people: Path, tmp_path: Path) -> Any:
    """What `predict --json` says of a picture or a row."""

    def call(what: bytes | dict[str, Any]) -> dict[str, Any]:
        if isinstance(what, bytes):
            (tmp_path / "a.png").write_bytes(what)
            words = [tmp_path / "a.png", "--run", next((trained / "tiny").iterdir())]
        else:
            settings = [word for key, value in what.items() for word in ("--set", f"{key}={value}")]
            words = [*settings, "--run", next((people / "people").iterdir())]
        found = bigmodel("predict", *words, "--json").json
        return {"engine": found["engine"], **without_name(found["predictions"][0])}

    return call


def without_name(prediction: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in prediction.items() if key != "input"}


def scores(prediction: dict[str, Any]) -> list[float]:
    return [one["probability"] for one in sorted(prediction["top"], key=lambda one: one["class"])]


def test_a_picture_in_every_way_is_what_predict_says(server: Server, by_predict: Any) -> None:
    picture = png()
    expected = by_predict(picture)
    body, kind = form({"a.png": picture})
    sent = [
        server.post("/predict/tiny", body, kind),
        server.post("/predict/tiny", picture, "image/png"),
        server.post("/predict/tiny", b64(picture)),
        server.post("/predict/tiny", {"instances": [b64(picture)]}),
        server.post("/predict/tiny", [b64(picture)]),
    ]
    for reply in sent:
        assert reply.status == 200, reply.body
        (prediction,) = reply.json["predictions"]
        assert {"engine": reply.json["engine"], **without_name(prediction)} == expected
    assert sent[0].json["predictions"][0]["input"] == "a.png"


def test_rows_are_what_predict_says(server: Server, by_predict: Any) -> None:
    expected = by_predict(ROW)
    body, kind = form({}, {key: str(value) for key, value in ROW.items()})
    for reply in (server.post("/predict/people", ROW), server.post("/predict/people", body, kind)):
        assert reply.status == 200, reply.body
        assert {"engine": "litert", **without_name(reply.json["predictions"][0])} == expected
    assert set(expected["targets"]) == {"likes", "price"}


def test_tensorflow_serving_says_outputs(server: Server, by_predict: Any) -> None:
    picture = png()
    expected = scores(by_predict(picture))
    by_row = server.post("/v1/models/tiny:predict", {"instances": [b64(picture), {"input": b64(picture)}]})
    assert np.allclose(by_row.json["predictions"], [expected, expected], atol=1e-6)
    by_column = server.post("/v1/models/tiny:predict", {"inputs": {"input": [b64(picture)]}})
    assert np.allclose(by_column.json["outputs"], [expected], atol=1e-6)
    zeros = np.zeros((2, 6, 6, 1), int).tolist()
    arrays = server.post("/v1/models/tiny:predict", {"signature_name": "serving_default", "instances": zeros})
    assert np.shape(arrays.json["predictions"]) == (2, 3)


def test_tensorflow_serving_of_rows_with_two_targets(server: Server) -> None:
    reply = server.post("/v1/models/people:predict", {"instances": [{"age": 39, "shirt_size": "M"}]})
    assert reply.json["predictions"][0].keys() == {"likes", "price"}
    # As a SavedModel of others has columns: with an axis of length 1.
    columns = {"age": [[39]], "shirt_size": [["M"]]}
    again = server.post("/v1/models/people:predict", {"inputs": columns})
    assert again.json["outputs"]["price"] == [reply.json["predictions"][0]["price"]]


def test_kserve_says_tensors(server: Server, by_predict: Any) -> None:
    picture = png()
    data = [b64(picture)["b64"]]
    tensor = {"name": "input", "shape": [1, 1], "datatype": "BYTES", "data": data}
    reply = server.post("/v2/models/tiny/infer", {"id": "7", "inputs": [tensor]})
    assert reply.json["id"] == "7"
    (output,) = reply.json["outputs"]
    assert (output["name"], output["datatype"], output["shape"]) == ("label", "FP32", [1, 3])
    assert np.allclose(output["data"], scores(by_predict(picture)), atol=1e-6)
    pixels = {"name": "input", "shape": [2, 6, 6, 1], "datatype": "UINT8", "data": [0] * 72}
    assert server.post("/v2/models/tiny/infer", {"inputs": [pixels]}).json["outputs"][0]["shape"] == [2, 3]


def test_kserve_of_rows(server: Server) -> None:
    inputs = [
        {"name": "age", "shape": [2], "datatype": "FP32", "data": [39, 20.5]},
        {"name": "shirt_size", "shape": [2, 1], "datatype": "BYTES", "data": ["M", "L"]},
    ]
    reply = server.post("/v2/models/people/infer", {"inputs": inputs, "outputs": [{"name": "price"}]})
    (price,) = reply.json["outputs"]
    rows = [{"age": 39, "shirt size": "M"}, {"age": 20.5, "shirt size": "L"}]
    expected = server.post("/predict/people", rows).json["predictions"]
    assert np.allclose(price["data"], [row["targets"]["price"]["prediction"] for row in expected])


def test_what_is_known_of_models(server: Server, trained: Path) -> None:
    version = next((trained / "tiny").iterdir()).name.replace("-", "")
    (state,) = server.get("/v1/models/tiny").json["model_version_status"]
    assert (state["version"], state["state"]) == (version, "AVAILABLE")
    signature = server.get("/v1/models/tiny/metadata").json["metadata"]["signature_def"]["signature_def"]
    assert signature["serving_default"]["inputs"]["input"]["dtype"] == "DT_UINT8"
    model = server.get("/v2/models/people").json
    assert model["inputs"] == [
        {"name": "age", "datatype": "FP32", "shape": [-1]},
        {"name": "shirt_size", "datatype": "BYTES", "shape": [-1]},
    ]
    assert server.get(f"/v2/models/tiny/versions/{version}/ready").json == {"name": "tiny", "ready": True}
    assert server.get("/v2").json["name"] == "bigmodel"
    for path in ("/healthz", "/readyz", "/v2/health/live", "/v2/health/ready"):
        assert server.get(path).status == 200
    other = server.get("/v1/models/tiny/versions/7")
    assert (other.status, other.json["error"]) == (404, f"tiny: version {version} is served, not 7")


def test_one_that_cannot_be_read_does_not_harm_the_others(server: Server) -> None:
    body, kind = form({"a.png": png(), "b.txt": b"no picture"})
    reply = server.post("/predict/tiny", body, kind)
    assert reply.status == 200
    good, bad = reply.json["predictions"]
    assert good["prediction"].startswith("class_")
    assert bad["error"].startswith("b.txt: expected a JPEG, PNG")
    alone = server.post("/predict/tiny", b"no picture", "image/png")
    assert (alone.status, alone.json["error"][:15]) == (400, "body: expected ")


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ({"agee": 39, "shirt size": "M"}, "request, row 1: the model has no column agee; did you mean age?"),
        ({"age": "many", "shirt size": "M"}, "request, row 1, age: expected a number, found 'many'"),
        ({"age": {"x": 1}}, "request, row 1, age: expected a number, found an object with x"),
        ({"age": [1, 2]}, "request, row 1, age: expected a number, found [1, 2]"),
    ],
)
def test_a_wrong_row_is_named(server: Server, row: dict[str, Any], says: str) -> None:
    reply = server.post("/predict/people", row)
    assert (reply.status, reply.json["error"]) == (400, says)


def test_more_than_the_model_takes_is_passed_over(server: Server) -> None:
    more = {**ROW, "name": "Ann", "likes": "yes"}
    given, expected = (server.post("/predict/people", row).json["predictions"] for row in (more, ROW))
    assert given == expected


@pytest.mark.parametrize(
    ("path", "document", "status", "says"),
    [
        ("/predict", ROW, 404, "expected the name of a model: /predict/NAME; there: tiny, people"),
        ("/predict/cat", ROW, 404, "no model is called 'cat'; there: tiny, people"),
        ("/predict/tiny?top=0", [], 400, "top: expected a whole number from 1 to 1,000, found '0'"),
        ("/predict/tiny?invert=maybe", [], 400, "invert: expected true or false, found 'maybe'"),
        ("/predict/tiny", [], 400, "expected at least one example, found none"),
        ("/predict/tiny", [{"b64": "?"}], 400, "instances[0]: no base64: "),
        ("/predict/tiny", [{"b64": 5}], 400, "instances[0]: expected base64 as a text, found a number"),
        ("/predict/tiny", [[[1, 2], [3]]], 400, "found lists of other things or of different lengths"),
        ("/predict/tiny", [[300] * 36], 400, "expected numbers of shape 6 × 6 × 1 for each example"),
        ("/predict/people", [7], 400, "instances[0]: expected an object of columns, found a number"),
        ("/v1/models/tiny:predict", {}, 400, "expected one of instances and inputs"),
        ("/v1/models/tiny:predict", {"instances": 1}, 400, "instances: expected a list of examples"),
        (
            "/v1/models/tiny:predict",
            {"signature_name": "x", "instances": []},
            400,
            "signature_name: expected serving_default, found 'x'",
        ),
        ("/v2/models/tiny/infer", {"inputs": []}, 400, "inputs: expected a list of tensors"),
        (
            "/v2/models/tiny/infer",
            {"inputs": [{"name": "input", "shape": [1, 6, 6, 1], "datatype": "UINT8", "data": [0]}]},
            400,
            "inputs[0]: the shape [1, 6, 6, 1] has 36 values, data 1",
        ),
    ],
)
def test_what_is_wrong_is_said(server: Server, path: str, document: Any, status: int, says: str) -> None:
    reply = server.post(path, document)
    assert reply.status == status, reply.body
    assert says in reply.json["error"]


def test_limits_of_a_server(trained: Path) -> None:
    server = start(
        next((trained / "tiny").iterdir()), "--max-body", "5000", "--max-pixels", "100", "--timeout", "1"
    )
    try:
        large = server.post("/predict", b"x" * 5001, "image/png")
        assert (large.status, large.json["error"]) == (
            413,
            "the body is larger than 5,000 bytes, the most that is taken",
        )
        pixels = server.post("/predict", png(side=11), "image/png")
        assert pixels.json["error"] == "body: 121 pixels; 100 are the most that are taken here"
        assert server.post("/predict", png(side=10), "image/png").status == 200
        for sent, says in (
            (b"POST /predict HTTP/1.1\r\nhost: x\r\ncontent-le", "the request did not arrive within 1 s"),
            (
                b"POST /predict HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n{",
                "the body did not arrive within 1 s",
            ),
        ):
            with socket.create_connection(("127.0.0.1", server.port), 5) as client:
                client.sendall(sent)
                answer = b"".join(iter(lambda client=client: client.recv(4096), b"")).decode()
            assert answer.startswith("HTTP/1.1 408 ")
            assert says in answer
    finally:
        assert server.end() == 0


def test_the_log_has_a_line_for_each_request(server: Server) -> None:
    body, kind = form({"a.png": png()})
    reply = server.ask("POST", "/predict/tiny", body, {"content-type": kind, "x-request-id": "mine"})
    assert reply.headers["x-request-id"] == "mine"
    entry = server.entry("mine")
    known = {"method": "POST", "path": "/predict/tiny", "status": 200, "model": "tiny", "examples": 1}
    assert known.items() <= entry.items()
    assert entry["bytes"] == len(reply.body)
