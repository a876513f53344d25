"""Bad files where they are skipped: left out of what is loaded, counted, told of once."""

from __future__ import annotations

import numpy as np
import pytest

from bigmodel_cli.errors import DataError

EXPECTED = "expected a JPEG, PNG, BMP, GIF or WebP image, found"


@pytest.fixture
def folder(load):
    return lambda path: load("image_folder", path=path, image_size=4, skip_bad_files=True)


@pytest.fixture
def table(photos, load):
    """Writes a CSV beside images of which two are bad: `table("image,label", "a/1.png,cat", …)`."""

    def write_and_load(*lines, **options):
        root = photos("a/1.png", "a/2.png", "b/3.png", "b/4.png")
        (root / "a" / "2.png").write_bytes(b"")
        path = root / "labels.csv"
        path.write_text("\n".join(lines) + "\n")
        return load("image_csv", path=path, image_size=4, skip_bad_files=True, **options)

    return write_and_load


def test_bad_files_of_all_splits_are_left_out_with_one_warning(photos, folder, told):
    root = photos("train/a/1.png", "train/a/2.png", "train/b/3.png", "test/a/4.png", "test/b/5.png")
    bad = root / "train/a/2.png"
    bad.write_text("no image")
    photos("test/a/6.png")
    (root / "test/a/6.png").write_bytes(b"")
    source = folder(root)
    assert source.splits["train"].store.paths == ("train/a/1.png", "train/b/3.png")
    assert source.splits["test"].store.paths == ("test/a/4.png", "test/b/5.png")
    assert source.splits["train"].labels.tolist() == [0, 1]
    sizes = [(root / path).stat().st_size for path in source.splits["train"].store.paths]
    train = source.splits["train"].store
    assert train.files.sizes[train.positions].tolist() == sizes
    assert source.num_skipped == 2
    assert told.warnings == [
        f"skipped 2 of 6 files that cannot be read, the first: {bad}: {EXPECTED} something else"
    ]
    assert told.progress == [("checking images", 6, 6)]


def test_the_fingerprint_is_that_of_the_files_that_are_used(photos, folder):
    root = photos("a/1.png", "a/2.png", "b/3.png")
    (root / "a/2.png").write_text("no image")
    with_bad = folder(root).splits["train"].fingerprint()
    (root / "a/2.png").unlink()
    assert folder(root).splits["train"].fingerprint() == with_bad


def test_a_class_with_no_good_file_is_refused(photos, folder):
    root = photos("a/1.png", "a/2.png", "b/3.png", "b/4.png")
    for name in ("b/3.png", "b/4.png"):
        (root / name).write_bytes(b"")
    with pytest.raises(DataError) as caught:
        folder(root)
    first = f"{root / 'b/3.png'}: {EXPECTED} an empty file"
    assert caught.value.message == (
        f"no file of the class b in the train split can be read, the first: {first}"
    )
    assert caught.value.hint == "repair the files, or remove the class"


def test_a_held_out_split_may_lose_a_class_but_not_all(photos, folder, told):
    root = photos("train/a/1.png", "train/b/2.png", "test/a/3.png", "test/b/4.png")
    (root / "test/b/4.png").write_bytes(b"")
    assert folder(root).splits["test"].labels.tolist() == [0]
    assert told.warnings[0] == "test has no example of b that can be read"
    (root / "test/a/3.png").write_bytes(b"")
    with pytest.raises(DataError) as caught:
        folder(root)
    first = f"{root / 'test/a/3.png'}: {EXPECTED} an empty file"
    assert caught.value.message == f"none of the 2 files of the test split can be read, the first: {first}"


def test_missing_files_of_a_table_are_left_out_too(table, told, tmp_path):
    source = table("image,label", "a/1.png,cat", "a/2.png,dog", "gone.png,cat", "b/3.png,dog", "b/4.png,cat")
    train = source.splits["train"]
    assert train.store.paths == ("a/1.png", "b/3.png", "b/4.png")
    assert [source.signature.task.class_names[label] for label in train.labels] == ["cat", "dog", "cat"]
    first = f"{tmp_path / 'photos/a/2.png'}: {EXPECTED} an empty file"
    assert told.warnings == [f"skipped 2 of 5 files that cannot be read, the first: {first}"]


def test_numbers_of_a_table_need_no_class(table):
    train = table("image,label", "a/1.png,0.5", "a/2.png,1.5", "b/3.png,2.5").splits["train"]
    np.testing.assert_array_equal(train.labels, np.array([0.5, 2.5], np.float32))


def test_a_table_whose_files_are_all_missing(table, tmp_path):
    with pytest.raises(DataError) as caught:
        table("image,label", "x/1.png,cat", "x/2.png,dog")
    first = f"{tmp_path / 'photos/x/1.png'}: no such file"
    assert caught.value.message == f"none of the 2 files of the train split can be read, the first: {first}"
