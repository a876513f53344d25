"""`bigmodel explain`: runs whose answer depends on one known patch; pictures, lines and JSON."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bigmodel_cli.cli.main import run as run_command
from bigmodel_cli.run_folder import RunFolder, update_record
from bigmodel_cli.run_lock import record_files

pytestmark = pytest.mark.tf

METHODS = ["grad-cam", "integrated-gradients", "occlusion"]
# The class is decided by whether these pixels are bright; all others are dark noise.
PATCH = (slice(3, 7), slice(9, 13))
CONFIG = """\
name: patch
data:
  source: {npz: {path: data.npz, class_names: ["off", "on"]}}
  batch_size: 32
preprocessing:
  - Rescaling: {scale: 1/255}
model:
  - Conv2D: {filters: 8, kernel_size: 3, padding: same, activation: relu}
  - residual:
      layers:
        - Conv2D: {filters: 8, kernel_size: 3, padding: same, activation: relu}
  - GlobalAveragePooling2D
  - Dense: {units: num_classes, activation: softmax}
loss: CategoricalCrossentropy
optimizer: {Adam: {learning_rate: 0.003}}
training:
  {epochs: 20, device: cpu, steps_per_execution: 15, jit_compile: false, checkpoint: {monitor: val_loss}}
"""


def _images(count, channels=1):
    rng = np.random.default_rng(0)
    features = rng.integers(0, 40, (count, 16, 16, channels), np.uint8)
    labels = np.arange(count) % 2
    features[labels == 1, PATCH[0], PATCH[1]] += 200
    return features, labels


def _train(folder, text=CONFIG, *overrides, channels=1, labels=None):
    features, classes = _images(600, channels)
    np.savez(folder / "data.npz", x=features, y=classes if labels is None else labels(features))
    (folder / "c.yaml").write_text(text)
    words = ["train", str(folder / "c.yaml"), *overrides, "--runs-dir", str(folder / "runs"), "--plain"]
    assert run_command(words) == 0
    return folder / "runs"


@pytest.fixture(scope="session")
def patch_runs(tmp_path_factory):
    """A folder of runs with one that decides by the patch; tests must not change it."""
    return _train(tmp_path_factory.mktemp("patch"))


@pytest.fixture
def images(tmp_path, monkeypatch):
    """An image with the patch, and one without it, in the current folder."""
    monkeypatch.chdir(tmp_path)
    features, _ = _images(2)
    for name, pixels in zip(("off.png", "on.png"), features, strict=True):
        Image.fromarray(pixels[..., 0]).save(name)
    return ["off.png", "on.png"]


@pytest.fixture
def explain(bigmodel, patch_runs, images):
    return lambda *words: bigmodel("explain", *words, "--runs-dir", patch_runs)


@pytest.fixture
def own_runs(patch_runs, tmp_path):
    """A copy of the runs, which may be changed."""
    shutil.copytree(patch_runs, tmp_path / "own")
    return tmp_path / "own"


def run_in(runs):
    (folder,) = (runs / "patch").iterdir()
    return RunFolder(folder)


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


def test_every_method_finds_the_patch(explain):
    outcome = explain("on.png", "--top", "1", "--maps", "--json")
    assert outcome.code == 0, outcome.err
    ((image,),) = [outcome.json["images"]]
    ((first,),) = [image["classes"]]
    assert first["class"] == "on" and first["probability"] > 0.95
    assert [found["method"] for found in first["methods"]] == METHODS
    for found in first["methods"]:
        values = np.array(found["map"])
        positive = np.maximum(values, 0)
        assert found["shape"] == [16, 16] == list(values.shape)
        # The patch, and what convolutions of 3 × 3 see of it from its edge.
        share = positive[2:8, 8:14].sum() / positive.sum()
        assert share > 0.8, found["method"]
        x, y = found["maximum"]["x"], found["maximum"]["y"]
        assert (y, x) == np.unravel_index(values.argmax(), values.shape)
        assert x in range(9, 13) and y in range(3, 7), found["method"]
        assert found["evidence_for"] == pytest.approx(positive.sum())
    completeness = first["methods"][1]["completeness"]
    assert completeness["error"] < 0.02
    assert completeness["sum"] == pytest.approx(completeness["score_difference"], rel=0.02)
    assert first["methods"][2]["patch"] == [2, 2]


def test_lines_and_picture(explain, patch_runs):
    outcome = explain("on.png", "--top", "1")
    assert outcome.code == 0
    assert outcome.err == (
        f"run: {run_in(patch_runs).path} (the newest completed one)\nwritten: on-explained.png\n"
    )
    (line,) = outcome.out.splitlines()
    head, *places = line.replace("%: ", "%; ").split("; ")
    assert head.startswith("on.png: on 9") and head.endswith("%")
    for method, place in zip(METHODS, places, strict=True):
        assert place.startswith(f"{method} ") and "%), most at " in place
        x, y = map(int, place.rpartition(" ")[2].split(","))
        assert x in range(9, 13) and y in range(3, 7)
    with Image.open("on-explained.png") as image:
        assert image.format == "PNG" and 800 < image.width < 1300 and 200 < image.height < 500


def test_classes_are_those_that_predict_ranks_first(explain, bigmodel, patch_runs):
    for name in ("on.png", "off.png"):
        (predicted,) = bigmodel("predict", name, "--runs-dir", patch_runs, "--json").json["predictions"]
        (image,) = explain(name, "--json", "--method", "grad-cam").json["images"]
        assert [found["class"] for found in image["classes"]] == [one["class"] for one in predicted["top"]]
        for found, one in zip(image["classes"], predicted["top"], strict=True):
            assert found["probability"] == pytest.approx(one["probability"], abs=1e-5)


def test_named_classes_instead_of_the_first_ones(explain):
    outcome = explain("on.png", "--class", "off", "--class", "off", "--method", "occlusion", "--json")
    ((found,),) = [image["classes"] for image in outcome.json["images"]]
    assert found["class"] == "off" and found["probability"] < 0.05
    (method,) = found["methods"]
    assert method["evidence_against"] < -1


def test_a_decision_rule(bigmodel, own_runs, images):
    run = run_in(own_runs)
    run.decision.write_text(json.dumps({"temperature": 2.0, "positive": "off", "threshold": 0.0001}))
    record_files(run, [run.decision])
    outcome = bigmodel(
        "explain", "on.png", "--runs-dir", own_runs, "--json", "--method", "integrated-gradients"
    )
    ((first, second),) = [image["classes"] for image in outcome.json["images"]]
    assert (first["class"], second["class"]) == ("off", "on")
    plain = bigmodel("explain", "on.png", "--run", run.path, "--json", "--method", "occlusion")
    assert plain.json["images"][0]["classes"][0]["class"] == "off"
    update_record(run, {})
    run.decision.write_text(json.dumps({"temperature": 1.0, "positive": None, "threshold": None}))
    record_files(run, [run.decision])
    colder = bigmodel("explain", "on.png", "--run", run.path, "--json", "--method", "integrated-gradients")
    (colder_on, _) = colder.json["images"][0]["classes"]
    assert colder_on["class"] == "on" and colder_on["probability"] > second["probability"]
    # Of two classes, the log-odds are the difference of their logits, which the temperature divides.
    halves = [one["methods"][0]["completeness"]["score_difference"] for one in (second, colder_on)]
    assert halves[0] == pytest.approx(halves[1] / 2, rel=1e-4)


ENDING = "{units: num_classes, activation: softmax}"


def test_a_sigmoid_and_rgba(bigmodel, tmp_path, images):
    text = CONFIG.replace("CategoricalCrossentropy", "BinaryCrossentropy")
    runs = _train(tmp_path, text.replace(ENDING, "{units: 1, activation: sigmoid}"), channels=4)
    Image.fromarray(_images(2, 4)[0][1]).save("on.png")
    outcome = bigmodel("explain", "on.png", "--runs-dir", runs, "--json")
    assert outcome.code == 0, outcome.err
    assert outcome.json["explained"] == "log-odds"
    (first, second) = outcome.json["images"][0]["classes"]
    assert (first["class"], second["class"]) == ("on", "off")
    for found, opposite in zip(first["methods"], second["methods"], strict=True):
        assert 8 <= found["maximum"]["x"] <= 13 and 2 <= found["maximum"]["y"] <= 7
        if found["method"] != "grad-cam":
            assert found["evidence_for"] == pytest.approx(-opposite["evidence_against"], rel=1e-3)
    with Image.open("on-explained.png") as image:
        assert image.format == "PNG"


def test_logits_and_a_map_that_is_flattened(bigmodel, tmp_path, images):
    loss = "{SparseCategoricalCrossentropy: {from_logits: true}}"
    text = CONFIG.replace("CategoricalCrossentropy", loss).replace(ENDING, "{units: 2}")
    text = text.replace("GlobalAveragePooling2D", "Flatten").replace("epochs: 20", "epochs: 2")
    runs = _train(tmp_path, text)
    outcome = bigmodel("explain", "on.png", "--runs-dir", runs, "--json")
    assert outcome.code == 0 and outcome.json["explained"] == "log-odds"
    (first, second) = outcome.json["images"][0]["classes"]
    assert first["class"] == "on" and first["probability"] + second["probability"] == pytest.approx(1)
    _, gradients, _ = first["methods"]
    assert gradients["maximum"]["x"] in range(9, 13) and gradients["maximum"]["y"] in range(3, 7)
    says = (
        "grad-cam averages over all places, but behind add this model flattens them: "
        "where the other methods disagree with it, believe them\n"
    )
    assert says in outcome.err
    assert says not in bigmodel("explain", "on.png", "--runs-dir", runs, "--method", "occlusion").err


def test_a_predicted_number(bigmodel, tmp_path, images):
    text = CONFIG.replace(', class_names: ["off", "on"]', ", labels: numbers")
    text = text.replace("num_classes, activation: softmax", "1")
    text = text.replace("CategoricalCrossentropy", "MeanSquaredError")
    runs = _train(
        tmp_path, text, labels=lambda x: x[:, PATCH[0], PATCH[1]].mean(axis=(1, 2)).astype(np.float32) / 100
    )
    outcome = bigmodel("explain", "on.png", "--runs-dir", runs, "--json")
    assert outcome.code == 0, outcome.err
    left_out = "grad-cam is left out: it shows what speaks for a class, and this run predicts numbers\n"
    assert left_out in outcome.err
    assert (outcome.json["explained"], outcome.json["layer"]) == ("output", None)
    (found,) = outcome.json["images"][0]["outputs"]
    assert found["prediction"] == pytest.approx(2.2, abs=0.3) and "class" not in found
    assert [one["method"] for one in found["methods"]] == METHODS[1:]
    for one in found["methods"]:
        assert one["maximum"]["x"] in range(9, 13) and one["maximum"]["y"] in range(3, 7)
    (line,) = bigmodel("explain", "on.png", "--runs-dir", runs).out.splitlines()
    assert line.startswith("on.png: 2.") and ": integrated-gradients " in line
    refused = bigmodel("explain", "on.png", "--runs-dir", runs, "--method", "grad-cam")
    assert refused.code == 2 and "this run predicts numbers" in refused.err
    refused = bigmodel("explain", "on.png", "--runs-dir", runs, "--class", "on")
    assert refused.code == 2 and "--class on: this run predicts numbers and has no classes" in refused.err


def test_without_a_convolution(bigmodel, trained, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Image.fromarray(np.arange(36, dtype=np.uint8).reshape(6, 6) * 7).save("a.png")
    outcome = bigmodel("explain", "a.png", "--runs-dir", trained)
    assert outcome.code == 0
    assert "grad-cam is left out: this model has no convolution that it could look at\n" in outcome.err
    assert outcome.out.count("integrated-gradients") == 3 and "grad-cam" not in outcome.out
    refused = bigmodel("explain", "a.png", "--runs-dir", trained, "--method", "grad-cam")
    assert (refused.code, refused.out) == (2, "")
    assert (
        "error: --method grad-cam: Grad-CAM looks at the last convolution, and this model has none"
        in refused.err
    )
    assert "hint: use --method integrated-gradients or --method occlusion" in refused.err


def test_a_run_without_images(refuses, bigmodel, tmp_path, changed, monkeypatch):
    config = changed(
        "{shape: [6, 6, 1], num_classes: 3, num_examples: 120}", "{shape: [4], num_examples: 120}"
    )
    runs = tmp_path / "arrays"
    assert bigmodel("train", config, "training.epochs=1", "--runs-dir", runs).code == 0
    np.save("x.npy", np.zeros(4, np.float32))
    says = "explain shows what in an image a model decides by; this model takes float32 arrays of shape 4"
    refuses(2, "explain", "x.npy", "--runs-dir", runs, says=(says, "name a run that was trained on images"))


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--layer", "conv2d_7"], "--layer conv2d_7: the model has no such layer"),
        (["--layer", "dense"], "--layer dense: its output is no map of features"),
        (["--layer", "add", "--method", "occlusion"], "--layer is for grad-cam, not for --method occlusion"),
        (["--class", "On"], "--class On: the run has no such class"),
        (["--out", "x.jpg"], "--out x.jpg: expected a folder, or a file that ends in .png"),
        (["--out", "on.png"], "--out on.png: this is the image itself"),
    ],
)
def test_what_does_not_fit_the_run(refuses, patch_runs, images, words, says):
    refuses(2, "explain", "on.png", "--runs-dir", patch_runs, *words, says=(says,))
    assert names_in(Path()) == images


def test_a_misspelt_class_and_maps_without_json(explain):
    assert "hint: did you mean on?" in explain("on.png", "--class", "onn").err
    outcome = explain("on.png", "--maps")
    assert outcome.code == 2 and "--maps is for --json" in outcome.err


def test_another_layer(explain):
    default = explain("on.png", "--method", "grad-cam", "--json").json
    first = explain("on.png", "--method", "grad-cam", "--layer", "conv2d", "--json").json
    assert (default["layer"], first["layer"]) == ("add", "conv2d")
    assert default["images"] != first["images"]


def test_an_unreadable_image_among_others(explain, images):
    Path("bad.png").write_bytes(b"no image")
    outcome = explain("bad.png", "on.png", "gone/../off.png")
    assert outcome.code == 2 and "no such file" in outcome.err
    outcome = explain("bad.png", "on.png", "--method", "grad-cam", "--top", "1")
    assert outcome.code == 3
    assert outcome.out.startswith("on.png: on ") and outcome.out.count("\n") == 1
    assert "error: bad.png: expected a JPEG, PNG, BMP, GIF or WebP image, found something else" in outcome.err
    document = explain("bad.png", "on.png", "--method", "grad-cam", "--json")
    assert document.code == 3
    bad, good = document.json["images"]
    assert bad == {"image": "bad.png", "error": bad["error"]} and bad["error"].startswith("bad.png: expected")
    assert good["picture"] == "on-explained.png"
    assert names_in(Path()) == ["bad.png", *images[:1], "on-explained.png", *images[1:]]


def test_folders_and_arrays_each_have_a_picture(explain, images):
    before = {name: Path(name).read_bytes() for name in images}
    np.save("x.npy", _images(2)[0])
    outcome = explain(".", "x.npy", "--out", "out/deep", "--method", "grad-cam", "--top", "1")
    assert outcome.code == 0
    names = ["off-explained.png", "on-explained.png", "x-0-explained.png", "x-1-explained.png"]
    assert names_in(Path("out/deep")) == names
    lines = outcome.out.splitlines()
    assert [line.partition(": ")[0] for line in lines] == ["off.png", "on.png", "x.npy[0]", "x.npy[1]"]
    assert lines[1].partition(": ")[2] == lines[3].partition(": ")[2]
    assert before == {name: Path(name).read_bytes() for name in images}


def test_a_larger_file_is_spoken_of_in_its_own_pixels(explain, images):
    with Image.open("on.png") as image:
        image.resize((160, 320), Image.Resampling.NEAREST).save("large.png")
    for found in explain("large.png", "--top", "1", "--json").json["images"][0]["classes"][0]["methods"]:
        assert found["maximum"]["x"] in range(90, 130) and found["maximum"]["y"] in range(60, 140)


def test_a_hostile_name_of_a_file(explain, images):
    name = "$x_\x1b[31mred\nerror: none.png"
    Path("on.png").rename(name)
    outcome = explain(name, "--method", "grad-cam", "--top", "1")
    assert outcome.code == 0 and Path("$x_\x1b[31mred\nerror: none-explained.png").exists()
    assert outcome.out.startswith(r"$x_\x1b[31mred\x0aerror: none.png: on 9") and outcome.out.count("\n") == 1
    assert outcome.err.endswith("written: $x_\\x1b[31mred\\x0aerror: none-explained.png\n")


def test_invert(explain, images):
    with Image.open("on.png") as image:
        Image.fromarray(255 - np.asarray(image)).save("negative.png")
    words = ["--method", "grad-cam", "--json"]
    (straight,) = explain("on.png", *words).json["images"]
    (inverted,) = explain("negative.png", "--invert", *words).json["images"]
    assert straight["classes"] == inverted["classes"]
