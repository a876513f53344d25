"""Predictions stream: few inputs at a time, in order, whatever cannot be read; inputs are found in order."""

from __future__ import annotations

import csv
import os
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bigmodel_cli.config.reading import Reading
from bigmodel_cli.errors import DataError, ResourceError, UsageError
from bigmodel_cli.inference.inputs import Inputs, batch_size_for, find_inputs
from bigmodel_cli.inference.opened import OpenRun
from bigmodel_cli.inference.predict import csv_output, predict
from bigmodel_cli.kinds.array.kind import ArrayKind
from bigmodel_cli.kinds.image.kind import ImageFormat, ImageKind
from bigmodel_cli.kinds.inputs import Input
from bigmodel_cli.run_folder import OUTPUTS, RunFolder
from bigmodel_cli.signature import Signature
from bigmodel_cli.tasks.classification.task import Classification
from bigmodel_cli.tasks.regression.task import Regression

IMAGES = Signature.of(ImageKind(ImageFormat((4, 4), "grayscale")), Classification(("dark", "bright")))
OPENED = OpenRun(RunFolder(Path("run")), {OUTPUTS: Reading().as_json()}, IMAGES)


class Brightness:
    """An engine that needs no model: how bright an image is, and how dark."""

    def __init__(self):
        self.batches = []

    def predict(self, features):
        self.batches.append(len(features))
        bright = features.reshape(len(features), -1).mean(axis=1, keepdims=True) / 255
        return np.concatenate([1 - bright, bright], axis=1).astype(np.float32)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """200 small images, each of one grey, in a folder of the current one."""
    monkeypatch.chdir(tmp_path)
    Path("images").mkdir()
    for number in range(200):
        Image.fromarray(np.full((4, 4), number, np.uint8)).save(f"images/{number:03d}.png")
    return Path("images")


@pytest.mark.parametrize(
    ("shape", "dtype", "size"),
    [
        ((28, 28, 1), "uint8", 64),
        ((4,), "float32", 64),
        ((224, 224, 3), "uint8", 6),
        ((224, 224, 3), "float32", 1),
        ((4000, 3000, 3), "uint8", 1),
    ],
)
def test_large_examples_make_small_batches(shape, dtype, size):
    assert batch_size_for(Signature.of(ArrayKind(shape, dtype), Regression())) == size


def test_order_and_scores_over_many_batches_with_bad_files_between(folder):
    for number in (0, 63, 64, 199):
        (folder / f"{number:03d}.png").write_bytes(b"no image")
    engine = Brightness()
    found = list(predict(OPENED, engine, find_inputs(["images"], IMAGES, print)))
    assert [item.input.name for item in found] == [f"images/{number:03d}.png" for number in range(200)]
    assert engine.batches == [62, 63, 64, 7]
    for number, item in enumerate(found):
        if number in (0, 63, 64, 199):
            assert item.answer is None
            assert item.error.startswith(f"images/{number:03d}.png: expected a JPEG, PNG")
            continue
        share = pytest.approx(number / 255, abs=1e-6)
        assert dict(item.answer.top(2))["bright"] == share and item.error is None
        assert item.answer.top(1)[0][0] == ("bright" if number > 127 else "dark")


def test_a_batch_without_a_readable_file(tmp_path):
    inputs = [tmp_path / "a.png", tmp_path / "b.png"]
    for path in inputs:
        path.write_bytes(b"")
    engine = Brightness()
    found = list(predict(OPENED, engine, find_inputs(map(str, inputs), IMAGES, print)))
    assert [item.error is None for item in found] == [False, False] and engine.batches == []


def test_no_more_than_a_few_batches_are_read_ahead():
    drawn = []

    class Drawn:
        def __len__(self):
            return 10_000

        def __iter__(self):
            for number in range(10_000):
                drawn.append(number)
                yield Input(f"x[{number}]", np.full(IMAGES.kind.shape, number % 256, np.uint8))

    predictions = predict(OPENED, Brightness(), Inputs([Drawn()]))
    looked_at = 64
    for number, _ in enumerate(predictions):
        ahead = len(drawn) - looked_at - number
        assert ahead <= 3 * 64, number
    assert (number, len(drawn)) == (9_999, 10_000 + looked_at)


@pytest.mark.parametrize(("side", "readers"), [(4, 1), (200, 3)])
def test_large_files_are_decoded_by_all_cores(tmp_path, monkeypatch, side, readers):
    monkeypatch.setattr(os, "cpu_count", lambda: 3)
    pixels = np.random.default_rng(0).integers(0, 256, (side, side), np.uint8)
    for number in range(12):
        Image.fromarray(pixels).save(tmp_path / f"{number}.png")
    everybody_waits, names = threading.Barrier(readers), set()
    read = Input.read

    def noting(self, *arguments, **options):
        if threading.current_thread().name not in names:
            names.add(threading.current_thread().name)
            everybody_waits.wait(20)
        return read(self, *arguments, **options)

    monkeypatch.setattr(Input, "read", noting)
    engine = Brightness()
    assert len(list(predict(OPENED, engine, find_inputs([str(tmp_path)], IMAGES, print)))) == 12
    assert len(names) == readers
    assert engine.batches == [12 // readers] * readers


def test_who_stops_early_leaves_no_thread_and_reads_no_more(folder, monkeypatch):
    asked = []
    read = Input.read
    noting = lambda self, *a, **k: asked.append(self.name) or read(self, *a, **k)  # noqa: E731
    monkeypatch.setattr(Input, "read", noting)
    predictions = predict(OPENED, Brightness(), find_inputs(["images"] * 50, IMAGES, print))
    next(predictions)
    predictions.close()
    assert len(asked) <= 3 * 64
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("read")]


def test_paths_come_in_their_order_and_links_in_circles_are_not_followed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = ["b.png", "a/z.png", "a/b/c.JPG", "a-b/c.png", "a.png", "B.png", "a b/é.webp", "c/d/e/f.gif"]
    for name in [*names, "a/notes.txt", "a/none"]:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_bytes(b"")
    Path("a/b/round.png").symlink_to(tmp_path, target_is_directory=True)
    Path("c/gone.png").symlink_to("nowhere")
    Path("c/link.png").symlink_to(tmp_path / "b.png")
    Path("d.png").mkdir()
    expected = [str(path) for path in sorted(map(Path, [*names, "c/gone.png", "c/link.png"]))]
    for word in (".", str(tmp_path)):
        found = [item.name for item in find_inputs([word], IMAGES, print)]
        assert found == [str(Path(word, name)) for name in expected]


def test_a_folder_without_images_among_other_words(folder):
    Path("empty").mkdir()
    with pytest.raises(UsageError, match="empty: no image in this folder"):
        find_inputs(["images", "empty"], IMAGES, print)


def test_rows_of_arrays_are_no_copies(tmp_path):
    pixels = np.zeros((300, *IMAGES.kind.shape), np.uint8)
    np.save(tmp_path / "x.npy", pixels)
    first, *_, last = rows = list(find_inputs([str(tmp_path / "x.npy")], IMAGES, print))
    assert first.features.base is not None and np.shares_memory(first.features.base, last.features.base)
    assert len(rows) == 300 and last.name == f"{tmp_path / 'x.npy'}[299]"


def test_the_csv_of_a_block_that_fails_is_not_there(tmp_path):
    path = tmp_path / "scores.csv"
    prediction = next(
        predict(OPENED, Brightness(), Inputs([[Input("x", np.zeros(IMAGES.kind.shape, np.uint8))]]))
    )
    with csv_output(path, OPENED.predictions.columns(Reading())) as write:
        write(prediction)
        assert not path.exists()
    with path.open(newline="") as file:
        (row,) = csv.DictReader(file)
    expected = {
        "input": "x",
        "prediction": "dark",
        "probability": "1",
        "score_dark": "1",
        "score_bright": "0",
    }
    assert row == {**expected, "error": ""}
    before = path.read_bytes()
    with pytest.raises(BrokenPipeError), csv_output(path, ["prediction"]) as write:
        write(prediction)
        raise BrokenPipeError
    assert path.read_bytes() == before and [item.name for item in tmp_path.iterdir()] == ["scores.csv"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_csv_that_finds_no_room():
    says = "/dev/full: cannot be written: No space left on device"
    with pytest.raises(ResourceError, match=says), csv_output(Path("/dev/full"), ["prediction"]):
        pass


NUMBERS = OpenRun(
    RunFolder(Path("run")),
    {OUTPUTS: Reading().as_json()},
    Signature.of(ArrayKind((4,)), Regression()),
)


class Sum:
    """An engine whose output is no number where the sum is none."""

    def predict(self, features):
        with np.errstate(over="ignore"):
            return features.sum(axis=1, keepdims=True)


@pytest.mark.parametrize(
    ("row", "dtype", "said"),
    [
        ([1, 2, np.nan, 4], np.float32, "1 value is NaN or infinite, at [2]"),
        ([np.inf, 2, -np.inf, 4], np.float64, "2 values are NaN or infinite, first at [0]"),
        # The model takes float32, where this is infinite.
        ([1, 2, 3, 1e300], np.float64, "1 value is NaN or infinite, at [3]"),
        ([1, np.nan, 3, 4], np.float16, "1 value is NaN or infinite, at [1]"),
        ([3e38, 3e38, 3e38, 3e38], np.float32, "the model's output is NaN or infinite"),
    ],
)
def test_a_row_that_is_no_number_is_an_error_of_its_own(tmp_path, row, dtype, said):
    path = tmp_path / "x.npy"
    np.save(path, np.array([[1, 2, 3, 4], row, [5, 6, 7, 8]], dtype))
    found = list(predict(NUMBERS, Sum(), find_inputs([str(path)], NUMBERS.signature, print)))
    assert [item.error for item in found] == [None, f"{path}[1]: {said}", None]
    assert [found[0].answer.values.item(), found[1].answer, found[2].answer.values.item()] == [10, None, 26]
    assert found[1].as_json(3) == {"input": f"{path}[1]", "error": f"{path}[1]: {said}"}


def test_a_row_of_an_image_model_that_is_no_number(tmp_path):
    array = np.full((3, 4, 4, 1), 200, np.float64)
    array[1, 2, 3] = np.nan
    np.save(tmp_path / "x.npy", array)
    found = list(predict(OPENED, Brightness(), find_inputs([str(tmp_path / "x.npy")], IMAGES, print)))
    assert [item.error is None for item in found] == [True, False, True]
    assert found[1].error.endswith("x.npy[1]: 1 value is NaN or infinite, at [2, 3, 0]")
    assert found[2].answer.top(1)[0][0] == "bright"


HINGE = OpenRun(
    RunFolder(Path("run")),
    {OUTPUTS: Reading(are_probabilities=False, threshold=0.0).as_json()},
    Signature.of(ArrayKind((1,), "float32"), Classification(("dark", "bright"))),
)


class Doubled:
    def predict(self, features):
        return 2 * features


def test_scores_that_are_no_probabilities_are_no_percentages(tmp_path):
    inputs = [Input(f"a[{number}]", np.float32([value])) for number, value in enumerate((0.988, -1, 0.1))]
    found = list(predict(HINGE, Doubled(), inputs))
    assert [item.answer.top(1)[0][0] for item in found] == ["bright", "dark", "bright"]
    assert found[0].answer.line(1) == "bright 1.976"
    document = found[0].as_json(2)
    assert document["score"] == pytest.approx(1.976) and "probability" not in document
    assert [set(item) for item in document["top"]] == [{"class", "score"}] * 2
    path = tmp_path / "p.csv"
    with csv_output(path, HINGE.predictions.columns(Reading(are_probabilities=False))) as write:
        for item in found:
            write(item)
    assert path.read_text().splitlines()[:2] == [
        "input,prediction,score,score_dark,score_bright,error",
        "a[0],bright,1.976,-1.976,1.976,",
    ]


class Choosy:
    """Computes what is not negative."""

    def predict(self, features):
        if (features < 0).any():
            raise DataError("the model cannot compute it: out of bounds")
        return features


def test_what_a_model_cannot_compute_is_an_error_of_that_row():
    inputs = [Input(f"a[{number}]", np.float32([value])) for number, value in enumerate((1, -1, 2, -3))]
    found = list(predict(HINGE, Choosy(), inputs))
    refused = "the model cannot compute it: out of bounds"
    assert [item.error for item in found] == [None, f"a[1]: {refused}", None, f"a[3]: {refused}"]
    assert [None if item.answer is None else item.answer.values[1] for item in found] == [1, None, 2, None]


THREE_NUMBERS = Signature.of(ArrayKind((3,), "float32"), Regression())


@pytest.mark.parametrize(
    ("trained_with", "arrays", "taken"),
    [
        ("x", "x y", "x"),
        ("x", "X Y", "X"),
        ("x", "x_train y_train x_test y_test", "x_test"),
        ("x", "x_train y_train test_x test_y", "test_x"),
        ("x", "features labels", "features"),
        ("x", "anything", "anything"),
        ("X", "X Y", "X"),
        ("X", "x y", "x"),
        ("pixels", "x pixels labels", "pixels"),
        ("pixels", "PIXELS labels", "PIXELS"),
        ("pixels", "pixels_train pixels_test labels_train labels_test", "pixels_test"),
        ("pixels", "x y", "x"),
        ("pixels", "other labels", None),
        ("x", "x_train y_train", None),
    ],
)
def test_an_array_is_found_by_the_name_that_the_run_was_trained_with(tmp_path, trained_with, arrays, taken):
    path = tmp_path / "data.npz"
    values = {name: np.full((2, 3), number, np.float32) for number, name in enumerate(arrays.split())}
    np.savez(path, **values)
    if taken is None:
        with pytest.raises(DataError) as caught:
            find_inputs([str(path)], THREE_NUMBERS, print, lambda: trained_with)
        assert caught.value.message == (
            f"{path}: expected an array named {trained_with}; found {', '.join(values)}"
        )
        return
    found = list(find_inputs([str(path)], THREE_NUMBERS, print, lambda: trained_with))
    assert [item.features.tolist() for item in found] == values[taken].tolist()


def test_every_source_says_how_arrays_like_its_data_are_called():
    from bigmodel_cli.sources import source_options

    npz = source_options()["npz"]
    assert npz(path="a.npz").examples_array == "x"
    assert npz(path="a.npz", features_array="pixels").examples_array == "pixels"
    assert source_options()["mnist"]().examples_array == "x"
