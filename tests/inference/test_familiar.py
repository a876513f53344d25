"""An input that is unlike the training examples is said, and one that is like them is not."""

from __future__ import annotations

import csv
import json
from copy import copy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bigmodel_cli.config.reading import Reading
from bigmodel_cli.inference.familiar import Familiar, read_familiar
from bigmodel_cli.inference.inputs import find_inputs
from bigmodel_cli.inference.measure import keep_familiar, measure, read_some
from bigmodel_cli.inference.opened import OpenRun
from bigmodel_cli.inference.predict import csv_output, predict
from bigmodel_cli.kinds.array.kind import ArrayKind
from bigmodel_cli.kinds.category.kind import CategoryKind
from bigmodel_cli.kinds.cells import Held
from bigmodel_cli.kinds.date.kind import DateKind
from bigmodel_cli.kinds.familiar import Measuring, describe
from bigmodel_cli.kinds.image.kind import ImageFormat, ImageKind
from bigmodel_cli.kinds.number.kind import NumberKind
from bigmodel_cli.parts import part_of
from bigmodel_cli.pipeline.decoded import DecodedStore, MemoryDecoded
from bigmodel_cli.run_files import list_files
from bigmodel_cli.run_folder import FILES, OUTPUTS, RunFolder, update_record
from bigmodel_cli.signature import Signature
from bigmodel_cli.sources.base import Examples
from bigmodel_cli.sources.files import Files, FileStore
from bigmodel_cli.sources.stores import ArrayStore, CodedStore
from bigmodel_cli.tasks.classification.task import Classification
from bigmodel_cli.tasks.regression.task import Regression

COUNT = 600
READING = {OUTPUTS: Reading().as_json()}
GREY = Signature.of(ImageKind(ImageFormat((16, 16), "grayscale")), Classification(("across", "down")))
COLOUR = Signature.of(ImageKind(ImageFormat((16, 16))), Regression())
ROWS = Signature.of(ArrayKind((3,), "float32"), Regression())


def bars(count, seed):
    """A bright bar on black, across or down, at any place."""
    rng = np.random.default_rng(seed)
    pixels, labels = np.zeros((count, 16, 16, 1), np.uint8), rng.integers(0, 2, count)
    for image, label in zip(pixels, labels, strict=True):
        place = rng.integers(2, 12)
        shown = image if label else image.swapaxes(0, 1)
        shown[2:14, place : place + 2] = rng.integers(180, 255)
    return Examples.of_arrays(pixels, labels.astype(np.int64), "x")


def scenes(count, seed):
    """Smooth colour images."""
    rng = np.random.default_rng(seed)
    corners = rng.uniform(40, 220, (count, 2, 2, 3))
    steps = np.linspace(0, 1, 16)
    across = (
        corners[:, :, :1] * (1 - steps)[None, None, :, None] + corners[:, :, 1:] * steps[None, None, :, None]
    )
    whole = across[:, :1] * (1 - steps)[None, :, None, None] + across[:, 1:] * steps[None, :, None, None]
    return Examples.of_arrays(whole.astype(np.uint8), np.zeros(count, np.float32), "x")


def rows(count, seed):
    """Numbers of different scales, one of them constant."""
    rng = np.random.default_rng(seed)
    features = np.stack([rng.normal(0, 1, count), rng.uniform(500, 900, count), np.full(count, 7.0)], axis=1)
    return Examples.of_arrays(features.astype(np.float32), np.zeros(count, np.float32), "x")


def scores_of(examples):
    """A model that is nearly sure."""
    rng = np.random.default_rng(1)
    sure = rng.uniform(0.9, 0.999, len(examples.labels))
    scores = np.stack([1 - sure, sure], axis=1)
    return np.where(examples.labels[:, None] == 1, scores, scores[:, ::-1])


def known(make, signature):
    held_out = make(COUNT, 1)
    scores = scores_of(held_out) if isinstance(signature.task, Classification) else None
    return measure(make(COUNT, 0), held_out, scores, signature)


@pytest.fixture(scope="module")
def grey() -> Familiar:
    return known(bars, GREY)


@pytest.mark.parametrize(
    ("make", "signature", "most"), [(bars, GREY, 0.03), (scenes, COLOUR, 0.03), (rows, ROWS, 0.0)]
)
def test_what_is_like_the_training_examples_is_not_flagged(make, signature, most):
    new = make(1000, 2)
    scores = scores_of(new) if isinstance(signature.task, Classification) else None
    found = known(make, signature).unlike(new.store.array, scores)
    assert np.mean([bool(reasons) for reasons in found]) <= most


NOISE = np.random.default_rng(3).integers(0, 256, (16, 16, 3), np.uint8)


@pytest.mark.parametrize(
    ("image", "what", "hint"),
    [
        (255 - bars(1, 5).store.array[0], "brightness", "--invert turns bright into dark"),
        (np.full((16, 16, 1), 255, np.uint8), "border", None),
        (NOISE[..., :1], "background", None),
        (np.zeros((16, 16, 1), np.uint8), "contrast", None),
        # As bright, and on as much black, but no bar.
        (np.pad(NOISE[:5, :5, :1] // 2 + 100, ((6, 5), (6, 5), (0, 0))), "shape", None),
    ],
)
def test_images_that_are_unlike_grey_ones(grey, image, what, hint):
    (reasons,) = grey.unlike(image[None], np.array([[0.03, 0.97]]))
    found = {reason.what: reason for reason in reasons}
    assert what in found and found[what].hint == hint
    assert not found[what].low <= found[what].value <= found[what].high
    assert str(found[what]).startswith(f"{what} ")


def test_a_negative_among_drawings_may_be_that_or_no_drawing(grey):
    drawings = copy(grey.measuring)
    drawings.advice = "give one figure on an even ground"
    (reasons,) = replace(grey, measuring=drawings).unlike(
        255 - bars(1, 5).store.array, np.array([[0.03, 0.97]])
    )
    assert {reason.hint for reason in reasons} == {
        "give one figure on an even ground; --invert turns bright into dark"
    }


@pytest.mark.parametrize(
    ("image", "what"),
    [
        (NOISE, "roughness"),
        (np.full((16, 16, 3), 250, np.uint8), "brightness"),
        # As bright and as colourful as some, but not where they have contrast.
        (np.full((16, 16, 3), 120, np.uint8) + np.uint8([90, 0, 0]), "all of these together"),
        (np.broadcast_to(np.array([255, 0, 0], np.uint8), (16, 16, 3)), "colour"),
    ],
)
def test_images_that_are_unlike_smooth_ones(image, what):
    (reasons,) = known(scenes, COLOUR).unlike(image[None], None)
    assert what in {reason.what for reason in reasons}


@pytest.mark.parametrize(
    ("row", "what"),
    [
        ([0, 0.7, 7], "feature [1]"),
        ([90, 700, 7], "feature [0]"),
        ([0, 700, 8], "feature [2]"),
    ],
)
def test_a_number_that_is_far_from_those_of_training_names_its_feature(row, what):
    (reasons,) = known(rows, ROWS).unlike(np.array([row], np.float32), None)
    assert what in {reason.what for reason in reasons}
    assert {reason.hint for reason in reasons} == {"bring the numbers to the scale of the training data"}


class Sure:
    def predict(self, features):
        return np.tile(np.array([[0.03, 0.97]], np.float32), (len(features), 1))


@pytest.fixture
def opened(tmp_path) -> OpenRun:
    """A run that knows bars."""
    run = RunFolder(tmp_path / "run")
    run.path.mkdir()
    held_out = bars(COUNT, 1)
    update_record(run, {})
    keep_familiar(run, bars(COUNT, 0), held_out, scores_of(held_out), GREY)
    update_record(run, {FILES: list_files(run, [run.example_limits])})
    return OpenRun(run, {**run.read_record(), **READING}, GREY)


def test_predictions_say_it_in_json_and_csv(opened, tmp_path):
    familiar = read_familiar(opened.folder, GREY, print)
    some = bars(20, 5)
    pixels = some.store.array[some.labels == 1][:3]
    pixels[1] = 255 - pixels[1]
    np.save(tmp_path / "x.npy", pixels)
    inputs = find_inputs([str(tmp_path / "x.npy")], GREY, print)
    found = list(predict(opened, Sure(), inputs, familiar=familiar))
    assert [bool(item.unlike) for item in found] == [False, True, False]
    assert found[0].as_json(1)["unlike"] == []
    first = found[1].as_json(1)["unlike"][0]
    assert first["what"] == "brightness" and first["value"] > first["high"] and "--invert" in first["hint"]
    with csv_output(tmp_path / "x.csv", opened.predictions.columns(Reading()), says_unlike=True) as write:
        for item in found:
            write(item)
    with Path(tmp_path / "x.csv").open(newline="") as file:
        cells = [row["unlike"] for row in csv.DictReader(file)]
    assert cells[0] == cells[2] == "" and cells[1].startswith("brightness 0.")
    inverted = list(predict(opened, Sure(), inputs, familiar=familiar, invert=True))
    assert [bool(item.unlike) for item in inverted] == [True, False, True]


def test_what_is_kept_is_read_again(opened, grey):
    again, new = read_familiar(opened.folder, GREY, print), bars(200, 7)
    found = [grey.unlike(new.store.array, scores_of(new)), again.unlike(new.store.array, scores_of(new))]
    before, after = ([bool(reasons) for reasons in one] for one in found)
    assert before == after and sum(after) < 10
    assert opened.folder.example_limits.stat().st_size < 100_000


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 no archive", None])
def test_a_file_that_is_damaged_or_missing_is_no_error(opened, content):
    said = []
    if content is None:
        opened.folder.example_limits.unlink()
    else:
        opened.folder.example_limits.write_bytes(content)
    assert read_familiar(opened.folder, GREY, said.append) is None
    assert len(said) == 1 and said[0].endswith("inputs are not compared with the training examples")


def test_runs_from_before_predict_as_they_did(tmp_path):
    run = RunFolder(tmp_path)
    update_record(run, {})
    said = []
    assert read_familiar(run, GREY, said.append) is None and said == []
    np.save(tmp_path / "x.npy", bars(1, 5).store.array)
    (found,) = predict(
        OpenRun(run, READING, GREY), Sure(), find_inputs([str(tmp_path / "x.npy")], GREY, print)
    )
    assert set(found.as_json(1)) == {"input", "prediction", "probability", "top"}


@pytest.mark.parametrize("count", [1, 2, 7])
@pytest.mark.parametrize(("make", "signature"), [(bars, GREY), (scenes, COLOUR), (rows, ROWS)])
def test_few_examples_are_enough(make, signature, count):
    few = make(count, 0)
    scores = scores_of(few) if isinstance(signature.task, Classification) else None
    familiar = measure(few, few, scores, signature)
    assert not any(familiar.unlike(few.store.array, scores))
    assert familiar.arrays()


def rows_of(ages, works, days=None):
    names = tuple(dict.fromkeys(filter(None, works)))
    codes = np.array([names.index(work) if work else len(names) for work in works], np.int32)
    inputs = {"age": ArrayStore(np.array(ages, np.float32), "t"), "work": CodedStore(codes, names, "t")}
    inputs["when"] = ArrayStore(np.array(days or [[2020, 1]] * len(ages), np.float32), "t")
    return Examples(inputs, {"y": np.zeros(len(ages), np.float32)})


PEOPLE = Signature(
    {"age": NumberKind(), "work": CategoryKind(("a",)), "when": DateKind(("year", "day"))},
    {"y": Regression()},
)


def columns_of(examples):
    return {name: Held(store.array, store.names) for name, store in examples.inputs.items()}


def test_rows_are_compared_column_by_column_and_kept(tmp_path):
    run = RunFolder(tmp_path)
    train = rows_of([20, 30, 90], ["private", "public", "private"], [[2019, 3], [2020, 9], [2019, 30]])
    keep_familiar(run, train, rows_of([17], ["none"]), None, PEOPLE)
    update_record(run, {FILES: {}})
    limits = read_familiar(run, PEOPLE, pytest.fail)
    new = rows_of(
        [17, 16, np.nan, 50, 90],
        ["none", "public", "privat", None, "x"],
        [[2019, 1], [2021, 30], [2020, 3], [np.nan, np.nan], [2019, 31]],
    )
    assert [describe(reasons) for reasons in limits.unlike(columns_of(new), None)] == [
        "",
        "age 16, not 17 to 90; when (year) 2021, not 2019 to 2020",
        "work 'privat' is not known; age is missing, and never was in training",
        "work, when are missing, and never were in training",
        "work 'x' is not known; when (day) 31, not 1 to 30",
    ]
    reasons = limits.unlike(columns_of(new), None)[2]
    assert [reason.hint for reason in reasons] == [None, "did you mean work=private?"]
    assert json.loads(json.dumps([reason.as_json() for reason in reasons]))[1]["value"] == "privat"


def test_what_was_missing_in_training_may_be_missing():
    train = rows_of([20, np.nan], ["a", None], [[2020, 1], [np.nan, np.nan]])
    limits = part_of(PEOPLE.kind, Measuring).limits(train, train)
    assert limits.unlike(columns_of(train), None) == [[], []]


def test_of_files_that_are_not_kept_few_are_decoded_and_each_once(tmp_path, monkeypatch):
    paths = [tmp_path / f"{number}.png" for number in range(60)]
    for number, path in enumerate(paths):
        Image.fromarray(np.full((16, 16), number, np.uint8)).save(path)
    paths[59].write_bytes(b"no picture")
    names, ones = tuple(path.name for path in paths), np.ones(60, np.int64)
    files = Files(tmp_path, names, ones, ones, GREY.kind)
    examples = Examples.of(FileStore(files, np.arange(60)), np.arange(60))
    monkeypatch.setattr("bigmodel_cli.inference.measure._MOST_DECODED", 20)
    some = read_some(examples, GREY)
    # They are spread over all, and one that cannot be read is left out.
    assert some.indices.tolist() == np.linspace(0, 59, 20).astype(int)[:-1].tolist()
    assert (some.examples.store.array[:, 0, 0, 0] == some.indices).all()
    assert (some.examples.labels == some.indices).all() and some.examples.store.files is None
    # What is kept costs nothing.
    kept = examples.with_inputs(lambda store: DecodedStore(store, MemoryDecoded([store])))
    assert len(read_some(kept, GREY).indices) == 59
