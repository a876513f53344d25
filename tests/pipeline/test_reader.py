"""The reader: what was asked for in that order, whatever was foreseen, straight into aligned arrays."""

from __future__ import annotations

import numpy as np
import pytest

from bigmodel_cli.errors import DataError
from bigmodel_cli.pipeline.reader import ALIGNMENT, Reader
from bigmodel_cli.signature import INPUT

SIZE = 23


@pytest.fixture
def reader(photographs):
    """Makes readers that are closed at the end; with the pixels that they should give."""
    made = []

    def make(*, bad=(), skips=False):
        examples = photographs(SIZE, bad=bad)
        made.append(Reader(examples.inputs, skips=skips))
        good = [np.zeros((4, 5, 3)) if index in bad else examples.read(index) for index in range(SIZE)]
        examples.store.counts.clear()
        return made[-1], np.stack(good)

    yield make
    for each in made:
        each.close()


def split(order, *sizes):
    return np.split(order, np.cumsum(sizes))[: len(sizes)]


ORDER = np.random.default_rng(1).permutation(SIZE)


@pytest.mark.parametrize(
    ("foreseen", "asked"),
    [
        ((8, 8), (8, 8)),
        ((8, 8), (3, 3, 2, 8)),
        ((4, 4), (8, 8, 7)),
        ((8, 4), (5, 18)),
        ((23,), (1, 22)),
        ((), (23,)),
    ],
    ids=["exactly", "less", "more", "across", "one, then all", "nothing"],
)
def test_what_is_asked_for_comes_whatever_was_foreseen(reader, foreseen, asked):
    read_by, pixels = reader()
    read_by.ahead(split(ORDER, *foreseen))
    for indices in split(ORDER, *asked):
        found = read_by.take(indices)
        np.testing.assert_array_equal(found.columns[INPUT], pixels[indices])
        np.testing.assert_array_equal(found.indices, indices)
        assert found.columns[INPUT].dtype == np.uint8 and not found.problems
    assert set(read_by.stores[INPUT].counts.values()) == {1}, "an example was read twice"


def test_what_was_foreseen_is_given_without_a_copy_and_aligned(reader):
    read_by, _ = reader()
    read_by.ahead(split(ORDER, 7, 9))
    arrays = [piece.columns[INPUT] for piece in read_by._pending]
    for array, indices in zip(arrays, split(ORDER, 7, 9), strict=True):
        found = read_by.take(indices).columns[INPUT]
        assert found is array
        assert found.ctypes.data % ALIGNMENT == 0
    assert read_by.take(ORDER[16:]).columns[INPUT].ctypes.data % ALIGNMENT == 0


def test_foreseeing_more_reads_only_what_is_new(reader):
    read_by, _ = reader()
    read_by.ahead(split(ORDER, 8, 8))
    read_by.take(ORDER[:8])
    read_by.ahead([ORDER[8:16], ORDER[16:]])
    assert read_by.pending.tolist() == ORDER[8:].tolist()
    read_by.ahead([ORDER[8:16]])
    assert read_by.pending.tolist() == ORDER[8:].tolist()
    read_by.take(ORDER[8:])
    assert set(read_by.stores[INPUT].counts.values()) == {1}


def test_another_order_than_foreseen_is_read_anew(reader):
    read_by, pixels = reader()
    read_by.ahead(split(ORDER, 8, 8))
    other = ORDER[::-1]
    np.testing.assert_array_equal(read_by.take(other[:5]).columns[INPUT], pixels[other[:5]])
    assert not len(read_by.pending)
    read_by.ahead(split(ORDER, 8))
    read_by.ahead([other[5:10]])
    assert read_by.pending.tolist() == other[5:10].tolist()
    np.testing.assert_array_equal(read_by.take(other[5:10]).columns[INPUT], pixels[other[5:10]])


def test_the_first_bad_one_in_the_order_is_named(reader):
    read_by, _ = reader(bad=(2, 5, 20))
    with pytest.raises(DataError) as caught:
        read_by.take(np.array([0, 1, 20, 3, 5, 2]))
    assert caught.value.message.endswith("20.png: damaged image: image file is truncated")
    assert caught.value.hint == "data.on_bad_file=skip leaves such files out"


def test_stand_ins_are_told_with_what_they_stand_in_for(reader):
    read_by, pixels = reader(bad=(2, 5), skips=True)
    found = read_by.take(np.arange(SIZE))
    assert list(found.problems) == [2, 5]
    np.testing.assert_array_equal(found.columns[INPUT], pixels[found.indices])
    assert np.flatnonzero(found.indices != np.arange(SIZE)).tolist() == [2, 5]
    # 0.618 of 23 examples further, as in every run.
    assert found.indices[[2, 5]].tolist() == [16, 19]


def test_closing_leaves_no_thread(reader):
    read_by, _ = reader()
    read_by.ahead(split(ORDER, 8, 8))
    read_by.close()
    assert not any(thread.is_alive() for thread in read_by._threads._threads)
