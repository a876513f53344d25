"""MNIST and Fashion-MNIST from local copies, and the idx files that they come in."""

from __future__ import annotations

import gzip
import struct

import numpy as np
import pytest

from bigmodel_cli.errors import DataError
from bigmodel_cli.sources.idx import IDX_NAMES, read_idx
from bigmodel_cli.sources.npz_arrays import read_npz

TRAIN_COUNTS = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]


def idx_bytes(values: np.ndarray) -> bytes:
    return struct.pack(f">I{values.ndim}I", 0x800 + values.ndim, *values.shape) + values.tobytes()


@pytest.fixture
def idx_folder(tmp_path, mnist_arrays):
    folder = tmp_path / "idx"
    folder.mkdir()
    for array, name in IDX_NAMES.items():
        (folder / f"{name}.gz").write_bytes(gzip.compress(idx_bytes(mnist_arrays[array]), mtime=0))
    return folder


@pytest.mark.slow
@pytest.mark.data
@pytest.mark.parametrize("copy", ["mnist", "mnist/mnist.npz"])
def test_the_real_mnist(copy, shared_data, load):
    source = load("mnist", path=shared_data(copy))
    assert {name: len(split) for name, split in source.splits.items()} == {"train": 60_000, "test": 10_000}
    assert source.signature.kind.shape == (28, 28, 1)
    assert source.signature.task.class_names == tuple("0123456789")
    assert np.bincount(source.splits["train"].labels).tolist() == TRAIN_COUNTS
    # The first training digit is a five, and its brightest pixels are white.
    assert source.splits["train"].labels[0] == 5
    assert source.splits["train"].read(0).max() == 255


@pytest.mark.parametrize("unpack", ["no", "yes", "with dots"])
def test_idx_files_gzipped_or_not(unpack, idx_folder, load, mnist_arrays):
    for path in list(idx_folder.iterdir()) if unpack != "no" else []:
        name = path.stem if unpack == "yes" else path.stem.replace("-idx", ".idx")
        (idx_folder / name).write_bytes(gzip.decompress(path.read_bytes()))
        path.unlink()
    source = load("mnist", path=idx_folder)
    for split in ("train", "test"):
        np.testing.assert_array_equal(source.splits[split].store.array[..., 0], mnist_arrays[f"x_{split}"])
        np.testing.assert_array_equal(source.splits[split].labels, mnist_arrays[f"y_{split}"])


def test_a_folder_with_mnist_npz(tmp_path, load, mnist_arrays):
    np.savez(tmp_path / "mnist.npz", **mnist_arrays)
    assert len(load("mnist", path=tmp_path).splits["train"]) == 20


def test_no_copy(tmp_path, load):
    with pytest.raises(DataError) as caught:
        load("mnist", path=tmp_path / "none")
    assert caught.value.message == f"{tmp_path / 'none'}: no such file or folder"
    assert "train-images-idx3-ubyte" in caught.value.hint


def test_a_missing_idx_file(idx_folder, load):
    (idx_folder / "t10k-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(DataError) as caught:
        load("mnist", path=idx_folder)
    assert caught.value.message == f"{idx_folder}: no t10k-labels-idx1-ubyte.gz in this folder"


def test_a_truncated_gzip(idx_folder, load):
    path = idx_folder / "train-images-idx3-ubyte.gz"
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(DataError) as caught:
        load("mnist", path=idx_folder)
    assert caught.value.message.startswith(f"{path}: cannot be read: ")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "not an idx file of unsigned bytes (it starts with )"),
        (b"\x89PNG1234", "not an idx file of unsigned bytes (it starts with 89 50 4e 47)"),
        (b"\0\0\x0d\x01" + bytes(12), "not an idx file of unsigned bytes (it starts with 00 00 0d 01)"),
        (b"\0\0\x08\x01\0\0\0\x05" + bytes(3), "its header says 5 bytes of data (shape (5,)), found 3"),
        (b"\0\0\x08\x02\0\0\0\x05", "it breaks off in its header, after 8 bytes"),
        (
            b"\0\0\x08\x01\0\0\0\x05" + bytes(9),
            "its header says 5 bytes of data (shape (5,)), found more",
        ),
    ],
)
def test_files_that_are_no_idx(content, reason, tmp_path):
    path = tmp_path / "train-labels-idx1-ubyte"
    path.write_bytes(content)
    with pytest.raises(DataError) as caught:
        read_idx(path)
    assert caught.value.message == f"{path}: {reason}"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"y_test": None}, "no array y_test; it has x_train, y_train, x_test"),
        (
            {"y_train": np.arange(7)},
            "expected uint8 images of shape (n, 28, 28) and labels of shape (n,) in train, "
            "found uint8 (20, 28, 28) and (7,)",
        ),
        (
            {"x_test": np.zeros((10, 28, 28))},
            "expected uint8 images of shape (n, 28, 28) and labels of shape (n,) in test, "
            "found float64 (10, 28, 28) and (10,)",
        ),
        ({"y_test": np.arange(10) + 1}, "expected labels from 0 to 9 in test"),
    ],
)
def test_an_npz_that_is_not_mnist(change, reason, tmp_path, load, mnist_arrays):
    path = tmp_path / "data.npz"
    arrays = {name: array for name, array in {**mnist_arrays, **change}.items() if array is not None}
    np.savez(path, **arrays)
    with pytest.raises(DataError) as caught:
        load("mnist", path=path)
    assert caught.value.message == f"{path}: {reason}"


def test_a_damaged_npz(tmp_path):
    path = tmp_path / "data.npz"
    np.savez(path, x=np.arange(1000), y=np.arange(1000))
    content = bytearray(path.read_bytes())
    content[500:600] = bytes(100)
    path.write_bytes(bytes(content))
    with pytest.raises(DataError, match=r"data.npz: damaged: "):
        read_npz(path)
