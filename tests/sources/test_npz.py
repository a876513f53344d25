"""`.npz` files: which arrays are taken for what, and every way in which they can be wrong."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from bigmodel_cli.errors import DataError
from bigmodel_cli.kinds.array.kind import ArrayKind
from bigmodel_cli.kinds.image.kind import ImageFormat, ImageKind
from bigmodel_cli.sources.npz import Npz
from bigmodel_cli.tasks.regression.task import Regression

X = np.arange(24.0).reshape(6, 4)
Y = np.array([0, 1, 2, 0, 1, 2])


@pytest.fixture
def npz(tmp_path, load):
    """Writes arrays and loads them: `npz({"x": …}, labels="numbers")`."""

    def write_and_load(arrays, **options):
        np.savez(tmp_path / "data.npz", **arrays)
        return load("npz", path=tmp_path / "data.npz", **options)

    return write_and_load


@pytest.fixture
def refused(npz, tmp_path):
    """The message of the DataError for arrays, without the file's name."""

    def load_and_catch(arrays, **options):
        with pytest.raises(DataError) as caught:
            npz(arrays, **options)
        assert caught.value.exit_code == 3
        return caught.value.message.removeprefix(f"{tmp_path / 'data.npz'}: ")

    return load_and_catch


def test_x_and_y(npz):
    source = npz({"x": X, "y": Y})
    assert list(source.splits) == ["train"]
    assert source.signature.kind.shape == (4,)
    assert source.signature.kind.dtype == "float32"
    assert source.signature.task.class_names == ("0", "1", "2")
    np.testing.assert_array_equal(source.splits["train"].store.array, X.astype(np.float32))


@pytest.mark.parametrize("validation", ["val", "validation", "valid"])
def test_split_arrays(npz, validation):
    source = npz(
        {
            "x_train": X,
            "y_train": Y,
            f"x_{validation}": X[:3],
            f"y_{validation}": Y[:3],
            "x_test": X[3:],
            "y_test": Y[3:],
        }
    )
    assert {name: len(split) for name, split in source.splits.items()} == {
        "train": 6,
        "validation": 3,
        "test": 3,
    }
    assert source.splits["test"].name(1) == "test[1]"


def test_arrays_by_other_names(npz):
    arrays = {"train_images": X, "train_labels": Y, "test_images": X[:3], "test_labels": Y[:3]}
    source = npz(arrays, features_array="images", labels_array="labels")
    assert list(source.splits) == ["train", "test"]


def test_test_arrays_beside_plain_ones(refused):
    message = refused({"x": X, "y": Y, "x_test": X, "y_test": Y})
    assert message == "no array x_train, y_train; it has x, x_test, y, y_test"


@pytest.mark.parametrize(
    ("dtype", "kept"),
    [
        ("float64", "float32"),
        ("float16", "float32"),
        ("uint8", "uint8"),
        ("int64", "int64"),
        ("bool", "uint8"),
    ],
)
def test_features_stay_compact(npz, dtype, kept):
    source = npz({"x": X.astype(dtype), "y": Y})
    assert (source.signature.kind.dtype, source.splits["train"].store.array.dtype) == (kept, kept)


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((5, 7), ImageFormat((5, 7), "grayscale", channel_axis=False)),
        ((5, 7, 1), ImageFormat((5, 7), "grayscale")),
        ((5, 7, 3), ImageFormat((5, 7), "rgb")),
        ((5, 7, 4), ImageFormat((5, 7), "rgba")),
        ((5, 7, 2), None),
        ((5,), None),
    ],
)
def test_bytes_that_look_like_images_have_an_image_format(npz, shape, expected):
    kind = npz({"x": np.zeros((6, *shape), np.uint8), "y": Y}).signature.kind
    assert kind == (ArrayKind(shape, "uint8") if expected is None else ImageKind(expected))
    assert isinstance(npz({"x": np.zeros((6, *shape), np.float32), "y": Y}).signature.kind, ArrayKind)


@pytest.mark.parametrize(
    ("labels", "class_names", "indices"),
    [
        (np.array(["b", "a", "c", "b", "a", "c"]), ("a", "b", "c"), [1, 0, 2, 1, 0, 2]),
        (np.array([b"b", b"a", b"a", b"b", b"b", b"b"]), ("a", "b"), [1, 0, 0, 1, 1, 1]),
        (np.array([3, 10, 5, 3, 10, 5]), ("3", "5", "10"), [0, 2, 1, 0, 2, 1]),
        (np.array([True, False, True, True, False, False]), ("0", "1"), [1, 0, 1, 1, 0, 0]),
        (Y[:, None], ("0", "1", "2"), Y),
        (np.eye(4)[Y], ("0", "1", "2", "3"), Y),
        (np.eye(4, dtype=bool)[Y], ("0", "1", "2", "3"), Y),
    ],
)
def test_labels_that_are_classes(npz, labels, class_names, indices):
    source = npz({"x": X, "y": labels})
    assert source.signature.task.class_names == class_names
    np.testing.assert_array_equal(source.splits["train"].labels, indices)


def test_whole_floats_are_classes_where_the_config_says_so(npz):
    assert isinstance(npz({"x": X, "y": Y.astype(float)}).signature.task, Regression)
    source = npz({"x": X, "y": Y.astype(float)}, labels="classes")
    assert source.signature.task.class_names == ("0", "1", "2")


@pytest.mark.parametrize(
    ("labels", "options", "target_shape"),
    [
        (Y + 0.5, {}, ()),
        ((Y + 0.5)[:, None], {}, ()),
        (np.stack([Y, Y], axis=1) + 0.5, {}, (2,)),
        (Y, {"labels": "numbers"}, ()),
        (np.eye(3)[Y], {"labels": "numbers"}, (3,)),
    ],
)
def test_labels_that_are_numbers(npz, labels, options, target_shape):
    source = npz({"x": X, "y": labels}, **options)
    assert isinstance(source.signature.task, Regression)
    assert source.signature.task.target_shape == target_shape
    np.testing.assert_allclose(source.splits["train"].labels.ravel(), labels.ravel().astype(np.float32))


def test_class_names_name_indices_and_strings_alike(npz):
    names = ("zebra", "ant", "bee")
    for labels in (Y, np.array(names)[Y]):
        source = npz({"x": X, "y": labels}, class_names=names)
        assert source.signature.task.class_names == names
        np.testing.assert_array_equal(source.splits["train"].labels, Y)


def test_class_names_are_not_for_numbers():
    with pytest.raises(
        ValidationError, match="class_names is for classes: remove it, or set labels: classes"
    ):
        Npz(path="x.npz", labels="numbers", class_names=("a", "b"))


def test_a_class_that_a_held_out_split_lacks_is_told(npz, told):
    npz({"x_train": X, "y_train": Y, "x_test": X[:2], "y_test": Y[:2]})
    assert len(told.warnings) == 1
    assert told.warnings[0].endswith("data.npz: test has no example of 2")


def test_many_integers_are_taken_for_classes_with_a_warning(npz, told):
    arrays = {"x": np.zeros((60, 2)), "y": np.arange(60)}
    npz(arrays)
    assert len(told.warnings) == 1
    assert (
        "60 different labels in 60 examples were taken for classes; set labels: numbers" in told.warnings[0]
    )
    told.warnings.clear()
    npz(arrays, labels="classes")
    assert told.warnings == []


@pytest.mark.parametrize(
    ("arrays", "options", "message"),
    [
        ({"a": X}, {}, "no array x, y; it has a"),
        ({"x": X}, {}, "no array y; it has x"),
        ({"x": X, "y": Y}, {"features_array": "images"}, "no array images; it has x, y"),
        ({"x_train": X, "y_train": Y, "x_test": X}, {}, "no array y_test; it has x_test, x_train, y_train"),
        ({"x": X, "y": Y[:5]}, {}, "x has 6 examples, but y has shape (5,)"),
        ({"x": X, "y": np.array(1)}, {}, "x has 6 examples, but y has shape ()"),
        ({"x": X[:0], "y": Y[:0]}, {}, "expected x of shape (examples, …), found (0, 4)"),
        ({"x": X[:, 0], "y": Y}, {}, "expected x of shape (examples, …), found (6,)"),
        ({"x": np.array(["a"] * 6), "y": Y}, {}, "expected numbers in x, found <U1"),
        (
            {"x": np.where(X == 9, np.nan, X), "y": Y},
            {},
            "1 of 24 values of x are NaN or infinite, first at [2, 1]",
        ),
        (
            {"x": np.where(X > 21, 1e300, X), "y": Y},
            {},
            "2 of 24 values of x are NaN or infinite, first at [5, 2]",
        ),
        (
            {"x": X, "y": np.where(Y == 1, np.nan, Y)},
            {},
            "2 of 6 values of the labels of train are NaN or infinite, first at [1]",
        ),
        (
            {"x": X, "y": np.where(Y == 1, np.inf, Y)},
            {"labels": "classes"},
            "2 of 6 values of the labels of train are NaN or infinite, first at [1]",
        ),
        ({"x": X, "y": Y + 0.5}, {"labels": "classes"}, "label 0.5 of train[0] is no class index"),
        ({"x": X, "y": Y - 1}, {}, "negative class index -1 in train, first at [0]"),
        (
            {"x": X, "y": Y},
            {"class_names": ("a", "b")},
            "2 labels of train are out of range: expected 0 to 1, found 2 at [2]",
        ),
        (
            {"x": X, "y": np.array(["a", "b", "c"])[Y]},
            {"class_names": ("a", "b")},
            "2 labels of train are out of range: expected one of class_names (a, b), found 'c' at [2]",
        ),
        (
            {"x": X, "y": np.array(["a"] * 6)},
            {"labels": "numbers"},
            "expected numbers as labels of train, found 'a'",
        ),
        ({"x": X, "y": Y * 0}, {}, "only one class (0); a classifier needs at least two"),
        (
            {"x": X, "y": np.stack([Y, Y], axis=1)},
            {"labels": "classes"},
            "expected one class per example in train, found labels of shape (6, 2)",
        ),
        (
            {"x_train": X, "y_train": Y % 2, "x_test": X, "y_test": Y},
            {},
            "test has classes that train has not: 2",
        ),
        (
            {"x_train": X, "y_train": Y, "x_test": X[:, :3], "y_test": Y},
            {},
            "examples in x_test are float32 (3,), but in x_train float32 (4,)",
        ),
        (
            {"x_train": X, "y_train": Y, "x_test": X.astype(np.uint8), "y_test": Y},
            {},
            "examples in x_test are uint8 (4,), but in x_train float32 (4,)",
        ),
        (
            {"x_train": X, "y_train": np.eye(3)[Y], "x_test": X, "y_test": np.eye(4)[Y]},
            {},
            "labels in y_test have shape (4,), but in y_train (3,)",
        ),
        (
            {"x": X, "y": np.array(["a", None] * 3, dtype=object)},
            {},
            "array y holds pickled Python objects, which are never loaded (they can run code)",
        ),
        (
            {"x": X, "y": np.zeros(6, "datetime64[s]")},
            {},
            "expected integers or strings as labels of train, found datetime64[s]",
        ),
    ],
)
def test_arrays_that_are_refused(refused, arrays, options, message):
    assert refused(arrays, **options) == message


def test_no_file(tmp_path, load):
    for path, kind in ((tmp_path / "none.npz", "no such file"), (tmp_path, "a folder, not an .npz file")):
        with pytest.raises(DataError) as caught:
            load("npz", path=path)
        assert caught.value.message == f"{path}: {kind}"


def test_a_file_that_is_no_npz(tmp_path, load):
    path = tmp_path / "x.npz"
    with path.open("wb") as stream:
        np.save(stream, X)
    with pytest.raises(DataError) as caught:
        load("npz", path=path)
    assert caught.value.message == f"{path}: not an .npz file (an archive of arrays)"
    assert caught.value.hint.startswith("write one with numpy.savez_compressed")


STORED = [">i2", ">i8", "<u4", ">u2", ">f4", ">f8", "<f2", ">f2", "g", "?", "i1", "u8"]


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("stored", STORED)
def test_how_numbers_are_stored_is_not_seen(npz, stored, order):
    values = (np.arange(24).reshape(6, 2, 2) % 2).astype(stored)
    native = values.astype(values.dtype.newbyteorder("="))
    one = npz({"x": np.array(values, order=order), "y": Y.astype(">i4")})
    other = npz({"x": native, "y": Y})
    train = one.splits["train"]
    assert one.signature == other.signature
    assert one.signature.kind.dtype == {"f": "float32", "b": "uint8"}.get(
        native.dtype.kind, native.dtype.name
    )
    assert train.store.array.dtype.isnative and train.store.array.flags.c_contiguous
    assert train.fingerprint() == other.splits["train"].fingerprint()


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        (np.array(["b", "a"] * 3, ">U4"), ("a", "b")),
        (np.array([b"b", b"a"] * 3), ("a", "b")),
        (np.array([True, False] * 3), ("0", "1")),
        (np.array([1, 0] * 3, ">u2"), ("0", "1")),
        (np.eye(2)[[1, 0] * 3].astype(">f4"), ("0", "1")),
        (np.array([[1], [0]] * 3, ">i4"), ("0", "1")),
        (np.asfortranarray(np.eye(2, dtype=np.int8)[[1, 0] * 3]), ("0", "1")),
    ],
)
def test_how_labels_are_stored_is_not_seen(npz, labels, names):
    source = npz({"x": X, "y": labels})
    assert source.signature.task.class_names == names
    assert (
        source.splits["train"].labels.tolist() == [1, 0] * 3
        and source.splits["train"].labels.dtype == "int64"
    )


@pytest.mark.parametrize(
    ("features", "message"),
    [
        (np.array([[1j, 2]] * 6), "expected numbers in x, found complex128"),
        (np.array([("a", "b")] * 6), "expected numbers in x, found <U1"),
        (
            np.zeros((6, 1), [("a", "<i4"), ("b", ">f4")]),
            "expected numbers in x, found [('a', '<i4'), ('b', '<f4')]",
        ),
        (np.zeros((6, 1), "datetime64[s]"), "expected numbers in x, found datetime64[s]"),
        (np.zeros((6, 1), "V4"), "expected numbers in x, found |V4"),
        (
            np.array([[None]] * 6),
            "array x holds pickled Python objects, which are never loaded (they can run code)",
        ),
    ],
)
def test_arrays_of_other_things_are_refused(refused, features, message):
    assert refused({"x": features, "y": Y}) == message


@pytest.mark.parametrize(
    ("x", "y"),
    [("X", "y"), ("X", "Y"), ("X_train", "y_train"), ("x_Training", "y_Training"), ("Train_X", "Train_y")],
)
def test_names_of_arrays_whatever_their_case(npz, x, y):
    assert len(npz({x: X, y: Y, "other": Y}).splits["train"]) == 6


@pytest.mark.parametrize(
    ("one", "other"), [("x_val", "x_valid"), ("val_x", "x_validation"), ("x_test", "x_testing")]
)
def test_two_arrays_for_one_split_are_refused(refused, one, other):
    arrays = dict.fromkeys(("x_train", one, other), X)
    arrays |= {name.replace("x", "y"): Y for name in arrays}
    split = "test" if "test" in one else "validation"
    assert refused(arrays) == f"both {one} and {other} are for {split}"
