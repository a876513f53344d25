"""`data.cache`: where decoded examples are kept, by the room that they take and the room that there is."""

from __future__ import annotations

import numpy as np
import pytest

from bigmodel_cli.kinds.array.kind import ArrayKind
from bigmodel_cli.kinds.image.kind import ImageFormat, ImageKind
from bigmodel_cli.pipeline import cache_choice
from bigmodel_cli.pipeline.cache_choice import choose_cache, in_words
from bigmodel_cli.pipeline.decoded import DecodedStore, MemoryDecoded
from bigmodel_cli.pipeline.decoded_disk import DiskDecoded, bytes_of, path_of
from bigmodel_cli.pipeline.splits import Splits
from bigmodel_cli.signature import Signature
from bigmodel_cli.sources.base import Examples
from bigmodel_cli.tasks.classification.task import Classification
from bigmodel_cli.tasks.regression.task import Regression

SIGNATURE = Signature.of(ImageKind(ImageFormat((4, 5))), Classification(("a", "b", "c")))
SIZE = 23
# Training and validation have 19 of the 23 examples, of 60 bytes each.
IN_MEMORY = 19 * 60


@pytest.fixture
def splits(photographs):
    every = photographs(SIZE)
    parts = {"train": np.arange(15), "validation": np.arange(15, 19), "test": np.arange(19, SIZE)}
    return Splits({name: every.take(indices) for name, indices in parts.items()}, {}, SIGNATURE)


@pytest.fixture
def choose(splits):
    """Chooses with the warnings in a list beside; closes what was opened."""
    chosen, told = [], []

    def call(asked="auto", *, of=splits, epochs=2, free_memory=10**9):
        chosen.append(choose_cache(asked, of, epochs=epochs, free_memory=free_memory, warn=told.append))
        return chosen[-1], told

    yield call
    for choice in chosen:
        choice.close()


@pytest.fixture
def disk(monkeypatch, tmp_path):
    """Says how much is free on the disk."""
    monkeypatch.setenv("BIGMODEL_CACHE", str(tmp_path / "cache"))

    def has(num_bytes):
        monkeypatch.setattr(cache_choice, "free_bytes", lambda: num_bytes)

    has(10**12)
    return has


def test_auto_is_memory_up_to_an_eighth_of_what_is_free(choose, disk):
    choice, told = choose(free_memory=8 * IN_MEMORY)
    assert (choice.cache, type(choice.decoded), told) == ("memory", MemoryDecoded, [])
    assert choice.describe() == "decoded images: kept in memory (less than 1 MB)"
    assert choose(free_memory=8 * IN_MEMORY - 8)[0].cache == "disk"
    assert choose(free_memory=None)[0].cache == "disk"


def test_auto_is_memory_up_to_a_limit(choose, disk, monkeypatch):
    monkeypatch.setattr(cache_choice, "MAX_MEMORY_BYTES", IN_MEMORY)
    assert choose()[0].cache == "memory"
    monkeypatch.setattr(cache_choice, "MAX_MEMORY_BYTES", IN_MEMORY - 1)
    assert choose()[0].cache == "disk"


def test_auto_is_disk_up_to_a_quarter_of_what_is_free(choose, disk, splits, tmp_path):
    num_bytes = bytes_of(splits.train.store.files)
    disk(4 * num_bytes - 4)
    choice, told = choose(free_memory=0)
    assert (choice.cache, choice.decoded, told) == ("none", None, [])
    assert choice.describe() == (
        "decoded images: not kept (they would take less than 1 MB, and on disk they may take less than 1 MB)"
    )
    assert not (tmp_path / "cache").exists()
    disk(4 * num_bytes)
    choice, _ = choose(free_memory=0)
    assert (choice.cache, type(choice.decoded)) == ("disk", DiskDecoded)
    assert (
        choice.describe()
        == f"decoded images: kept on disk (less than 1 MB in {tmp_path / 'cache' / 'decoded'})"
    )


def test_what_is_on_the_disk_already_needs_no_room(choose, disk, splits):
    choice, _ = choose("disk")
    kept = choice.kept(splits.train)
    for index in range(len(kept)):
        kept.read(index)
    disk(0)
    assert choose(free_memory=0)[0].cache == "disk"


def test_auto_is_disk_up_to_the_limit_of_all_such_files(choose, disk, splits, monkeypatch):
    monkeypatch.setattr(cache_choice, "MAX_TOTAL_BYTES", bytes_of(splits.train.store.files) - 1)
    assert choose(free_memory=0)[0].cache == "none"
    # Who asks for it gets it.
    assert choose("disk")[0].cache == "disk"


def test_others_make_room(choose, disk, splits, monkeypatch, tmp_path):
    monkeypatch.setattr("bigmodel_cli.sources.decoded_folder.MAX_TOTAL_BYTES", 20_000)
    other = tmp_path / "cache" / "decoded" / ("0" * 64 + ".decoded")
    other.parent.mkdir(parents=True)
    other.write_bytes(bytes(16_384))
    choose("disk")
    assert [path.name for path in other.parent.iterdir()] == [path_of(splits.train.store.files).name]


def test_one_epoch_decodes_nothing_twice(choose, disk):
    choice, _ = choose(epochs=1)
    assert choice.describe() == "decoded images: not kept (in one epoch none is decoded twice)"
    assert choose("memory", epochs=1)[0].cache == "memory"


def test_what_is_asked_for(choose, disk):
    assert choose("none")[0].describe() == "decoded images: not kept (data.cache is none)"
    assert choose("memory", free_memory=IN_MEMORY)[0].cache == "memory"
    choice, told = choose("memory", free_memory=IN_MEMORY - 1)
    assert choice.cache == "none"
    assert told == [
        "data.cache: memory cannot be: they would take less than 1 MB, and less than 1 MB are free"
    ]


@pytest.mark.parametrize("asked", ["auto", "disk"])
def test_a_folder_that_cannot_be_made(choose, disk, tmp_path, asked):
    (tmp_path / "cache").write_text("a file")
    choice, told = choose(asked, free_memory=0)
    problem = f"{tmp_path / 'cache' / 'decoded'}: Not a directory"
    assert choice.describe() == f"decoded images: not kept ({problem})"
    assert told == ([f"data.cache: disk cannot be: {problem}"] if asked == "disk" else [])


def test_a_system_without_preadv(choose, disk, monkeypatch):
    monkeypatch.delattr("os.preadv")
    choice, told = choose("disk")
    assert choice.cache == "none"
    assert told[0].endswith("this system cannot read into an array")


@pytest.mark.parametrize("asked", ["auto", "disk", "memory", "none"])
def test_arrays_are_in_memory_anyway(choose, asked):
    arrays = Examples.of_arrays(np.zeros((4, 2), np.float32), np.zeros(4), "train")
    choice, told = choose(
        asked, of=Splits({"train": arrays}, {}, Signature.of(ArrayKind((2,), "float32"), Regression()))
    )
    assert (choice.cache, choice.describe(), told) == ("none", "", [])
    assert choice.kept(arrays) is arrays


def test_examples_are_kept_where_something_keeps_them(choose, disk, splits):
    assert isinstance(choose()[0].kept(splits.train).store, DecodedStore)
    assert choose("none")[0].kept(splits.train) is splits.train


@pytest.mark.parametrize(
    ("num_bytes", "words"),
    [(0, "less than 1 MB"), (10**6, "1 MB"), (301 * 10**6, "301 MB"), (3_010_000_000, "3.0 GB")],
)
def test_bytes_in_words(num_bytes, words):
    assert in_words(num_bytes) == words
