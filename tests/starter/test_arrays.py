"""`init` looks into an .npz: rows, sequences or images, classes or numbers; or it says what it cannot do."""

from __future__ import annotations

import numpy as np
import pytest
from starters import SCRATCH, made, names

from bigmodel_cli.errors import DataError
from bigmodel_cli.starter import Wishes, make_starter

RNG = np.random.default_rng(0)
Y = np.arange(60) % 3


def pixels(*shape, dtype=np.uint8, high=256):
    array = RNG.integers(0, high, (60, *shape)).astype(dtype)
    array.flat[0] = high - 1
    return array


@pytest.mark.parametrize(
    ("x", "preprocessing", "first"),
    [
        (pixels(28, 28), ["Reshape", "Rescaling"], "Conv2D"),
        (pixels(32, 32, 3), ["Rescaling"], "Conv2D"),
        (pixels(16, 20, 1) / 255, [], "Conv2D"),
        (pixels(20, 16) / 255.0, ["Reshape"], "Conv2D"),
        (pixels(3, 24, 24), ["Permute", "Rescaling"], "Conv2D"),
        (pixels(16, 16, 5, dtype=np.float32) - 100, ["Normalization"], "Conv2D"),
        (pixels(784), ["Reshape", "Rescaling"], "Conv2D"),
        (pixels(784) * 1.0, ["Normalization"], "Dense"),
        (RNG.random((60, 4)), ["Normalization"], "Dense"),
        (pixels(9, dtype=np.int64, high=40), ["Normalization"], "Dense"),
        (RNG.standard_normal((60, 100, 6)), ["Normalization"], "Conv1D"),
        (RNG.random((60, 200, 9)), ["Normalization"], "Conv1D"),
    ],
)
def test_what_examples_are(arrays, x, preprocessing, first):
    found = made(arrays(x=x, y=Y))
    assert names(found.preprocessing) == preprocessing
    assert found.model[0].name == first


@pytest.mark.parametrize(
    ("y", "kind", "last"),
    [
        (Y, "classes", "Dense"),
        (Y.astype(float), "classes", "Dense"),
        (Y % 2 == 0, "classes", "Dense"),
        (np.array(["a", "b", "c"])[Y], "classes", "Dense"),
        (np.eye(3)[Y], "classes", "Dense"),
        (Y[:, None], "classes", "Dense"),
        (RNG.random(60), "numbers", "Rescaling"),
        (18 + np.arange(60), "numbers", "Rescaling"),
        (-Y, "numbers", "Rescaling"),
        (RNG.random((60, 2)) * [1, 1e6], "numbers", "Normalization"),
        (RNG.integers(0, 2, (60, 4)), "numbers", "Dense"),
    ],
)
def test_what_labels_are(arrays, y, kind, last):
    found = made(arrays(x=RNG.random((60, 4)), y=y))
    assert found.data.source.options.labels == kind
    assert found.model[-1].name == last
    assert ("num_classes" in str(found.model[-1].arguments.get("units"))) == (kind == "classes")


@pytest.mark.parametrize(
    "named",
    [
        ("X_train", "y_train", "X_test", "y_test"),
        ("images", "labels"),
        ("train_images", "train_labels", "test_images", "test_labels"),
        ("data", "target"),
        ("spectra", "disease"),
    ],
)
def test_arrays_by_their_names(arrays, named):
    x = RNG.random((60, 4))
    source = made(arrays(**{name: (x, Y)[number % 2] for number, name in enumerate(named)})).data.source
    assert source.options.features_array in named[0] and source.options.labels_array in named[1]


@pytest.mark.parametrize(
    ("named", "says"),
    [
        ({"x": pixels(4)}, "no labels among x (60, 4); an array that is its own target"),
        ({"x": pixels(8, 8), "y": None}, "the labels are the features"),
        ({"x": pixels(4), "y": Y, "sex": Y}, "several inputs or outputs cannot be trained on yet"),
        ({"a": pixels(4), "b": Y, "c": Y}, "which arrays are features and labels?"),
        ({"x": pixels(4), "y": Y[:9]}, "60 examples but 9 labels"),
        ({"x": Y, "y": Y}, "features of train of shape (60,)"),
        ({"x": np.full((60, 2), np.nan), "y": Y}, "NaN or infinite"),
        ({"x": np.zeros((60, 2, 3, 4, 5)), "y": Y}, "rows of numbers, sequences and images"),
    ],
)
def test_what_cannot_be_done_is_said(arrays, named, says):
    named = {name: array if array is not None else named["x"] for name, array in named.items()}
    with pytest.raises(DataError) as caught:
        make_starter(arrays(**named), SCRATCH)
    assert says in caught.value.message


@pytest.mark.parametrize(
    ("shape", "count", "labels", "is_told"),
    [
        ((4,), 150, np.arange(150) % 3, True),
        ((16, 3), 300, np.arange(300) % 2, True),
        ((4,), 20_000, np.arange(20_000) % 3, False),
        ((4,), 150, np.linspace(0, 1, 150), False),
    ],
)
def test_few_held_out_classes_are_told_apart_by_the_loss(tmp_path, shape, count, labels, is_told):
    """Of 15 examples all are right after a few epochs, of which `auto` would take the first."""
    path = tmp_path / "a.npz"
    np.savez(path, x=np.random.default_rng(0).normal(size=(count, *shape)).astype("float32"), y=labels)
    assert ("  checkpoint: {monitor: val_loss}" in make_starter(path).text) is is_told


RATINGS = 3 + np.arange(60) % 6


@pytest.mark.parametrize(
    ("y", "wanted", "kind", "decided"),
    [
        (RATINGS.astype(np.float32), None, "classes", "6 whole numbers from 3 to 8: taken for classes"),
        (RATINGS, None, "classes", "6 whole numbers from 3 to 8: taken for classes"),
        (Y.astype(float), None, "classes", "3 whole numbers from 0 to 2: taken for classes"),
        (18 + np.arange(60), None, "numbers", "60 whole numbers from 18 to 77: taken for numbers"),
        (Y, None, "classes", None),
        (RNG.random(60), None, "numbers", None),
        (np.array(["a", "b", "c"])[Y], None, "classes", None),
        (RATINGS.astype(np.float32), "numbers", "numbers", None),
        (18 + np.arange(60), "classes", "classes", None),
        (np.eye(3)[Y], "numbers", "numbers", None),
    ],
)
def test_what_could_be_otherwise_is_said_and_can_be_asked_for(arrays, y, wanted, kind, decided):
    path = arrays(x=RNG.random((60, 4)), y=y)
    starter = make_starter(path, Wishes(labels=wanted))
    assert f"labels: {kind}" in starter.text
    told = [sentence for sentence in starter.decisions if sentence.startswith("The labels are ")]
    other = {"classes": "numbers", "numbers": "classes"}[kind]
    assert told == (
        [f"The labels are {decided}; init --labels {other} takes them for {other}."] if decided else []
    )


@pytest.mark.parametrize(
    ("y", "wanted", "says"),
    [
        (np.array(["a", "b", "c"])[Y], "numbers", "the labels are texts"),
        (RNG.random((60, 2)), "classes", "2 numbers as a label, which are no classes"),
        (RNG.integers(0, 2, (60, 4)), "classes", "which are no classes"),
    ],
)
def test_labels_that_are_not_what_is_asked_for(arrays, y, wanted, says):
    with pytest.raises(DataError, match=says):
        make_starter(arrays(x=RNG.random((60, 4)), y=y), Wishes(labels=wanted))
