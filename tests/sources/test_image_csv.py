"""Images listed in a CSV file: columns, labels, splits, and every row that is wrong."""

from __future__ import annotations

import gzip
import unicodedata

import numpy as np
import pytest
from pydantic import ValidationError

from bigmodel_cli.errors import DataError
from bigmodel_cli.sources.image_csv import IMAGE_COLUMNS, LABEL_COLUMNS, ImageCsv
from bigmodel_cli.tasks.classification.task import Classification
from bigmodel_cli.tasks.regression.task import Regression

# With pyarrow and without, a listing is the same.
pytestmark = pytest.mark.usefixtures("engine")


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
    assert source.signature.task.class_names == ("cat", "dog")
    assert source.splits["train"].store.paths == ("a/1.png", "a/2.png", "b/3, 4.png")
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
    assert source.signature.task == (Classification(class_names) if class_names else Regression())
    np.testing.assert_allclose(source.splits["train"].labels, labels)
    assert source.splits["train"].labels.dtype == (np.float32 if class_names is None else np.int64)


@pytest.mark.parametrize(
    ("lines", "options", "message"),
    [
        (
            ("picture,label", *ROWS),
            {},
            f"labels.csv: no column {' or '.join(IMAGE_COLUMNS)}; its columns: picture, label",
        ),
        (
            ("image,animal", *ROWS),
            {},
            f"labels.csv: no column {' or '.join(LABEL_COLUMNS)}; its columns: image, animal",
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
        (
            ("image,label", "a/1.png,x", "a/2.png"),
            {},
            "labels.csv:3: expected 2 cells (image, label), found 1: 'a/2.png'",
        ),
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
            "labels.csv:2: expected a number as label, found 'x' (2 of 2 labels are none)",
        ),
        (
            ("image,label", "a/1.png,1.5", "a/2.png,nan"),
            {},
            "labels.csv:3: expected a number as label, found 'nan' (1 of 2 labels are none)",
        ),
        (
            ("image,label", *ROWS),
            {"class_names": ("cat", "cow")},
            "labels.csv: 2 labels of train are out of range: "
            "expected one of class_names (cat, cow), found 'dog' at [0]",
        ),
        (
            ("image,label", 'a/1.png,"x" y'),
            {},
            "labels.csv:2: a quote that is closed before its cell ends, or is not closed: "
            "',' or the end of the line expected after '\"'",
        ),
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
    assert message == "labels.csv:2: not UTF-8 text: byte 0xe9"


def test_no_table(tmp_path, load):
    for path, kind in ((tmp_path / "none.csv", "no such file"), (tmp_path, "a folder, not a CSV file")):
        with pytest.raises(DataError) as caught:
            load("image_csv", path=path, image_size=4)
        assert caught.value.message == f"{path}: {kind}"


def test_class_names_are_not_for_numbers():
    with pytest.raises(ValidationError, match="class_names is for classes"):
        ImageCsv(path="x.csv", image_size=4, labels="numbers", class_names=("a", "b"))


@pytest.mark.parametrize(
    "lines",
    [
        ("image,label", "a/1.png,dog", "a/2.png,cat"),
        ("image;label", "a/1.png;dog", "a/2.png;cat"),
        ("image\tlabel", "a/1.png\tdog", "a/2.png\tcat"),
        ("Image,LABEL", "a/1.png,dog", "a/2.png,cat"),
        (" image , label ", " a/1.png , dog", "a/2.png,cat "),
        ("image,label\r", "a/1.png,dog\r", "a/2.png,cat\r"),
        ("image,label\ra/1.png,dog\ra/2.png,cat",),
        ("image,label", "", '"a/1.png","dog"', "", "a/2.png,cat", ""),
        (",image,label", "0,a/1.png,dog", "1,a/2.png,cat"),
        ("image,label,note", 'a/1.png,dog,"two\nlines, and ""more"""', "a/2.png,cat,"),
        ("image;label", 'a/1.png;"dog"', 'a/2.png;"cat"'),
    ],
)
def test_tables_of_many_programs(table, told, lines):
    train = table(*lines).splits["train"]
    assert train.store.paths == ("a/1.png", "a/2.png") and train.labels.tolist() == [1, 0]
    assert told.warnings == []


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "utf-8-sig"])
def test_what_marks_its_encoding_is_read(table, encoding):
    assert table("image,label", "a/1.png,é", "a/2.png,Ł", encoding=encoding).signature.task.class_names == (
        "é",
        "Ł",
    )


@pytest.mark.slow
@pytest.mark.parametrize("between", [";", "\t", "|"])
def test_what_stands_in_all_cells_of_a_column_separates_none(table, between):
    rows = [f"a/1.png,x{between}y{between}z", f"a/2.png,z{between}y{between}x"] * 300
    assert [len(name) for name in table("image,label", *rows).signature.task.class_names] == [5, 5]


def test_a_compressed_listing(photos, load):
    path = photos("a/1.png", "a/2.png") / "labels.csv.gz"
    path.write_bytes(gzip.compress(b"image;label\na/1.png;x\na/2.png;y\n", mtime=0))
    assert load("image_csv", path=path, image_size=4).splits["train"].labels.tolist() == [0, 1]


@pytest.mark.parametrize(
    ("row", "hint"),
    [
        (b'a/1.png,"x" y', 'a quote that belongs to a cell is written twice, in quotes: "5"" wide"'),
        (b'"a/1.png,x', 'a quote that belongs to a cell is written twice, in quotes: "5"" wide"'),
        (b"a/1.png,\xe9", "save it as UTF-8"),
        (b"a/1.png,x, y", 'commas in a cell stand in quotes: "a, b"'),
        (b"# the rest", None),
        (b'a/1.png,"x\na/2.png,y"', "remove the quote, or close it where its cell ends"),
    ],
)
def test_no_hint_names_an_option_that_there_is_not(photos, load, row, hint):
    path = photos("a/1.png", "a/2.png") / "labels.csv"
    path.write_bytes(b"image,label\na/1.png,x\n" + row + b"\n")
    with pytest.raises(DataError, match=r"labels\.csv:3") as caught:
        load("image_csv", path=path, image_size=4)
    assert caught.value.hint == hint


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (
            ("image,label", "a/1.png,3", "a/1.png,3,5"),
            "labels.csv:3: expected 2 cells (image, label), found 3: 'a/1.png,3,5'",
        ),
        (
            ("image,label", "a/1.png,a, big", "a/2.png,b"),
            "labels.csv:2: expected 2 cells (image, label), found 3: 'a/1.png,a, big'",
        ),
        (
            ("image,label", "a/1.png,a,", "a/2.png,b"),
            "labels.csv:2: expected 2 cells (image, label), found 3: 'a/1.png,a,'",
        ),
        (
            ("image,label,size", "a/1.png,a,4", "", "a/2.png,b"),
            "labels.csv:4: expected 3 cells (image, label, size), found 2: 'a/2.png,b'",
        ),
        (
            ("image;label", "a/1.png;a;b", "a/2.png;b"),
            "labels.csv:2: expected 2 cells (image, label), found 3: 'a/1.png;a;b'",
        ),
        (
            ("image,label,label", "a/1.png,a,b"),
            "labels.csv:1: the column label is there 2 times (cells 2, 3)",
        ),
        (
            ("image, image ,label", "a/1.png,a,b"),
            "labels.csv:1: the column image is there 2 times (cells 1, 2)",
        ),
        (("id,id,image,label", "1,2,a/1.png,b"), "labels.csv:1: the column id is there 2 times (cells 1, 2)"),
        # A stray quote that swallows rows.
        (
            ("image,label", '"a/1.png,cat', "a/2.png,dog", "a/1.png,dog"),
            "labels.csv:2: a quote that begins here is not closed",
        ),
        (
            ("image,label", "a/1.png,cat", '"a/1.png,cat', '"a/2.png,dog'),
            "labels.csv:3: a quote that is closed before its cell ends, or is not closed: "
            "',' or the end of the line expected after '\"'",
        ),
        (
            ("image,label", 'a/1.png,"cat', "a/2.png,dog", 'a/1.png,dog"', "a/2.png,dog"),
            "labels.csv:2: a quote that begins here holds 2 lines that look like rows",
        ),
        (
            ("image,label,note", 'a/1.png,cat,"', "a/2.png,dog,", 'a/1.png,dog,"', "a/2.png,dog,x"),
            "labels.csv:2: a quote that begins here holds 2 lines that look like rows",
        ),
        (
            ("image,label", 'a/1.png,"big', 'cat"', "a/2.png,dog"),
            "labels.csv:2: label goes over several lines: 'big\\ncat'",
        ),
        (("a/1.png,cat", "a/2.png,dog"), None),
    ],
)
def test_rows_that_are_not_as_the_columns_say(refused, lines, message):
    expected = message or (f"labels.csv: no column {' or '.join(IMAGE_COLUMNS)}; its columns: a/1.png, cat")
    assert refused(*lines) == expected


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "labels.csv: an empty file"),
        (b"\n\n", "labels.csv: an empty file"),
        (b"PK\x03\x04\x14\0", "labels.csv: an Excel file or another archive, not a table"),
        (b"\xef\xbb\xbf", "labels.csv: an empty file"),
        (
            "image,label\na/1.png,x\na/2.png,ü\n".encode("latin-1"),
            "labels.csv:3: not UTF-8 text: byte 0xfc",
        ),
        (b"PAR1\x15\x04\x15", "labels.csv: expected a CSV file, found parquet"),
        (
            gzip.compress(b"image,label\na/1.png,x\n" * 99, mtime=0)[:-9],
            "labels.csv: cut off: what is compressed in it has no end",
        ),
        (b"image,label\na/1.png,\x00\n", None),
    ],
)
def test_files_that_are_no_table(photos, load, content, message):
    path = photos("a/1.png") / "labels.csv"
    path.write_bytes(content)
    with pytest.raises(DataError) as caught:
        load("image_csv", path=path, image_size=4)
    assert caught.value.message.startswith(str(path))
    assert message is None or caught.value.message.removeprefix(f"{path.parent}/") == message


@pytest.mark.parametrize(
    "values",
    [
        ("1_0", "2_1"), ("1E1", "2E5"), ("1e1", "2"), ("１２", "１３"), ("0x10", "0x11"), ("1.5.2", "2"),
        ("1,5x", "2"), ("-", "+"), ("1-2", "2-3"), ("²", "³"), ("1 000", "2 000"), ("0b1", "0b10"),
        ("007", "1.5"), ("½", "1"), ("1e", "e1"), ("1j", "2j"), ("٣", "٤"),
        ("9223372036854775807123", "2"), ("1E1", "007"),
    ],
)  # fmt: skip
def test_labels_that_only_look_like_numbers_are_names(table, values):
    source = table("image,label", f'a/1.png,"{values[0]}"', f'a/2.png,"{values[1]}"')
    assert set(source.signature.task.class_names) == set(values)
    assert source.splits["train"].labels.dtype == np.int64


@pytest.mark.parametrize(
    "values", [("1.0E1", "2"), ("1e+01", "2"), ("+1.5", "-2"), (".5", "1."), ("1E-5", "2.5"), ("1E5", "2.5")]
)
def test_labels_that_are_numbers(table, values):
    source = table("image,label", f"a/1.png,{values[0]}", f"a/2.png,{values[1]}")
    assert isinstance(source.signature.task, Regression)
    np.testing.assert_allclose(source.splits["train"].labels, [float(value) for value in values])


@pytest.mark.parametrize(
    ("values", "options", "message"),
    [
        (("1", "nan"), {}, "labels.csv:3: expected a number as label, found 'nan' (1 of 2 labels are none)"),
        (
            ("-Infinity", "2.5"),
            {},
            "labels.csv:2: expected a number as label, found '-Infinity' (1 of 2 labels are none)",
        ),
        (
            ("1_0", "2"),
            {"labels": "numbers"},
            "labels.csv:2: expected a number as label, found '1_0' (1 of 2 labels are none)",
        ),
        (
            ("1", "１２"),
            {"labels": "numbers"},
            "labels.csv:3: expected a number as label, found '１２' (1 of 2 labels are none)",
        ),
        (
            ("1,5", "2"),
            {},
            "labels.csv:2: the label '1,5' has a comma where numbers have a point (1 of 2 labels have)",
        ),
    ],
)
def test_labels_among_numbers_that_are_none(refused, values, options, message):
    assert refused("image,label", f'a/1.png,"{values[0]}"', f'a/2.png,"{values[1]}"', **options) == message


def test_a_name_among_numbers_is_said(table, told, tmp_path):
    source = table("image,label", "a/1.png,1.5", "a/2.png,2.5", '"b/3, 4.png",unknown')
    assert source.signature.task.class_names == ("1.5", "2.5", "unknown")
    assert told.warnings == [
        f"{tmp_path}/photos/labels.csv:4: all labels are taken for names of classes, since 'unknown' is no "
        "number (1 of 3 labels are none); set labels: numbers to have such rows refused"
    ]


def test_images_that_are_listed_again_are_said(table, told, tmp_path):
    table(
        "image,label,split",
        "a/1.png,x,train",
        "a/2.png,y,train",
        "a/1.png,x,train",
        "a/1.png,y,test",
        split_column="split",
    )
    assert told.warnings[0] == (
        f"{tmp_path}/photos/labels.csv: 2 rows list an image that is there before, "
        "1 of them with different labels, 1 of them in different splits, for example a/1.png in lines 2 and 5"
    )


def test_a_column_of_splits_that_is_not_used_is_said(table, told, tmp_path):
    table("image,label,Split", "a/1.png,x,Train", "a/2.png,y,TEST")
    assert told.warnings == [
        f"{tmp_path}/photos/labels.csv: the column Split names splits and is not used; "
        "set split_column: Split"
    ]


@pytest.mark.parametrize(
    ("lines", "options"),
    [
        (("image,label", "a/1.png,x", "a/2.png,x"), {}),
        (("image,label,split", "a/1.png,x,test", "a/2.png,y,test"), {"split_column": "split"}),
        (("image,label,split", "a/1.png,x,train", "a/2.png,y,test"), {"split_column": "split"}),
    ],
)
def test_what_training_demands_is_not_demanded_of_evaluation(photos, told, lines, options):
    path = photos("a/1.png", "a/2.png") / "labels.csv"
    path.write_text("\n".join(lines))
    source = ImageCsv(path=path, image_size=4, **options)
    found = source.load(told.context(for_evaluation=True))
    assert sum(map(len, found.splits.values())) == 2
    with pytest.raises(DataError):
        source.load(told.context())


@pytest.mark.parametrize("of_file", ["NFC", "NFD"])
@pytest.mark.parametrize("of_table", ["NFC", "NFD"])
def test_names_of_files_in_another_form_of_unicode(photos, load, of_file, of_table):
    name = "café/Ångström.png"
    root = photos(unicodedata.normalize(of_file, name), "2.png")
    path = root / "labels.csv"
    path.write_text(f"image,label\n{unicodedata.normalize(of_table, name)},x\n2.png,y\n", "utf-8")
    assert load("image_csv", path=path, image_size=4).splits["train"].read(0).shape == (4, 4, 3)
