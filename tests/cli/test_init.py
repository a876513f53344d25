"""`bigmodel init`: a starter config that checks, trains, and never takes the place of a file."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

CONFIGS = Path(__file__).parents[2] / "configs"


@pytest.fixture
def photos(tmp_path, monkeypatch):
    """Writes a folder of two classes that differ in brightness."""
    monkeypatch.chdir(tmp_path)

    def write(folder="photos", mode="RGB", size=(32, 28), count=20):
        rng = np.random.default_rng(0)
        for label, low in (("dark", 0), ("light", 128)):
            for number in range(count):
                path = tmp_path / folder / label / f"{number}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                pixels = rng.integers(low, low + 128, (*size[::-1], 3), np.uint8)
                Image.fromarray(pixels).convert(mode).save(path)
        return folder

    return write


def test_without_data_it_is_for_digits(bigmodel):
    outcome = bigmodel("init")
    assert outcome.code == 0
    assert "\n# Train with: bigmodel train THIS_FILE\n# " in outcome.out and "\nname: digits\n" in outcome.out
    assert outcome.err.startswith("found: no data given: scikit-learn's handwritten digits\ndecided: ")
    assert re.search(r"\ntraining: about \d+ (s|min) on this machine's", outcome.err)


def test_a_folder_is_looked_at(bigmodel, photos):
    document = bigmodel("init", photos(), "--offline", "--json").json
    assert document["found"] == "40 rgb images 32 × 28, of 2 classes"
    assert "image_folder: {path: photos, image_size: [28, 32], color_mode: rgb}" in document["config"]
    assert "RandomFlip" in document["config"] and document["output"] is None
    assert all(decision.split()[0] in document["config"] for decision in document["decisions"]) and document[
        "training"
    ].startswith("about ")
    assert "--weights FILE" in document["better"]


def test_grey_images_stay_grey_and_are_not_flipped(bigmodel, photos):
    document = bigmodel("init", photos(mode="L"), "--json").json
    assert "color_mode: grayscale" in document["config"] and "RandomFlip" not in document["config"]


def test_a_split_folder(bigmodel, photos):
    photos("all/train")
    photos("all/test")
    document = bigmodel("init", "all", "--offline", "--json").json
    assert document["found"] == "80 rgb images 32 × 28, of 2 classes, 40 of them for test"
    assert "path: all," in document["config"]


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["my photos: new", "100%", "it's", "- a", "[x]", "ünï", 'a"b\\c', "null", "010", "#1"]
)
def test_names_that_mean_something_to_yaml(bigmodel, photos, name):
    photos(name)
    assert bigmodel("init", f"./{name}", "--offline", "-o", "c.yaml").code == 0
    outcome = bigmodel("show", "c.yaml", "--why", "data.source.image_folder.path", "--json")
    assert outcome.code == 0, outcome.err
    assert Path(outcome.json["value"]).resolve() == Path(name).resolve()


def test_a_file_is_written_but_never_overwritten(bigmodel, refuses, photos):
    photos()
    outcome = bigmodel("init", "photos", "--offline", "-o", "my config.yaml")
    assert (outcome.code, outcome.out) == (0, "")
    assert "written: my config.yaml" in outcome.err
    assert "\n  bigmodel show 'my config.yaml'\n  bigmodel train 'my config.yaml'\n" in outcome.err
    before = Path("my config.yaml").read_text()
    says = ("my config.yaml exists already; nothing was written", "choose another name")
    refuses(2, "init", "-o", "my config.yaml", says=says)
    assert Path("my config.yaml").read_text() == before


@pytest.mark.tf
def test_a_config_in_another_folder_finds_the_data(bigmodel, photos):
    photos()
    assert bigmodel("init", "photos", "--offline", "-o", "configs/c.yaml").code == 0
    outcome = bigmodel("train", "configs/c.yaml", "training.epochs=1", "--runs-dir", "runs")
    assert outcome.code == 0, outcome.err


@pytest.mark.parametrize("name", sorted(path.stem for path in CONFIGS.glob("*.yaml")))
def test_a_config_that_comes_with_it_is_whole_elsewhere(bigmodel, tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    outcome = bigmodel("init", "--config", name, "-o", "own/c.yaml")
    assert outcome.code == 0, outcome.err
    verb = "tune" if name.endswith("_tune") else "train"
    assert f"bigmodel {verb} own/c.yaml" in Path("own/c.yaml").read_text()
    assert f"configs/{name}.yaml" not in Path("own/c.yaml").read_text()
    assert bigmodel("check", "own/c.yaml").code == 0
    differences = bigmodel("show", "own/c.yaml", "--diff", CONFIGS / f"{name}.yaml", "--json").json
    # Relative paths are relative to the config.
    a_path = re.compile(
        r"data\.source\.(\w+_folder|text_files|table(\.join\.\w+)?|conll|squad)\.(path|validation|test)"
    )
    assert [each["key"] for each in differences if not a_path.fullmatch(each["key"])] == []


@pytest.mark.parametrize("word", ["mnist", "mnist.yaml", "configs/mnist.yaml"])
def test_a_config_that_comes_with_it_by_name(bigmodel, refuses, tmp_path, monkeypatch, word):
    monkeypatch.chdir(tmp_path)
    assert bigmodel("init", "--config", word).out == (CONFIGS / "mnist.yaml").read_text().replace(
        "configs/mnist.yaml", "THIS_FILE"
    )
    # Who names it where it is not, hears how to come by it.
    says = (f"{word}: no such file", "bigmodel init --config mnist -o mnist.yaml")
    for command in ("train", "check", "show", "data"):
        refuses(2, command, word, says=says)


def test_names_of_configs_that_are_none(bigmodel, refuses, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    refuses(2, "init", "--config", "mnst", says=("no config mnst comes with bigmodel", "did you mean mnist?"))
    says = (
        "no config zebra comes with bigmodel",
        "digit_sums, digits, digits_tune, housing, keywords, mnist",
    )
    refuses(2, "init", "--config", "zebra", says=says)
    refuses(2, "init", "photos", "--config", "mnist", says=("--config takes no DATA and no --weights",))
    Path("mnist.yaml").write_text("")
    assert "did you mean mnist.yaml?" in bigmodel("train", "mnist").err
    # What is in a folder of the user's own is not taken for one of ours.
    assert "--config" not in bigmodel("train", "mine/mnist.yaml").err
