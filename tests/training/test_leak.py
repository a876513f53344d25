"""`--from`: what is held out now and was trained on by the run that the weights are of is said."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

pytestmark = pytest.mark.tf

PHOTOS = """\
name: one
data:
  source: {image_folder: {path: photos, image_size: 8, color_mode: grayscale}}
  batch_size: 8
  on_bad_file: skip
model: [Flatten, {Dense: {units: num_classes, activation: softmax}}]
loss: CategoricalCrossentropy
optimizer: Adam
metrics: [accuracy]
training: {epochs: 1, device: cpu}
"""
ARRAYS = PHOTOS.replace(
    "image_folder: {path: photos, image_size: 8, color_mode: grayscale}", "npz: {path: d.npz}"
)
BROKEN = [f"photos/{name}/03.png" for name in ("ape", "bee", "cat")]


@dataclass(frozen=True)
class Begun:
    """A first run, and how a second one starts from it."""

    run: Path
    bigmodel: Callable[..., Any]

    def __call__(self, *words: str, parent: str = "one") -> Any:
        found = self.bigmodel("train", "two.yaml", "--from", parent, *words, "--json")
        assert found.code == 0, found.err
        return found


def write_photos(folder: Path) -> None:
    rng = np.random.default_rng(0)
    for index, name in enumerate(("ape", "bee", "cat")):
        (folder / name).mkdir(parents=True)
        for number in range(20):
            pixels = rng.integers(0, 100, (20, 30)) + 70 * index
            Image.fromarray(pixels.astype(np.uint8)).save(folder / name / f"{number:02}.png")


def splits_of(run: Path) -> dict[str, set[bytes]]:
    """What the files of each split of a run hold, by reading its config again."""
    from bigmodel_cli.inference.run_config import read_experiment
    from bigmodel_cli.inference.run_data import load_splits
    from bigmodel_cli.listener import Silent
    from bigmodel_cli.run_folder import RunFolder

    splits = load_splits(read_experiment(RunFolder(run)), Silent(), offline=True)
    return {
        name: {Path(part.name(i)).read_bytes() for i in range(len(part))}
        for name, part in splits.parts.items()
    }


@pytest.fixture
def begun(bigmodel: Any, write: Callable[..., str], tmp_path: Path) -> Begun:
    """Stage 1 on photographs, of which some are broken."""
    write_photos(tmp_path / "photos")
    for broken in BROKEN:
        Path(broken).write_bytes(Path(broken).read_bytes()[:200])
    write(PHOTOS, "one.yaml")
    write(PHOTOS.replace("name: one", "name: two"), "two.yaml")
    outcome = bigmodel("train", "one.yaml", "--json")
    assert outcome.code == 0, outcome.err
    return Begun(Path(outcome.json["run"]), bigmodel)


def told(outcome: Any) -> list[str]:
    return [line for line in outcome.err.splitlines() if "whose weights this run starts from" in line]


def test_broken_files_that_were_removed_since(begun: Begun, bigmodel: Any) -> None:
    before = splits_of(begun.run)["train"]
    for broken in BROKEN:
        Path(broken).unlink()
    outcome = begun()
    (warning,) = told(outcome)
    two = Path(outcome.json["run"])
    after = splits_of(two)
    seen = {name: len(after[name] & before) for name in ("test", "validation")}
    assert seen["test"] > 2, "the input of the issue: most of the test split was trained on"
    for name, count in seen.items():
        assert f"{count} of {len(after[name])} {name} examples" in warning
    assert "give the data splits of their own" in warning
    assert "same data with the same seed, data.validation and data.test" in warning
    record = json.loads((two / "run.json").read_text())
    assert record["parent"]["trained_on"] == {name: count for name, count in seen.items() if count}
    # What the third one starts from has learned from what the first one learned from.
    third = begun(parent="two")
    assert told(third) == [] or "two/" in told(third)[0]
    other = bigmodel("evaluate", "two", "--data", "photos")
    photos = {path.read_bytes() for path in Path("photos").rglob("*.png")}
    assert other.code == 0, other.err
    assert f"{len((before | after['train']) & photos)} of 57 examples were trained on" in other.err


def test_the_same_data_are_the_same_splits(begun: Begun) -> None:
    assert told(begun()) == []


@pytest.mark.parametrize("words", [["seed=7"], ["data.test=0.3"], ["data.validation=0.3", "data.test=0"]])
def test_the_same_data_otherwise_cut(begun: Begun, words: list[str]) -> None:
    (warning,) = told(begun(*words))
    assert " validation examples" in warning or " test examples" in warning


def test_a_copy_elsewhere_with_splits_of_its_own(begun: Begun, tmp_path: Path) -> None:
    """Other names and folders hide nothing."""
    for split, numbers in (("train", range(10)), ("test", range(10, 20))):
        for name in ("ape", "bee", "cat"):
            (tmp_path / "own" / split / name).mkdir(parents=True)
            for number in numbers:
                source = tmp_path / "photos" / name / f"{number:02}.png"
                shutil.copy(source, tmp_path / "own" / split / name / f"img{number}.png")
    (warning,) = told(begun("data.source.image_folder.path=own"))
    assert " of 30 test examples" in warning
    shutil.rmtree(tmp_path / "photos")
    (warning,) = told(begun("data.source.image_folder.path=own"))
    assert " of 30 test examples" in warning, "the first run's data are gone, and still known"


def test_of_a_run_that_has_noted_nothing(begun: Begun, bigmodel: Any) -> None:
    """As those of earlier versions: its data tell while they are as they were, and then nothing does."""
    (begun.run / "trained_on.npy").unlink()
    (warning,) = told(begun("seed=7"))
    assert " examples: scores on these say little" in warning
    for broken in BROKEN:
        Path(broken).unlink()
    (warning,) = told(begun())
    assert "test and validation was trained on by " in warning
    assert "cannot be told: its data have changed since" in warning and re.search(
        r"trained on 48 of 5\d;", warning
    )
    other = bigmodel("evaluate", "one", "--data", "photos")
    assert "whether examples of it were trained on cannot be told: the data of " in other.err


def test_rows_of_an_array_that_got_more(bigmodel: Any, write: Callable[..., str], tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((60, 4)).astype(np.float32), np.arange(60) % 3
    np.savez(tmp_path / "d.npz", x=x, y=y)
    config = write(ARRAYS, "one.yaml")
    assert bigmodel("train", config).code == 0
    np.savez(tmp_path / "d.npz", x=x[:-3].astype(np.float64), y=y[:-3])
    outcome = bigmodel("train", config, "--from", "one")
    assert outcome.code == 0
    assert len(told(outcome)) == 1 and " test examples" in told(outcome)[0]
    np.savez(tmp_path / "d.npz", x=x + 1, y=y)
    outcome = bigmodel("train", config, "--from", "one")
    assert outcome.code == 0 and told(outcome) == []
