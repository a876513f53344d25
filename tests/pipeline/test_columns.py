"""Examples of several columns: one order and one stand-in for all; of one, what it has always been."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import numpy as np
import pytest

from bigmodel_cli.errors import DataError
from bigmodel_cli.known_items import rows_of
from bigmodel_cli.pipeline.bad_files import SkippedFiles
from bigmodel_cli.pipeline.feed import Feed, in_order
from bigmodel_cli.sources.base import Examples
from bigmodel_cli.sources.stores import ArrayStore, Store

SIZE = 23


class Numbered(Store):
    """Each value is the number of its example in the whole data set; some cannot be read."""

    shape = (2,)
    dtype = np.dtype(np.int64)

    def __init__(self, positions: np.ndarray, bad: tuple[int, ...] = ()) -> None:
        self.positions = positions
        self.bad = bad

    def __len__(self) -> int:
        return len(self.positions)

    def take(self, indices: np.ndarray) -> Numbered:
        return Numbered(self.positions[indices], self.bad)

    def read_into(self, index: int, out: np.ndarray) -> None:
        out[...] = self.positions[index]
        if self.positions[index] in self.bad:
            raise DataError(f"{self.name(index)}: damaged")

    def name(self, index: int) -> str:
        return f"{self.positions[index]}.bin"

    def add_to(self, digest) -> None:
        digest.update(self.positions.tobytes())


def examples(*, left: tuple[int, ...] = (), right: tuple[int, ...] = ()) -> Examples:
    """Two columns that are read, one in memory, and two targets; all are the number of the example."""
    numbers = np.arange(SIZE)
    inputs = {
        "left": Numbered(numbers, left),
        "age": ArrayStore(numbers.astype(np.float32), "train"),
        "right": Numbered(numbers, right),
    }
    return Examples(inputs, {"number": numbers, "half": numbers / 2})


def columns_of(feed: Feed, chunks) -> dict[str, np.ndarray]:
    """What the graph gets, by column, all batches one after the other."""
    found: dict[str, list[np.ndarray]] = {}
    for chunk in chunks:
        for index in range(len(chunk["sizes"])):
            inputs, targets = feed.batch(chunk, index)
            assert list(inputs) == ["left", "age", "right"]
            for name, column in {**inputs, **targets}.items():
                found.setdefault(name, []).append(column.numpy().reshape(len(column), -1)[:, 0])
    feed.close()
    return {name: np.concatenate(parts) for name, parts in found.items()}


@pytest.mark.tf
@pytest.mark.parametrize("rows", [np.arange(SIZE), np.arange(SIZE)[::-2]], ids=["all", "some, turned"])
def test_all_columns_have_one_order(rows):
    feed = Feed(examples().take(rows), 4)
    found = columns_of(feed, in_order(feed))
    for name in ("left", "age", "right", "number"):
        np.testing.assert_array_equal(found[name], rows)
    np.testing.assert_array_equal(found["half"], rows / 2)


@pytest.mark.tf
@pytest.mark.parametrize(
    ("left", "right"), [((3, 9), ()), ((), (3, 9)), ((3,), (9,)), ((3, 9), (3,))], ids=str
)
def test_a_stand_in_is_one_for_all_columns(left, right):
    told: list[str] = []
    feed = Feed(examples(left=left, right=right), 4, SkippedFiles(told.append))
    found = columns_of(feed, in_order(feed))
    assert len(told) == 2 and "3.bin: damaged" in told[0]
    instead = found["number"]
    assert np.flatnonzero(instead != np.arange(SIZE)).tolist() == [3, 9]
    for name in ("left", "age", "right"):
        np.testing.assert_array_equal(found[name], instead)
    np.testing.assert_array_equal(found["half"], instead / 2)


@pytest.mark.tf
def test_what_stands_in_from_the_beginning_does_so_in_all_columns():
    feed = Feed(examples(), 4)
    feed.stand_ins = np.where(np.arange(SIZE) == 5, 11, np.arange(SIZE))
    feed.ahead(np.arange(SIZE), 0, 2)
    found = columns_of(feed, in_order(feed))
    for name in ("left", "age", "right", "number"):
        np.testing.assert_array_equal(found[name], feed.stand_ins)


@pytest.mark.tf
def test_two_columns_that_are_read_share_the_bytes_of_a_chunk():
    feed = Feed(examples(), 4)
    assert feed.reader is not None and feed.reader.example_bytes == 2 * 16
    feed.close()


@pytest.mark.parametrize("labels", [np.arange(5), np.linspace(0, 1, 10, dtype=np.float32).reshape(5, 2)])
def test_the_fingerprint_of_one_input_and_one_target_has_no_names(labels):
    """Runs from before there were several are known again by it."""
    features = np.arange(10, dtype=np.float32).reshape(5, 2)
    digest = hashlib.sha256()
    for array in (features, labels):
        digest.update(f"{array.dtype} {array.shape}".encode() + array.tobytes())
    whole = Examples.of_arrays(features, labels, "train")
    assert whole.fingerprint() == digest.hexdigest()
    # How an array lies in memory is not seen.
    assert Examples.of_arrays(np.asfortranarray(features), labels, "x").fingerprint() == digest.hexdigest()
    assert Examples({"x": whole.store}, {"y": labels}).fingerprint() == digest.hexdigest()


def test_what_scores_compare_with_counts_as_its_text():
    """Runs that find items are known again by it: each row as NumPy writes it."""
    times = np.array([1365029107.0, 0.1, 1e16, -1e-7, np.nan])
    rows = rows_of(np.arange(5), np.array([3, -1, 0, 2, 9]), times)
    found = Examples.of_arrays(np.zeros((5, 2)), np.arange(5), "train")
    digest = hashlib.sha256()
    found.store.add_to(digest)
    digest.update(f"{np.arange(5).dtype} (5,)".encode() + np.arange(5).tobytes())
    digest.update("\n".join(str(row) for row in rows).encode())
    assert replace(found, sought={"item": rows}).fingerprint() == digest.hexdigest()


def test_of_several_columns_names_count_too():
    one, other = ArrayStore(np.zeros((3, 2)), "train"), ArrayStore(np.ones((3, 2)), "train")
    labels = np.arange(3)
    found = [
        Examples({"a": one, "b": other}, {"y": labels}).fingerprint(),
        Examples({"b": one, "a": other}, {"y": labels}).fingerprint(),
        Examples({"a": one, "b": other}, {"z": labels}).fingerprint(),
        Examples({"a": one}, {"y": labels, "z": labels}).fingerprint(),
        Examples({"a": one}, {"y": labels}).fingerprint(),
    ]
    assert len(set(found)) == len(found)
    # An order of columns is nothing that examples have.
    assert Examples({"a": other, "b": one}, {"y": labels}).fingerprint() == found[1]


def test_what_is_for_one_column_fails_for_several():
    with pytest.raises(ValueError, match="too many values"):
        _ = examples().store
    with pytest.raises(ValueError, match="too many values"):
        _ = examples().labels


def test_an_example_is_read_whole():
    read = examples().read(7)
    assert [int(np.ravel(value)[0]) for value in read.values()] == [7, 7, 7]
    assert examples().name(7) == "7.bin"
    assert Examples({"a": ArrayStore(np.arange(3), "train")}, {"y": np.arange(3)}).read(2) == 2
