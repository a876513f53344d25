"""`bigmodel data`: text, one JSON document, a folder with a page and pictures, exit codes."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
CONFIG = """\
name: photos
data:
  source: {image_folder: {path: photos, image_size: [64, 64]}}
  validation: 0
  test: 0
preprocessing: [{Rescaling: {scale: 1/255}}]
augmentation: [{RandomFlip: {mode: horizontal}}, {RandomRotation: {factor: 0.1}}]
model: [Flatten, {Dense: {units: num_classes, activation: softmax}}]
loss: CategoricalCrossentropy
optimizer: Adam
"""
HOSTILE = ["<script>alert(1)<&script>", "a&b '\"$x_", "\x1b[31mred", "\u202eright", "n" * 200, "猫"]


@pytest.fixture
def photos(write, tmp_path):
    """Writes images of patches into folders of classes, and a config: `photos({"cat": 12})`."""

    def make(classes, config=CONFIG):
        random = np.random.default_rng(0)
        for name, count in classes.items():
            folder = tmp_path / "photos" / name
            folder.mkdir(parents=True)
            for number in range(count):
                coarse = Image.fromarray(random.integers(0, 256, (9, 9, 3), np.uint8))
                coarse.resize((80, 80), Image.Resampling.BICUBIC).save(folder / f"{number:02}.png")
        return write(config, "photos.yaml")

    return make


def test_a_summary_in_words(bigmodel, photos):
    outcome = bigmodel("data", photos({"cat": 12, "dog": 20}))
    assert outcome.code == 0
    first = r"photos: 32 examples of image_folder /.*photos; 2 classes; each 64 × 64 × 3 uint8\n"
    assert re.match(first, outcome.out)
    for row in (
        r"train +32 +its own +1\.67 +0 +0",
        r"cat +12 \(37\.5%\)",
        r"dog +20 \(62\.5%\)",
        r"width +80 +80 +80",
        r"train +2 +1\d\d\.\d+ ",
    ):
        assert re.search(row, outcome.out), row
    assert outcome.out.endswith("nothing was found that would spoil training\n")
    assert "bigmodel data photos.yaml --out photos-data" in outcome.err
    assert "bigmodel train photos.yaml" in outcome.err


def test_json_is_one_document_and_writes_nothing(bigmodel, photos, tmp_path):
    config = photos({"cat": 12, "dog": 12})
    before = sorted(tmp_path.rglob("*"))
    document = bigmodel("data", config, "--json").json
    assert sorted(tmp_path.rglob("*")) == before
    assert (document["version"], document["name"], document["ok"]) == (1, "photos", True)
    assert document["data"] == {
        "source": "image_folder",
        "root": str(tmp_path / "photos"),
        "shape": [64, 64, 3],
        "dtype": "uint8",
        "labels": "classes",
        "num_classes": 2,
        "examples": 24,
        "examined": 24,
        "sampled": False,
    }


@pytest.mark.slow
def test_what_spoils_training_exits_with_3(bigmodel, photos):
    config = photos({"cat": 12, "dog": 12})
    shutil.copy("photos/cat/03.png", "photos/dog/copy.png")
    outcome = bigmodel("data", config)
    assert outcome.code == 3
    assert re.search(r"exact +cat/03.png \(train, cat\) +dog/copy.png \(train, dog\) +2", outcome.out)
    assert "error: 1 example has different labels, the first: cat/03.png (cat)" in outcome.out
    assert "error: the data is not fit for training: 1 example has different labels" in outcome.err
    assert "bigmodel train" not in outcome.err
    document = bigmodel("data", config, "--json")
    assert document.code == 3 and document.json["ok"] is False
    assert [finding["kind"] for finding in document.json["findings"]] == ["contradiction", "copies"]


@pytest.mark.slow
def test_strict_is_about_warnings_too(bigmodel, photos):
    config = photos({"cat": 12, "dog": 5})
    assert bigmodel("data", config).code == 0
    outcome = bigmodel("data", config, "--strict")
    assert outcome.code == 3
    assert "warning: fewer than 10 training examples: dog (5)" in outcome.out
    assert "not fit for training: fewer than 10 training examples: dog (5)" in outcome.err


@pytest.mark.slow
def test_a_sample(bigmodel, photos):
    outcome = bigmodel("data", photos({"cat": 12, "dog": 20}), "--max-examples", "10")
    assert "photos, 10 of them looked at; 2 classes" in outcome.out


class Page(HTMLParser):
    """Counts tags, and keeps what a page would load and what it shows."""

    def __init__(self, path):
        super().__init__()
        self.tags, self.sources, self.text = [], [], ""
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.sources += [value for name, value in attrs if name in ("src", "href")]

    def handle_data(self, data):
        self.text += data


@pytest.fixture
def hostile(photos):
    """A config of data with hostile names, a copy and a broken file."""
    config = photos(dict.fromkeys(HOSTILE, 10))
    shutil.copy(f"photos/{HOSTILE[0]}/00.png", f"photos/{HOSTILE[1]}/<img src=x>.png")
    Path("photos", HOSTILE[2], "<b>.png").write_bytes(b"")
    return config


@pytest.mark.slow
def test_a_folder_with_a_page_and_pictures(bigmodel, hostile, tmp_path):
    outcome = bigmodel("data", hostile, "--out", "out", "--no-augmentation", "--json")
    assert outcome.code == 3
    assert "written: out/index.html\n" in outcome.err
    assert sorted(path.name for path in Path("out").iterdir()) == ["audit.json", "examples.png", "index.html"]
    assert json.loads(Path("out/audit.json").read_text()) == outcome.json
    page = Page(Path("out/index.html"))
    assert set(page.tags) & {"script", "iframe", "link", "object"} == set()
    assert page.sources and all(source.startswith("data:image/") for source in page.sources)
    for name in (HOSTILE[0], HOSTILE[1], "\\x1b[31mred", "\\u202eright", "n" * 200, "猫", "<img src=x>.png"):
        assert name in page.text, name
    with Image.open("out/examples.png") as sheet:
        sheet.load()
        assert sheet.width > 900 and sheet.height > 400


@pytest.mark.slow
def test_hostile_names_in_the_terminal(bigmodel, hostile):
    outcome = bigmodel("data", hostile)
    assert "\x1b" not in outcome.out + outcome.err and "\u202e" not in outcome.out + outcome.err
    assert "\\x1b[31mred" in outcome.out


@pytest.mark.slow
@pytest.mark.parametrize(
    ("count", "names"), [(2, ["examples.png"]), (60, [f"examples-{n}.png" for n in (1, 2, 3)])]
)
def test_contact_sheets_have_pages(bigmodel, photos, count, names):
    config = photos({f"class {number:03}": 3 for number in range(count)})
    Path("out").mkdir()
    for old in ("examples-7.png", "augmentation.png", "examples of mine.png"):
        Path("out", old).write_bytes(b"")
    assert bigmodel("data", config, "--out", "out", "--no-augmentation").code == 0
    assert sorted(path.name for path in Path("out").glob("*.png")) == ["examples of mine.png", *names]


@pytest.mark.tf
@pytest.mark.slow
@pytest.mark.plots
@pytest.mark.parametrize(
    "words",
    [
        [],
        ["augmentation=[MixUp, {RandomTranslation: {height_factor: 0.1, width_factor: 0.1}}]"],
        ["preprocessing=[Normalization]"],
        ["~preprocessing"],
    ],
)
def test_augmentation_is_drawn_as_training_applies_it(bigmodel, photos, words):
    outcome = bigmodel("data", photos({"cat": 12, "dog": 12}), *words, "--out", "out")
    assert outcome.code == 0, outcome.err
    with Image.open("out/augmentation.png") as drawn:
        drawn.load()
        assert drawn.width > 1000
    assert Page(Path("out/index.html")).text.count("Augmentation") == 1


@pytest.mark.tf
def test_augmentation_that_keras_refuses(bigmodel, photos):
    config = photos({"cat": 12, "dog": 12})
    outcome = bigmodel(
        "data", config, "augmentation=[{RandomRotation: {factor: [0.1, 0.2, 0.3]}}]", "--out", "out"
    )
    assert outcome.code == 2
    assert "augmentation.0.RandomRotation: Keras cannot build RandomRotation" in outcome.err
    assert outcome.out.endswith("nothing was found that would spoil training\n")
    assert not Path("out").exists()


@pytest.mark.slow
def test_a_regression_with_images(bigmodel, write, tmp_path):
    random = np.random.default_rng(0)
    np.savez(tmp_path / "r.npz", x=random.integers(0, 256, (60, 20, 20, 1), np.uint8), y=random.random(60))
    config = write(
        CONFIG.replace(
            "{image_folder: {path: photos, image_size: [64, 64]}}", "{npz: {path: r.npz, labels: numbers}}"
        )
        .replace("num_classes, activation: softmax", "1")
        .replace("CategoricalCrossentropy", "MeanSquaredError"),
        "photos.yaml",
    )
    outcome = bigmodel("data", config, "--out", "out", "--no-augmentation")
    assert outcome.code == 0
    assert re.search(r"train +0 +0\.\d+ ", outcome.out)
    assert Path("out/examples.png").exists()


@pytest.mark.slow
def test_features_that_are_no_images(bigmodel, write):
    config = write(
        "data: {source: diabetes}\nmodel: [{Dense: {units: 1}}]\nloss: MeanSquaredError\noptimizer: Adam\n"
    )
    outcome = bigmodel("data", config, "--out", "out", "--json")
    assert outcome.code == 0
    assert len(outcome.json["splits"]["train"]["channels"]) == 10
    assert sorted(path.name for path in Path("out").iterdir()) == ["audit.json", "index.html"]


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["nothing.yaml"], 2, "nothing.yaml: no such file"),
        (["photos.yaml", "--max-examples", "0"], 2, "0 is not in the range x>=1"),
        (["photos.yaml", "--out", "photos.yaml"], 2, "--out photos.yaml: a file, not a folder"),
        (["photos.yaml", "data.source.image_folder.path=none"], 3, "none: no such folder"),
    ],
)
def test_what_cannot_be(bigmodel, photos, words, code, says):
    photos({"cat": 12, "dog": 12})
    outcome = bigmodel("data", *words)
    assert (outcome.code, outcome.out) == (code, "") and says in outcome.err


@pytest.mark.slow
def test_it_needs_no_tensorflow(photos, tmp_path):
    words = ["data", str(tmp_path / photos({"cat": 12, "dog": 12})), "--out", str(tmp_path / "out")]
    program = (
        "import sys\nfrom bigmodel_cli.cli.main import run\n"
        f"code = run({[*words, '--no-augmentation']})\n"
        "assert code == 0, code\n"
        "assert not {'tensorflow', 'keras', 'sklearn'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.data
@pytest.mark.slow
def test_mnist(bigmodel, write, shared_data):
    """10,000 of the digits; all 60,000 are benchmarks/audit.py."""
    config = write(
        f"name: mnist\ndata: {{source: {{npz: {{path: {shared_data('mnist/mnist.npz')}}}}}, validation: 0}}\n"
        "model: [Flatten, {Dense: {units: num_classes, activation: softmax}}]\n"
        "loss: CategoricalCrossentropy\noptimizer: Adam\n"
    )
    document = bigmodel("data", config, "--max-examples", "10000", "--json").json
    assert document["classes"][1]["examples"] == {"train": 6742, "test": 1135}
    assert document["splits"]["train"]["channels"][0]["mean"] == pytest.approx(33.3, abs=0.5)
    assert document["duplicates"]["exact"] == []
