"""Made-up examples: the same for a seed, light in memory, and learnable."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from pydantic import ValidationError

from bigmodel_cli.kinds.array.kind import ArrayKind
from bigmodel_cli.kinds.image.kind import ImageFormat, ImageKind
from bigmodel_cli.sources.synthetic import Synthetic, SyntheticStore


def matrix(examples):
    """All features as rows of numbers around zero."""
    rows = np.stack([examples.read(index) for index in range(len(examples))]).reshape(len(examples), -1)
    return (rows - rows.mean()) / rows.std()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("shape", "num_classes"), [((8, 8, 1), 3), ((20,), 4), ((12, 6), 3), ((8, 8, 8, 2), 3)]
)
def test_classes_can_be_learned(load, shape, num_classes):
    from sklearn.linear_model import LogisticRegression

    train = load("synthetic", shape=shape, num_classes=num_classes, num_examples=300).splits["train"]
    features = matrix(train)
    model = LogisticRegression(max_iter=300).fit(features[:200], train.labels[:200])
    assert model.score(features[200:], train.labels[200:]) > 0.8


@pytest.mark.slow
@pytest.mark.parametrize(("shape", "num_outputs"), [((8, 8, 1), 1), ((20,), 2)])
def test_numbers_can_be_learned(load, shape, num_outputs):
    from sklearn.linear_model import LinearRegression

    options = {"num_classes": None, "num_outputs": num_outputs}
    train = load("synthetic", shape=shape, num_examples=400, **options).splits["train"]
    features = matrix(train)
    model = LinearRegression().fit(features[:300], train.labels[:300])
    assert model.score(features[300:], train.labels[300:]) > 0.6


def test_classes_are_equally_frequent(load):
    labels = load("synthetic", num_classes=7, num_examples=70).splits["train"].labels
    assert np.bincount(labels).tolist() == [10] * 7
    assert labels.tolist() != sorted(labels.tolist())


@pytest.mark.parametrize("num_classes", [3, None])
def test_a_seed_makes_the_same_examples(load, num_classes):
    options = {"shape": (6, 6, 3), "num_classes": num_classes, "num_examples": 20}
    same = [load("synthetic", seed=4, **options).splits["train"].fingerprint() for _ in range(2)]
    other = load("synthetic", seed=5, **options).splits["train"].fingerprint()
    assert same[0] == same[1] != other


def test_large_examples_are_made_when_they_are_read(load):
    tracemalloc.start()
    try:
        source = load("synthetic", shape=(224, 224, 3), num_classes=1000, num_examples=2000)
        train = source.splits["train"]
        train.read(0)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert isinstance(train.store, SyntheticStore)
    assert peak < 10e6
    np.testing.assert_array_equal(train.read(7), train.take(np.array([7])).read(0))


def test_small_examples_are_in_memory_and_the_same(load):
    small = load("synthetic", shape=(8, 8, 1), num_examples=30).splits["train"]
    assert small.store.array is not None
    assert small.name(3) == "train[3]"


@pytest.mark.parametrize(
    ("shape", "image_format"),
    [
        ((4, 5, 1), ImageFormat((4, 5), "grayscale")),
        ((4, 5, 3), ImageFormat((4, 5), "rgb")),
        ((4, 5, 4), ImageFormat((4, 5), "rgba")),
        ((4, 5, 2), None),
        ((4, 5), None),
    ],
)
def test_shapes_of_images_give_bytes(load, shape, image_format):
    source = load("synthetic", shape=shape, num_examples=3)
    assert source.signature.kind == (ImageKind(image_format) if image_format else ArrayKind(shape, "float32"))
    assert source.splits["train"].read(0).std() > 0


def test_outputs_are_for_regression():
    with pytest.raises(ValidationError, match="num_outputs is for regression: set num_classes: null"):
        Synthetic(num_outputs=2)


@pytest.mark.parametrize(
    "options", [{"shape": ()}, {"shape": (0, 3)}, {"num_classes": 1}, {"num_examples": 0}]
)
def test_options_that_make_no_data(options):
    with pytest.raises(ValidationError):
        Synthetic(**options)
