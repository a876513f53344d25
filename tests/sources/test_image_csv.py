"""Images listed in a CSV file: columns, labels, splits, and every row that is wrong."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from bigmodel_cli.errors import DataError
from bigmodel_cli.sources.image_csv import ImageCsv


@pytest.fixture
def table(photos, load):
    """Writes a CSV beside three images and loads it: `table("image,label", "a/1.png,cat", …)`."""

    def write_and_load(*lines, encoding="utf-8", **options):
        root = photos("a/1.png", "a/2.png", "b/3, 4.png")
        path = root / "labels.csv"
        path.write_text("\n".join(lines) + "\n", encoding=encoding)
        return load("image_csv", path=path, image_size=4, **options)

    return write_and_load


@pytest.fixture
def refused(table, tmp_path):
    def load_and_catch(*lines, **options):
        with pytest.raises(DataError) as caught:
            table(*lines, **options)
        assert caught.value.exit_code == 3
        return caught.value.message.replace(str(tmp_path / "photos") + "/", "")

    return load_and_catch


ROWS = ("a/1.png,dog", "a/2.png,cat", '"b/3, 4.png",dog')


@pytest.mark.parametrize("image", ["image", "path", "file", "filename"])
@pytest.mark.parametrize("label", ["label", "class", "target"])
def test_usual_columns_are_found(table, image, label):
    source = table(f"{image},{label}", *ROWS)
    assert source.signature.class_names == ("cat", "dog")
    assert source.splits["train"].paths == ("a/1.png", "a/2.png", "b/3, 4.png")
    assert source.splits["train"].labels.tolist() == [1, 0, 1]
    assert source.splits["train"].read(2).shape == (4, 4, 3)


def test_columns_by_name_and_a_byte_order_mark(table):
    lines = ["photo,id,animal", "a/1.png,7,dog", "a/2.png,8,cat"]
    source = table(*lines, encoding="utf-8-sig", image_column="photo", label_column="animal")
    assert source.splits["train"].labels.tolist() == [1, 0]


def test_a_first_column_after_a_byte_order_mark(table):
    assert len(table("image,label", *ROWS, encoding="utf-8-sig").splits["train"]) == 3


def test_paths_are_relative_to_root(table, tmp_path):
    source = table("image,label", "1.png,x", "2.png,y", root=tmp_path / "photos" / "a")
    assert source.splits["train"].name(0) == str(tmp_path / "photos" / "a" / "1.png")


def test_paths_of_windows_and_absolute_paths(table, tmp_path):
    source = table("image,label", "a\\1.png,x", f"{tmp_path}/photos/a/2.png,y")
    assert source.splits["train"].read(0).shape == source.splits["train"].read(1).shape


def test_a_split_column(table):
    lines = ["image,label,split", "a/1.png,x,Train", "a/2.png,y,training", "a/1.png,x,val", "a/2.png,y,test"]
    splits = table(*lines, split_column="split").splits
    assert {name: len(split) for name, split in splits.items()} == {"train": 2, "validation": 1, "test": 1}


@pytest.mark.parametrize(
    ("values", "options", "class_names", "labels"),
    [
        (("3", "10"), {}, ("3", "10"), [0, 1]),
        (("007", "10"), {}, ("007", "10"), [0, 1]),
        (("1.5", "-2"), {}, None, [1.5, -2]),
        (("1", "2"), {"labels": "numbers"}, None, [1, 2]),
        (("007", "10"), {"labels": "numbers"}, None, [7, 10]),
        (("1.5", "2"), {"labels": "classes"}, ("1.5", "2"), [0, 1]),
        (("1", "0"), {"class_names": ("no", "yes")}, ("no", "yes"), [1, 0]),
        (("5", "3"), {"class_names": ("3", "5")}, ("3", "5"), [1, 0]),
        (("yes", "no"), {"class_names": ("yes", "no")}, ("yes", "no"), [0, 1]),
    ],
)
def test_kinds_of_labels(table, values, options, class_names, labels):
    source = table("image,label", f"a/1.png,{values[0]}", f"a/2.png,{values[1]}", **options)
    assert source.signature.class_names == class_names
    np.testing.assert_allclose(source.splits["train"].labels, labels)
    assert source.splits["train"].labels.dtype == (np.float32 if class_names is None else np.int64)


@pytest.mark.parametrize(
    ("lines", "options", "message"),
    [
        (
            ("picture,label", *ROWS),
            {},
            "labels.csv: no column image or path or file or filename; its columns: picture, label",
        ),
        (
            ("image,animal", *ROWS),
            {},
            "labels.csv: no column label or class or target; its columns: image, animal",
        ),
        (
            ("image,label", *ROWS),
            {"label_column": "kind"},
            "labels.csv: no column kind; its columns: image, label",
        ),
        (
            ("image,label", *ROWS),
            {"split_column": "part"},
            "labels.csv: no column part; its columns: image, label",
        ),
        (("image,label",), {}, "labels.csv: no rows below the line with the columns' names"),
        (("image,label", "a/1.png,x", "a/2.png,"), {}, "labels.csv:3: no value in column label"),
        (("image,label", "a/1.png,x", "a/2.png"), {}, "labels.csv:3: no value in column label"),
        (("image,label", "a/1.png,x", ",y"), {}, "labels.csv:3: no value in column image"),
        (
            ("image,label", "a/1.png,x", "gone.png,y", "lost.png,y"),
            {},
            "labels.csv: 2 of 3 images are missing, the first in line 3: gone.png",
        ),
        (
            ("image,label", "a/1.png,x", f"{'n' * 300}.png,y"),
            {},
            f"labels.csv:3: {'n' * 300}.png: File name too long",
        ),
        (
            ("image,label,split", "a/1.png,x,train", "a/2.png,y,later"),
            {"split_column": "split"},
            "labels.csv:3: expected train, validation or test in split, found 'later'",
        ),
        (
            ("image,label,split", "a/1.png,x,test"),
            {"split_column": "split"},
            "labels.csv: no row is in the train split",
        ),
        (
            ("image,label", "a/1.png,x", "a/2.png,y"),
            {"labels": "numbers"},
            "labels.csv: expected numbers as labels of train, found 'x'",
        ),
        (
            ("image,label", "a/1.png,1.5", "a/2.png,nan"),
            {},
            "labels.csv: 1 of 2 values of the labels of train are NaN or infinite, first at [1]",
        ),
        (
            ("image,label", *ROWS),
            {"class_names": ("cat", "cow")},
            "labels.csv: 2 labels of train are out of range: "
            "expected one of class_names (cat, cow), found 'dog' at [0]",
        ),
        (("image,label", 'a/1.png,"x" y'), {}, "labels.csv: cannot be read: ',' expected after '\"'"),
        (
            ("image,label", "labels.csv,x", "a/1.png,y"),
            {},
            "labels.csv: expected a JPEG, PNG, BMP, GIF or WebP image, found something else",
        ),
    ],
)
def test_tables_that_are_refused(refused, lines, options, message):
    assert refused(*lines, **options) == message


def test_a_table_that_is_no_utf_8(refused):
    message = refused("image,label", "a/1.png,ché", "a/2.png,x", encoding="latin-1")
    assert message == "labels.csv: not UTF-8 text (invalid continuation byte at byte 22)"


def test_no_table(tmp_path, load):
    for path, kind in ((tmp_path / "none.csv", "no such file"), (tmp_path, "a folder, not a CSV file")):
        with pytest.raises(DataError) as caught:
            load("image_csv", path=path, image_size=4)
        assert caught.value.message == f"{path}: {kind}"


def test_class_names_are_not_for_numbers():
    with pytest.raises(ValidationError, match="class_names is for classes"):
        ImageCsv(path="x.csv", image_size=4, labels="numbers", class_names=("a", "b"))
