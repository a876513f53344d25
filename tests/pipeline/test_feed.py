"""Feeds: every example once per epoch, the same batches from memory and from files, whatever the chunks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bigmodel_cli.errors import DataError
from bigmodel_cli.kinds.image.kind import ImageFormat, ImageKind
from bigmodel_cli.pipeline.feed import Feed, in_order
from bigmodel_cli.pipeline.order import epoch_order
from bigmodel_cli.pipeline.training_examples import raw_features
from bigmodel_cli.signature import TARGET
from bigmodel_cli.sources.base import Examples
from bigmodel_cli.sources.files import Files, FileStore

pytestmark = pytest.mark.tf

FORMAT = ImageFormat((4, 5), "rgb")
# Around multiples of a batch size of 8, and less than one batch.
SIZES = [1, 7, 8, 9, 15, 16, 17, 23]


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    """23 image files of random pixels; the label of each is its number modulo 3."""
    folder = tmp_path_factory.mktemp("images")
    pixels = np.random.default_rng(0).integers(0, 256, (23, 4, 5, 3), np.uint8)
    for number, image in enumerate(pixels):
        Image.fromarray(image).save(folder / f"{number}.png")
    return folder, pixels


def examples_of(files: Files) -> Examples:
    return Examples.of(FileStore(files, np.arange(len(files))), np.arange(len(files)) % 3)


def file_examples(folder: Path, size: int, image_format: ImageFormat = FORMAT) -> Examples:
    paths = tuple(f"{number}.png" for number in range(size))
    ones = np.ones(size, np.int64)
    return examples_of(Files(folder, paths, ones, ones, ImageKind(image_format)))


def array_examples(pixels: np.ndarray, size: int) -> Examples:
    return Examples.of_arrays(np.resize(pixels, (size, *pixels.shape[1:])), np.arange(size) % 3, "train")


@pytest.fixture
def feed(images):
    """Makes a feed that is closed at the end."""
    made = []

    def make(kind, size, batch_size=8):
        folder, pixels = images
        examples = file_examples(folder, size) if kind == "files" else array_examples(pixels, size)
        made.append(Feed(examples, batch_size))
        return made[-1]

    yield make
    for each in made:
        each.close()


def batches(feed, order, max_batches):
    """All batches of an epoch, as the training loop asks for them."""
    start, found = 0, []
    while start < feed.num_batches():
        rows = feed.rows(order, start, max_batches)
        chunk = feed.chunk(rows)
        feed.ahead(order, start + len(rows), max_batches)
        found += [feed.batch(chunk, index) for index in range(len(rows))]
        start += len(rows)
    return [(features.numpy(), targets[TARGET].numpy()) for features, targets in found]


def test_what_is_in_memory_is_not_read(feed):
    assert feed("files", 3).reader is not None
    assert feed("arrays", 3).reader is None


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", ["files", "arrays"])
def test_every_example_once_with_its_label(feed, images, kind, size):
    order = epoch_order(size, seed=1, epoch=2)
    found = batches(feed(kind, size), order, 2)
    assert [len(labels) for _, labels in found] == [8] * (size // 8) + [size % 8] * (size % 8 > 0)
    np.testing.assert_array_equal(np.concatenate([labels for _, labels in found]), order % 3)
    np.testing.assert_array_equal(np.concatenate([features for features, _ in found]), images[1][order])


@pytest.mark.parametrize("kind", ["files", "arrays"])
@pytest.mark.parametrize("max_batches", [1, 2, 3, 100])
def test_chunks_change_no_batch(feed, kind, max_batches):
    order = epoch_order(23, seed=0, epoch=1)
    expected = batches(feed("arrays", 23), order, 2)
    for found, wanted in zip(batches(feed(kind, 23), order, max_batches), expected, strict=True):
        for one, other in zip(found, wanted, strict=True):
            assert one.dtype == other.dtype
            np.testing.assert_array_equal(one, other)


def test_what_is_prepared_ahead_is_used_and_not_kept(feed):
    files = feed("files", 23)
    order = epoch_order(23, seed=0, epoch=1)
    files.ahead(order, 0, 1)
    assert files.reader.pending.tolist() == order[: 2 * files.batch_size].tolist()
    batches(files, order, 1)
    assert not len(files.reader.pending)


def test_evaluation_takes_more_at_once_while_it_is_quick(feed, monkeypatch):
    now = [0.0]
    monkeypatch.setattr("time.perf_counter", lambda: now[0])
    sizes = []
    for chunk in in_order(feed("arrays", 23 * 8)):
        sizes.append(len(chunk["sizes"]))
        # From the third chunk on, each takes too long to grow further.
        now[0] += 0.1 if len(sizes) < 3 else 1.0
    assert sizes[:5] == [1, 2, 4, 4, 4]


def test_a_chunk_of_large_images_stays_within_its_bytes(images):
    folder, _ = images
    feed = Feed(file_examples(folder, 23, ImageFormat((1000, 1000))), 8)
    assert feed.max_batches() == 2
    feed.close()


@pytest.mark.parametrize("kind", ["files", "arrays"])
def test_in_order_for_evaluation(feed, images, kind):
    asked = feed(kind, 23)
    labels = [
        asked.batch(chunk, index)[1][TARGET].numpy()
        for chunk in in_order(asked)
        for index in range(len(chunk["sizes"]))
    ]
    np.testing.assert_array_equal(np.concatenate(labels), np.arange(23) % 3)


@pytest.mark.parametrize("kind", ["files", "arrays"])
def test_raw_features_are_what_the_source_has(images, kind):
    folder, pixels = images
    examples = file_examples(folder, 23) if kind == "files" else array_examples(pixels, 23)
    found = list(raw_features(examples, batch_size=8))
    np.testing.assert_array_equal(np.concatenate(found), pixels)


def test_a_file_that_went_missing_is_named(tmp_path):
    feed = Feed(file_examples(tmp_path, 1), 1)
    with pytest.raises(DataError, match=r"0\.png: no such file"):
        feed.chunk(np.array([[0]]))
    feed.close()


def test_numbers_as_labels_are_float32():
    examples = Examples.of_arrays(np.zeros((4, 2), np.float32), np.linspace(0, 1, 4), "train")
    feed = Feed(examples, 4)
    (chunk,) = in_order(feed)
    _, targets = feed.batch(chunk, 0)
    labels = targets[TARGET]
    assert labels.dtype == "float32"
    np.testing.assert_allclose(labels, [0, 1 / 3, 2 / 3, 1], rtol=1e-6)
