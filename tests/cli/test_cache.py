"""`data.cache` as a user meets it: said, recorded, and without any effect on what is trained."""

from __future__ import annotations

import csv
import signal
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image

from bigmodel_cli.cli.main import run as run_command
from bigmodel_cli.cli.progress import Lines
from bigmodel_cli.kinds.image.read import ImageRead
from bigmodel_cli.metrics_file import TIME_COLUMNS
from bigmodel_cli.sources.decoded_folder import decoded_folder

pytestmark = pytest.mark.tf

CONFIG = """\
name: photos
seed: 3
data:
  source: {image_folder: {path: photos, image_size: [8, 8]}}
  batch_size: 4
preprocessing: [Normalization]
augmentation: [{RandomTranslation: {height_factor: 0.2, width_factor: 0.2}}]
model: [Flatten, {Dense: {units: num_classes, activation: softmax}}]
loss: CategoricalCrossentropy
optimizer: Adam
training: {epochs: 3, device: cpu, deterministic: true}
"""
COUNT = 15


@pytest.fixture
def config(write, tmp_path, monkeypatch):
    """Writes images of two classes, and a config that trains on them."""
    monkeypatch.setenv("BIGMODEL_RUNS", str(tmp_path / "runs"))
    write_photos(tmp_path / "photos")
    return write(CONFIG)


def write_photos(photos):
    rng = np.random.default_rng(0)
    for name in ("cat", "dog"):
        folder = photos / name
        folder.mkdir(parents=True)
        for number in range(COUNT):
            Image.fromarray(rng.integers(0, 256, (8, 8, 3), np.uint8)).save(folder / f"{number:02}.png")


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    """What is measured where no image is kept; the images of another folder are the same."""
    folder = tmp_path_factory.mktemp("expected")
    write_photos(folder / "photos")
    (folder / "c.yaml").write_text(CONFIG)
    words = [
        "train",
        str(folder / "c.yaml"),
        "data.cache=none",
        "--runs-dir",
        str(folder / "runs"),
        "--plain",
    ]
    assert run_command(words) == 0
    (run,) = (folder / "runs/photos").iterdir()
    return measured_in(run)


@pytest.fixture
def decoded(monkeypatch):
    """Names of the files that are decoded, in order."""
    names = []
    read = ImageRead.file

    def noting(self, path, **options):
        names.append(path.name)
        return read(self, path, **options)

    monkeypatch.setattr(ImageRead, "file", noting)
    return names


@pytest.fixture
def train(bigmodel, config):
    """Trains, and gives the outcome, the run's folder and what was measured in each epoch."""

    def call(*words):
        outcome = bigmodel("train", *(words if "--resume" in words else (config, *words)), "--plain")
        run = max(Path("runs/photos").iterdir())
        return outcome, run, measured_in(run)

    return call


def measured_in(run):
    rows = list(csv.DictReader((run / "metrics.csv").open()))
    return [{k: v for k, v in row.items() if k not in TIME_COLUMNS} for row in rows]


def cache_of(run):
    return yaml.safe_load((run / "config.yaml").read_text())["data"]["cache"]


def test_it_is_said_recorded_and_changes_nothing(train, decoded):
    measured, seen = {}, {}
    for cache in ("none", "memory", "disk"):
        decoded.clear()
        outcome, run, measured[cache] = train(f"data.cache={cache}")
        assert outcome.code == 0, outcome.err
        assert cache_of(run) == cache
        seen[cache] = len(decoded)
    assert measured["none"] == measured["memory"] == measured["disk"]
    assert len(measured["none"]) == 3
    # Of the 30 examples 27 train and validate; the 3 of the test split are not kept in memory, and read for
    # scores, samples, labels that may be wrong, and what `predict` knows of pixels and of features.
    assert seen["none"] > 4 * 27 and 30 < seen["memory"] <= 27 + 5 * 3 and seen["disk"] == 30
    decoded.clear()
    _, _, again = train("data.cache=disk")
    assert again == measured["none"]
    assert not decoded


def test_auto_is_decided_once_and_said(train):
    outcome, run, _ = train()
    assert "decoded images: kept in memory (less than 1 MB)\n" in outcome.err
    assert cache_of(run) == "memory"
    outcome, run, _ = train("training.epochs=1")
    assert "decoded images: not kept (in one epoch none is decoded twice)\n" in outcome.err
    assert cache_of(run) == "none"
    outcome, _, _ = train("data.cache=disk")
    assert f"decoded images: kept on disk (less than 1 MB in {decoded_folder()})\n" in outcome.err


def test_a_file_that_vanishes_is_still_there_in_the_cache(train, tmp_path, monkeypatch):
    ended = Lines.epoch_ended

    def then(self, progress, row):
        ended(self, progress, row)
        (tmp_path / "photos/cat/03.png").unlink(missing_ok=True)

    monkeypatch.setattr(Lines, "epoch_ended", then)
    outcome, _, rows = train("data.test=0", "data.validation=0.1", "data.cache=memory")
    assert len(rows) == 3, outcome.err


def test_bad_files_are_the_same_with_and_without(bigmodel, config, train, tmp_path):
    path = tmp_path / "photos/cat/03.png"
    path.write_bytes(path.read_bytes()[:60])
    found = []
    # Without a cache twice, so that nothing else makes a difference.
    for cache in ("none", "none", "memory", "disk"):
        outcome = bigmodel("train", config, f"data.cache={cache}", "data.validation=0", "data.test=0")
        assert outcome.code == 3
        assert f"error: {path}: damaged image" in outcome.err
        assert "hint: data.on_bad_file=skip leaves such files out\n" in outcome.err
        skipping = ("data.on_bad_file=skip", "data.test=0", "data.validation=0.2")
        outcome, _, rows = train(f"data.cache={cache}", *skipping)
        assert outcome.code == 0, outcome.err
        found.append((rows, [line for line in outcome.err.splitlines() if "warning: " in line]))
    assert all(each == found[0] for each in found)
    assert found[0][1]


def stopping_inside_the_second_epoch():
    """`Lines.progressed`, with a signal in the midst of an epoch."""
    progressed = Lines.progressed

    def stop(self, progress):
        progressed(self, progress)
        if (progress.epoch, progress.step) == (2, 3):
            signal.raise_signal(signal.SIGTERM)

    return stop


@pytest.mark.parametrize("caches", [("none", "memory"), ("disk", "none"), ("memory", "disk")])
def test_a_resume_is_exact_whatever_the_cache(train, monkeypatch, expected, caches):
    before, after = caches
    with monkeypatch.context() as patched:
        patched.setattr(Lines, "progressed", stopping_inside_the_second_epoch())
        outcome, run, _ = train(f"data.cache={before}", "training.steps_per_execution=1")
        assert outcome.code == 143, outcome.err
    outcome, same, rows = train("--resume", f"data.cache={after}")
    assert (outcome.code, same) == (0, run), outcome.err
    assert rows == expected
    assert cache_of(run) == after


def test_a_cache_of_arrays_has_no_effect(bigmodel, tiny):
    outcome = bigmodel("check", tiny, "data.cache=disk")
    assert "cache has no effect: synthetic reads no image files" in outcome.err + outcome.out
    assert "no effect" not in bigmodel("check", tiny, "data.cache=none").err
    # What is resized is kept.
    resized = "preprocessing=[{Resizing: {height: 9, width: 9}}]"
    outcome = bigmodel("check", tiny, "data.cache=memory", resized)
    assert outcome.code == 0 and "no effect" not in outcome.err + outcome.out


FROZEN = (
    "augmentation=[]",
    "preprocessing=[{Rescaling: {scale: 1/255}}]",
    "model=[Flatten, {Dense: {units: 8, activation: relu, trainable: false}}, {Dropout: {rate: 0.3}}, "
    "{Dense: {units: num_classes, activation: softmax}}]",
)


def test_what_does_not_learn_is_computed_once(train, decoded):
    outcome, run, rows = train(*FROZEN, "data.cache=memory")
    assert "model: 1,562 parameters, 1,544 of them frozen\n" in outcome.err
    kept = "computed once, and kept in memory (less than 1 MB)\n"
    assert f"frozen: what the frozen layers give for an example is {kept}" in outcome.err
    assert cache_of(run) == "memory"
    # Each image once, again for the report, and twice for what `predict` knows of those of training: pixels,
    # and features before the last layer; not in each epoch.
    assert len(decoded) < 30 + 2 * 27 + 20
    assert len(rows) == 3
    decoded.clear()
    _, run, stored = train(*FROZEN, "data.cache=disk")
    assert cache_of(run) == "disk"
    first = len(decoded)
    decoded.clear()
    _, _, again = train(*FROZEN, "data.cache=disk", "model.2.Dropout.rate=0.3")
    assert first - len(decoded) >= 27
    assert rows == stored == again


@pytest.mark.parametrize("caches", [("none", "memory"), ("memory", "disk")])
def test_a_resume_is_exact_where_something_is_frozen(train, monkeypatch, caches):
    before, after = caches
    expected = train(*FROZEN, f"data.cache={after}", "training.steps_per_execution=1")[2]
    with monkeypatch.context() as patched:
        patched.setattr(Lines, "progressed", stopping_inside_the_second_epoch())
        outcome, run, _ = train(*FROZEN, f"data.cache={before}", "training.steps_per_execution=1")
        assert outcome.code == 143, outcome.err
    outcome, same, rows = train("--resume", f"data.cache={after}")
    assert (outcome.code, same) == (0, run), outcome.err
    assert [{k: float(v) for k, v in row.items()} for row in rows] == [
        pytest.approx({k: float(v) for k, v in row.items()}, rel=1e-5) for row in expected
    ]


def test_a_bad_file_has_the_same_stand_in_where_something_is_frozen(train, tmp_path):
    path = tmp_path / "photos/cat/03.png"
    path.write_bytes(path.read_bytes()[:60])
    skipping = (*FROZEN, "data.on_bad_file=skip", "data.test=0", "data.validation=0.2")
    found = {}
    for cache in ("none", "memory", "disk"):
        outcome, _, rows = train(f"data.cache={cache}", *skipping)
        assert outcome.code == 0, outcome.err
        found[cache] = [{k: float(v) for k, v in row.items()} for row in rows]
        assert outcome.err.count("skipped a training file that cannot be read") == 1
    again = train("data.cache=disk", *skipping)[2]
    found["again"] = [{k: float(v) for k, v in row.items()} for row in again]
    # On processors without AVX-512 the last digit depends on which examples are computed together.
    for cache, closely in (("again", 1e-6), ("disk", 1e-6), ("none", 1e-5)):
        assert found["memory"] == [pytest.approx(row, rel=closely) for row in found[cache]]


def test_a_bad_file_that_is_not_skipped_ends_it_where_something_is_frozen(bigmodel, config, tmp_path):
    path = tmp_path / "photos/cat/03.png"
    path.write_bytes(path.read_bytes()[:60])
    outcome = bigmodel("train", config, *FROZEN, "data.validation=0", "data.test=0")
    assert outcome.code == 3
    assert f"error: {path}: damaged image" in outcome.err
