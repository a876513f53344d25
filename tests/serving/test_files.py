"""Sounds and masks over HTTP: what `predict` says of the same files, wrong ones, and bounds."""

from __future__ import annotations

import base64
import io
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
import soundfile
from PIL import Image
from served import Server, b64, form, start

from bigmodel_cli.sources.tones import sound

pytestmark = pytest.mark.tf

FROZEN = Path(__file__).resolve().parents[1] / "frozen"
IMAGES = sorted((FROZEN / "data" / "masks" / "images").iterdir())
CLASSES = ["0", "1", "2"]
TONES = """\
name: tones
data:
  source: {tones: {num_examples: 60}}
  batch_size: 16
preprocessing:
  - mel_spectrogram: {bands: 16, window_seconds: 0.064, hop_seconds: 0.032}
model:
  - Conv2D: {filters: 8, kernel_size: [3, 16], activation: relu}
  - GlobalMaxPooling2D
  - Dense: {units: num_classes, activation: softmax}
loss: CategoricalCrossentropy
optimizer: {Adam: {learning_rate: 0.02}}
training: {epochs: 6, device: cpu}
"""


def wav(rate: int = 4_000, kind: str = "WAV", channels: int = 1, seconds: float = 0.5) -> bytes:
    """A steady tone."""
    buffer = io.BytesIO()
    times = np.arange(round(rate * seconds)) / rate
    soundfile.write(
        buffer, np.tile(0.4 * np.sin(2 * np.pi * 440 * times)[:, None], channels), rate, format=kind
    )
    return buffer.getvalue()


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A run of masks and one of sounds."""
    from bigmodel_cli.cli.main import run

    folder = tmp_path_factory.mktemp("files")
    shutil.copytree(FROZEN / "0.2.0" / "masks", folder / "masks")
    (folder / "tones.yaml").write_text(TONES)
    assert run(["train", str(folder / "tones.yaml"), "--runs-dir", str(folder / "runs"), "--plain"]) == 0
    return {"masks": folder / "masks", "tones": next((folder / "runs" / "tones").iterdir())}


@pytest.fixture(scope="module")
def server(runs: dict[str, Path]) -> Iterator[Server]:
    pixels = ("--max-pixels", "10000", "--max-body", "300000")
    found = start(*(f"{name}={path}" for name, path in runs.items()), *pixels)
    yield found
    assert found.end() == 0, found.said


@pytest.fixture
def by_predict(bigmodel: Any, runs: dict[str, Path], tmp_path: Path) -> Any:
    """What `predict --json` says of a file."""

    def call(name: str, content: bytes, suffix: str) -> dict[str, Any]:
        (tmp_path / f"a{suffix}").write_bytes(content)
        found = bigmodel("predict", tmp_path / f"a{suffix}", "--run", runs[name], "--json").json
        return without_name(found["predictions"][0])

    return call


def without_name(prediction: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in prediction.items() if key != "input"}


def mask_of(prediction: dict[str, Any]) -> np.ndarray:
    with Image.open(io.BytesIO(base64.b64decode(prediction["mask"]))) as image:
        return np.array(image)


def test_an_image_in_every_way_has_its_mask(server: Server, by_predict: Any) -> None:
    picture = IMAGES[0].read_bytes()
    expected = by_predict("masks", picture, ".png")
    body, kind = form({"a.png": picture})
    for reply in (
        server.post("/predict/masks", body, kind),
        server.post("/predict/masks", picture, "image/png"),
        server.post("/predict/masks", picture, "application/octet-stream"),
        server.post("/predict/masks", {"instances": [b64(picture)]}),
    ):
        assert reply.status == 200, reply.body
        (prediction,) = reply.json["predictions"]
        assert without_name(prediction) == expected
    mask = mask_of(expected)
    assert [one["class"] for one in expected["classes"]] == CLASSES
    assert [one["pixels"] for one in expected["classes"]] == np.bincount(mask.ravel(), minlength=3).tolist()
    assert sum(one["share"] for one in expected["classes"]) == pytest.approx(1)


def test_masks_of_a_batch_are_those_of_each_and_of_the_tensors(server: Server) -> None:
    pictures = [path.read_bytes() for path in IMAGES[:7]]
    body, kind = form({path.name: picture for path, picture in zip(IMAGES, pictures, strict=False)})
    together = server.post("/predict/masks", body, kind).json["predictions"]
    assert [one["input"] for one in together] == [path.name for path in IMAGES[:7]]
    alone = [server.post("/predict/masks", one, "image/png").json["predictions"][0] for one in pictures]
    assert [one["mask"] for one in together] == [one["mask"] for one in alone]
    v1 = server.post("/v1/models/masks:predict", {"instances": [b64(one) for one in pictures]})
    shares = np.array(v1.json["predictions"])
    assert shares.shape == (7, *mask_of(alone[0]).shape, 3)
    assert (shares.argmax(axis=-1) == np.stack([mask_of(one) for one in alone])).all()
    tensor = {
        "name": "input",
        "shape": [7],
        "datatype": "BYTES",
        "data": [b64(one)["b64"] for one in pictures],
    }
    (output,) = server.post("/v2/models/masks/infer", {"inputs": [tensor]}).json["outputs"]
    assert output["shape"] == list(shares.shape)
    np.testing.assert_allclose(output["data"], shares.ravel(), atol=1e-6)


def test_a_sound_in_every_way_is_what_predict_says(server: Server, by_predict: Any) -> None:
    content = wav()
    expected = by_predict("tones", content, ".wav")
    body, kind = form({"a.wav": content})
    for reply in (
        server.post("/predict/tones?top=3", body, kind),
        server.post("/predict/tones", content, "audio/wav"),
        server.post("/predict/tones", content, "audio/x-wav"),
        server.post("/predict/tones", content, "application/octet-stream"),
        server.post("/predict/tones", [b64(content)]),
    ):
        assert reply.status == 200, reply.body
        (prediction,) = reply.json["predictions"]
        assert without_name(prediction) == expected
    assert len(expected["top"]) == 3


def test_sounds_of_every_form_are_brought_to_the_same(server: Server) -> None:
    """Another rate, several channels, another format; and a sound as numbers."""
    sent = [wav(), wav(16_000), wav(channels=2), wav(kind="FLAC"), wav(kind="OGG"), wav(channels=20)]
    replies = server.post("/predict/tones?top=6", [b64(one) for one in sent]).json["predictions"]
    scores = [{one["class"]: one["probability"] for one in reply["top"]} for reply in replies]
    for own in scores[1:]:
        assert own == pytest.approx(scores[0], abs=0.1)
    values = sound(2, 0)
    numbers = server.post("/predict/tones", {"instances": [values.tolist()]})
    assert numbers.status == 200, numbers.body
    wrong = server.post("/predict/tones", {"instances": [values[:100].tolist()]})
    assert wrong.status == 400
    assert "expected numbers of shape 2000 for each example" in wrong.json["error"]


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("masks", b"", "found an empty file"),
        ("masks", b"%PDF-1.7", "expected a JPEG, PNG, BMP, GIF or WebP image, found a PDF file"),
        ("masks", IMAGES[0].read_bytes()[:60], "damaged image"),
        ("masks", wav(), "expected a JPEG, PNG, BMP, GIF or WebP image"),
        ("tones", b"", "found an empty file"),
        ("tones", b"\0\0\0\x18ftypM4A ", "found an MP4 file"),
        ("tones", b"fLaC" + bytes(50), "damaged sound"),
        ("tones", wav()[:44], "holds no sound"),
        ("tones", IMAGES[0].read_bytes(), "expected a WAV, FLAC, OGG, Opus or MP3 sound"),
    ],
)
def test_wrong_files_are_named_and_harm_no_other(
    server: Server, name: str, content: bytes, told: str
) -> None:
    good = IMAGES[0].read_bytes() if name == "masks" else wav()
    body, kind = form({"good": good, "bad.xyz": content, "also good": good})
    reply = server.post(f"/predict/{name}", body, kind)
    assert reply.status == 200, reply.body
    first, wrong, last = reply.json["predictions"]
    assert wrong["input"] == "bad.xyz" and wrong["error"].startswith("bad.xyz: ")
    assert told in wrong["error"]
    assert without_name(first) == without_name(last) and "error" not in first
    alone = server.post(f"/predict/{name}", [b64(content)])
    assert alone.status == 400 and told in alone.json["error"]
    assert server.post(f"/v1/models/{name}:predict", {"instances": [b64(content)]}).status == 400


def test_a_file_of_another_content_type_is_refused(server: Server) -> None:
    for name, kind, wanted in (("masks", "audio/wav", "image/*"), ("tones", "image/png", "audio/*")):
        reply = server.post(f"/predict/{name}", wav(), kind)
        assert reply.status == 415
        assert f"multipart/form-data or {wanted}, found {kind}" in reply.json["error"]


def test_sizes_are_bounded(server: Server) -> None:
    buffer = io.BytesIO()
    Image.new("L", (200, 100)).save(buffer, "PNG")
    large = server.post("/predict/masks", buffer.getvalue(), "image/png")
    assert large.status == 400 and "20,000 pixels; 10,000 are the most" in large.json["error"]
    for name in ("masks", "tones"):
        long = server.post(f"/predict/{name}", bytes(300_001), "application/octet-stream")
        assert long.status == 413 and "larger than 300,000 bytes" in long.json["error"]
    # Ten minutes in a few bytes, of which half a second is heard.
    silence = io.BytesIO()
    soundfile.write(silence, np.zeros(600 * 4_000, np.int16), 4_000, format="FLAC")
    assert len(silence.getvalue()) < 30_000
    assert server.post("/predict/tones", silence.getvalue(), "audio/flac").status == 200


def test_what_a_mask_says_counts_as_an_example_does(server: Server) -> None:
    """A mask's probabilities are larger than its image: here 16 × 16 × 3 of 4 bytes beside 16 × 16 of one."""


def test_programs_are_told_which_files(server: Server) -> None:
    document = server.get("/openapi.json").json
    for name, kind, other in (("masks", "image/*", "audio/*"), ("tones", "audio/*", "image/*")):
        content = document["paths"][f"/predict/{name}"]["post"]["requestBody"]["content"]
        assert kind in content and other not in content
        schema = {**content["application/json"]["schema"], "components": document["components"]}
        assert jsonschema.Draft202012Validator(schema).is_valid([b64(b"x")])
    assert [model["media"] for model in server.get("/models").json["models"]] == ["image/*", "audio/*"]


def test_the_page_shows_masks_and_plays_sounds(server: Server, browser: Any, tmp_path: Path) -> None:
    page = browser.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(server.url)
    page.wait_for_selector("#choose select option >> nth=1", state="attached")
    page.set_input_files("#drop input", str(IMAGES[0]))
    page.wait_for_selector("#results img[alt=mask]")
    expected = server.post("/predict/masks", IMAGES[0].read_bytes(), "image/png").json["predictions"][0]
    source = page.get_attribute("#results img[alt=mask]", "src")
    assert source == "data:image/png;base64," + expected["mask"]
    shown = [text.strip() for text in page.locator("#results .bar b").all_text_contents()]
    assert shown == [f"{100 * one['share']:.1f}%" for one in expected["classes"]]
    page.select_option("#choose select", "tones")
    (tmp_path / "a.wav").write_bytes(wav())
    page.set_input_files("#drop input", str(tmp_path / "a.wav"))
    page.wait_for_selector("#results audio")
    page.wait_for_function("document.querySelector('#results audio').duration > 0.4")
    assert complaints == []
    page.close()
