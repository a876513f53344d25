"""Skipped files: left out of held-out splits, and replaced while training by what the files alone decide."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from bigmodel_cli.errors import DataError
from bigmodel_cli.kinds.image.kind import ImageFormat, ImageKind
from bigmodel_cli.pipeline.bad_files import SkippedFiles, leave_out_broken
from bigmodel_cli.pipeline.feed import Feed
from bigmodel_cli.pipeline.order import epoch_order
from bigmodel_cli.pipeline.reader import MAX_TRIED
from bigmodel_cli.pipeline.splits import Splits
from bigmodel_cli.pipeline.training_examples import raw_features
from bigmodel_cli.signature import TARGET, Signature
from bigmodel_cli.sources.base import Examples
from bigmodel_cli.sources.files import Files, FileStore
from bigmodel_cli.tasks.classification.task import Classification

pytestmark = pytest.mark.tf

SIZE = 23
BAD = [3, 4, 10]
FORMAT = ImageFormat((4, 5), "rgb")
SIGNATURE = Signature.of(ImageKind(FORMAT), Classification(("a", "b", "c")))
DAMAGED = "damaged image: image file is truncated"


@pytest.fixture
def folder(tmp_path):
    """23 image files of random pixels; three of them break off after their header."""
    pixels = np.random.default_rng(0).integers(0, 256, (SIZE, 4, 5, 3), np.uint8)
    for number, image in enumerate(pixels):
        path = tmp_path / f"{number}.png"
        Image.fromarray(image).save(path)
        if number in BAD:
            path.write_bytes(path.read_bytes()[:60])
    return tmp_path


def examples_in(folder, count):
    paths = tuple(f"{number}.png" for number in range(count))
    files = Files(folder, paths, np.ones(count, np.int64), np.ones(count, np.int64), SIGNATURE.kind)
    return Examples.of(FileStore(files, np.arange(count)), np.arange(count) % 3)


@pytest.fixture
def examples(folder):
    return examples_in(folder, SIZE)


@pytest.fixture
def feed(examples):
    """Makes a feed that skips, and gives it with the list of its warnings."""
    made = []

    def make(batch_size=8):
        told = []
        made.append(Feed(examples, batch_size, SkippedFiles(told.append)))
        return made[-1], told

    yield make
    for each in made:
        each.close()


def batches(feed, order, max_batches, start=0):
    found = {}
    while start < feed.num_batches():
        rows = feed.rows(order, start, max_batches)
        chunk = feed.chunk(rows)
        feed.ahead(order, start + len(rows), max_batches)
        for index in range(len(rows)):
            features, targets = feed.batch(chunk, index)
            found[start + index] = [features.numpy(), targets[TARGET].numpy()]
        start += len(rows)
    return found


def test_a_bad_file_stops_where_nothing_is_skipped(examples, folder):
    feed = Feed(examples, 8)
    with pytest.raises(DataError) as caught:
        batches(feed, np.arange(SIZE), 1)
    assert caught.value.message == f"{folder / '3.png'}: {DAMAGED}"
    assert caught.value.hint == "data.on_bad_file=skip leaves such files out"
    feed.close()


def test_bad_files_are_replaced_by_good_ones_with_their_labels(feed, examples):
    order = epoch_order(SIZE, seed=0, epoch=1)
    skipping, _ = feed()
    good = {examples.read(i).tobytes(): i for i in range(SIZE) if i not in BAD}
    found = batches(skipping, order, 2)
    assert [len(labels) for _, labels in found.values()] == [8, 8, 7]
    used = [good[image.tobytes()] for features, _ in found.values() for image in features]
    assert [label for _, labels in found.values() for label in labels] == [index % 3 for index in used]
    for wanted, index in zip(order.tolist(), used, strict=True):
        assert (index == wanted) is (wanted not in BAD)


@pytest.mark.parametrize("batch_size", [1, 8])
def test_a_batch_is_the_same_whatever_the_chunks_and_where_training_begins(feed, batch_size):
    order = epoch_order(SIZE, seed=0, epoch=1)
    expected = batches(feed(batch_size)[0], order, 2)
    for max_batches, start in ((1, 0), (3, 0), (2, 1), (1, 2)):
        found = batches(feed(batch_size)[0], order, max_batches, start)
        assert len(found) == len(expected) - start
        for step, (features, labels) in found.items():
            np.testing.assert_array_equal(features, expected[step][0])
            np.testing.assert_array_equal(labels, expected[step][1])


def test_a_file_that_goes_while_it_trains_is_replaced_from_then_on(feed, folder):
    skipping, told = feed()
    before = batches(skipping, np.arange(SIZE), 1)
    (folder / "0.png").unlink()
    after = batches(skipping, np.arange(SIZE), 1)
    np.testing.assert_array_equal(before[0][0][1:3], after[0][0][1:3])
    assert not np.array_equal(before[0][0][0], after[0][0][0])
    assert told[-1] == (f"skipped a training file that cannot be read: {folder / '0.png'}: no such file")


def test_each_file_is_told_of_once(feed, folder):
    skipping, told = feed()
    for epoch in (1, 2):
        batches(skipping, epoch_order(SIZE, seed=0, epoch=epoch), 2)
    assert sorted(told) == sorted(
        f"skipped a training file that cannot be read: {folder / f'{number}.png'}: {DAMAGED}"
        for number in BAD
    )
    assert set(skipping.skipped.names) == {str(folder / f"{number}.png") for number in BAD}
    skipping.skipped.close()
    assert len(told) == len(BAD)


def test_many_files_are_counted_at_the_end():
    told = []
    skipped = SkippedFiles(told.append)
    for number in (1, 2, 2, 3, 4, 5, 6, 7):
        skipped.add(f"{number}.png", DataError(f"{number}.png: no such file"))
    assert len(told) == 5
    assert told[4] == (
        "skipped a training file that cannot be read: 5.png: no such file; more of them are only counted"
    )
    skipped.close()
    assert told[5:] == ["skipped 7 training files that cannot be read"]


@pytest.mark.parametrize("count", [1, SIZE, 500])
def test_where_no_file_can_be_read_training_stops(tmp_path, count):
    feed = Feed(examples_in(tmp_path, count), 8, SkippedFiles(lambda _: None))
    with pytest.raises(DataError) as caught:
        feed.chunk(feed.rows(np.arange(count), 0, 1))
    assert caught.value.message == (
        f"none of {min(count, MAX_TRIED)} training files that were tried can be read, "
        f"the first: {tmp_path / '0.png'}: no such file"
    )
    feed.close()


def test_layers_learn_from_the_files_that_can_be_read(examples):
    told = []
    found = np.concatenate(list(raw_features(examples, 8, skipped=SkippedFiles(told.append))))
    assert (found.shape, len(told)) == ((SIZE, 4, 5, 3), len(BAD))


def test_held_out_splits_lose_their_broken_files(examples, folder):
    told, progress = [], []
    train, held_out = examples.take(np.arange(12)), examples.take(np.arange(8, SIZE))
    arrays = Examples.of_arrays(np.zeros((3, 4, 5, 3), np.uint8), np.arange(3), "test")
    splits = Splits({"train": train, "validation": held_out, "test": arrays}, {}, SIGNATURE, {"loading": 2})
    left = leave_out_broken(
        splits, ("test", "validation"), lambda *words: progress.append(words), told.append
    )
    assert left.train is train and left.test is arrays
    assert left.validation.store.paths == tuple(f"{i}.png" for i in range(8, SIZE) if i not in BAD)
    assert left.num_skipped == {"loading": 2, "validation": 1}
    assert progress == [("decoding the validation split", 15, 15)]
    assert told == [
        f"skipped 1 of 15 validation files that cannot be read, the first: {folder / '10.png'}: {DAMAGED}"
    ]
    assert left.validation.fingerprint() == examples.take(np.setdiff1d(np.arange(8, SIZE), BAD)).fingerprint()


def test_a_held_out_split_of_broken_files_is_refused(examples, folder):
    splits = Splits({"train": examples, "test": examples.take(np.array([3, 4]))}, {}, SIGNATURE)
    with pytest.raises(DataError) as caught:
        leave_out_broken(splits, ("test",), lambda *_: None, lambda _: None)
    assert caught.value.message == (
        f"none of the 2 files of the test split can be read, the first: {folder / '3.png'}: {DAMAGED}"
    )
