"""CIFAR-10 and CIFAR-100 from archives and folders, and what may not be in them."""

from __future__ import annotations

import io
import os
import pickle
import struct
import tarfile

import numpy as np
import pytest

from bigmodel_cli.errors import DataError
from bigmodel_cli.sources import cifar100
from bigmodel_cli.sources.cifar10 import LAYOUT
from bigmodel_cli.sources.download import keras_home


def batch(count=4, first=0):
    data = np.random.default_rng(first).integers(0, 256, (count, 3072), np.uint8)
    return {b"data": data, b"labels": [(first + i) % 10 for i in range(count)]}


def pickles(**replaced: bytes) -> dict[str, bytes]:
    contents = {name: pickle.dumps(batch(first=i), protocol=4) for i, name in enumerate(LAYOUT.members)}
    return {**contents, **replaced}


def write_folder(folder, contents):
    folder.mkdir(parents=True)
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return folder


def write_archive(path, contents, folder="cifar-10-batches-py/"):
    with tarfile.open(path, "w:gz") as archive:
        for name, content in contents.items():
            member = tarfile.TarInfo(f"{folder}{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


def python2_batch(data: np.ndarray, labels: list[int]) -> bytes:
    """A batch pickled as Python 2 and NumPy 1 did it, like the originals."""

    def short(text: bytes) -> bytes:
        return b"U" + bytes([len(text)]) + text

    dtype = (
        b"cnumpy\ndtype\n"
        + short(b"u1")
        + b"K\x00K\x01\x87R(K\x03"
        + short(b"|")
        + b"NNNJ\xff\xff\xff\xff" * 1
    )
    dtype += b"J\xff\xff\xff\xffK\x00tb"
    raw = data.tobytes()
    array = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85" + short(b"b") + b"\x87R"
    array += b"(K\x01M" + struct.pack("<H", data.shape[0]) + b"M" + struct.pack("<H", data.shape[1]) + b"\x86"
    array += dtype + b"\x89T" + struct.pack("<I", len(raw)) + raw + b"tb"
    numbers = b"](" + b"".join(b"K" + bytes([label]) for label in labels) + b"e"
    return b"\x80\x02}(" + short(b"data") + array + short(b"labels") + numbers + b"u."


def test_an_archive_and_its_folder_give_the_same(tmp_path, load):
    archive = write_archive(tmp_path / "cifar-10-python.tar.gz", pickles())
    inner = write_folder(tmp_path / "unpacked" / "cifar-10-batches-py", pickles())
    sources = [load("cifar10", path=path) for path in (archive, inner, inner.parent)]
    assert {name: len(split) for name, split in sources[0].splits.items()} == {"train": 20, "test": 4}
    assert sources[0].signature.task.class_names[:3] == ("airplane", "automobile", "bird")
    fingerprints = [{name: split.fingerprint() for name, split in s.splits.items()} for s in sources]
    assert fingerprints[0] == fingerprints[1] == fingerprints[2]


def test_planes_become_channels(tmp_path, load):
    source = load("cifar10", path=write_folder(tmp_path / "cifar", pickles()))
    planes = batch()[b"data"][0].reshape(3, 32, 32)
    example = source.splits["train"].read(0)
    for channel in range(3):
        np.testing.assert_array_equal(example[..., channel], planes[channel])


def test_a_batch_as_python_2_wrote_it(tmp_path, load):
    wanted = batch()
    content = python2_batch(wanted[b"data"], wanted[b"labels"])
    source = load("cifar10", path=write_folder(tmp_path / "cifar", pickles(test_batch=content)))
    np.testing.assert_array_equal(source.splits["test"].labels, wanted[b"labels"])
    flat = source.splits["test"].store.array.transpose(0, 3, 1, 2).reshape(4, -1)
    np.testing.assert_array_equal(flat, wanted[b"data"])


def test_cifar100_has_its_hundred_names():
    names = cifar100.LAYOUT.class_names
    assert len(set(names)) == 100
    assert list(names) == sorted(names)


def test_a_copy_that_keras_unpacked_is_used(load):
    write_folder(keras_home() / "datasets" / "cifar-10-batches-py-target" / "cifar-10-batches-py", pickles())
    assert len(load("cifar10", offline=True).splits["train"]) == 20


class Hostile:
    def __init__(self, function, argument):
        self.function, self.argument = function, argument

    def __reduce__(self):
        return self.function, (self.argument,)


@pytest.mark.parametrize(
    ("function", "named"),
    [(os.mkdir, f"{os.mkdir.__module__}.mkdir"), (eval, "builtins.eval"), (np.load, "numpy.load")],
)
def test_a_hostile_pickle_is_refused(function, named, tmp_path, load):
    target = tmp_path / "made"
    argument = str(target) if function is not eval else f"__import__('os').mkdir({str(target)!r})"
    content = pickle.dumps({b"data": Hostile(function, argument)}, protocol=4)
    folder = write_folder(tmp_path / "cifar", pickles(data_batch_1=content))
    with pytest.raises(DataError) as caught:
        load("cifar10", path=folder)
    assert caught.value.message == (
        f"{folder}: data_batch_1: refused: it asks for {named}, which is not allowed"
    )
    assert not target.exists()


def test_nothing_of_an_archive_is_written(tmp_path, load):
    path = write_archive(tmp_path / "a.tar.gz", {**pickles(), "../../escaped": b"x"}, folder="../")
    before = sorted(tmp_path.rglob("*"))
    assert len(load("cifar10", path=path).splits["test"]) == 4
    assert sorted(tmp_path.rglob("*")) == before
    assert not (tmp_path.parent / "escaped").exists()


def test_a_link_in_an_archive_is_no_batch(tmp_path, load):
    path = write_archive(
        tmp_path / "a.tar.gz", {name: c for name, c in pickles().items() if name != "test_batch"}
    )
    with tarfile.open(path, "w:gz") as archive:
        link = tarfile.TarInfo("cifar-10-batches-py/test_batch")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/hostname"
        archive.addfile(link)
    with pytest.raises(DataError, match=r"no data_batch_1, .*, test_batch in it"):
        load("cifar10", path=path)


def test_a_batch_that_is_far_too_large_is_refused(tmp_path, load, monkeypatch):
    monkeypatch.setattr("bigmodel_cli.sources.cifar._MAX_BATCH_BYTES", 1000)
    path = write_archive(tmp_path / "a.tar.gz", pickles())
    with pytest.raises(DataError, match=r"cifar-10-batches-py/data_batch_1 has [\d,]+ bytes, which no batch"):
        load("cifar10", path=path)


@pytest.mark.parametrize("content", [b"no archive", b""])
def test_a_file_that_is_no_archive(content, tmp_path, load):
    path = tmp_path / "a.tar.gz"
    path.write_bytes(content)
    with pytest.raises(DataError) as caught:
        load("cifar10", path=path)
    assert caught.value.message.startswith(f"{path}: damaged, or not cifar-10-python.tar.gz: ")


def test_a_truncated_archive(tmp_path, load):
    path = write_archive(tmp_path / "a.tar.gz", pickles())
    path.write_bytes(path.read_bytes()[:20_000])
    with pytest.raises(DataError, match=r"damaged, or not cifar-10-python.tar.gz: "):
        load("cifar10", path=path)


def test_no_copy(tmp_path, load):
    with pytest.raises(DataError) as caught:
        load("cifar10", path=tmp_path / "none")
    assert caught.value.message == f"{tmp_path / 'none'}: no such file or folder"
    assert caught.value.hint == "name cifar-10-python.tar.gz or the folder it unpacks to"


def test_a_folder_without_batches(tmp_path, load):
    with pytest.raises(DataError, match=r"no data_batch_1, data_batch_2, .*, test_batch in it"):
        load("cifar10", path=tmp_path)


@pytest.mark.parametrize(
    "wrong",
    [
        {b"data": np.zeros((4, 3072)), b"labels": [0] * 4},
        {b"data": np.zeros((4, 3000), np.uint8), b"labels": [0] * 4},
        {b"data": np.zeros((4, 3072), np.uint8), b"labels": [0] * 3},
        {b"data": np.zeros((4, 3072), np.uint8), b"labels": [10] * 4},
        {b"data": np.zeros((4, 3072), np.uint8), b"labels": ["cat"] * 4},
        {b"data": np.zeros((0, 3072), np.uint8), b"labels": []},
        {b"labels": [0] * 4},
    ],
)
def test_a_batch_with_other_content(wrong, tmp_path, load):
    folder = write_folder(tmp_path / "cifar", pickles(test_batch=pickle.dumps(wrong, protocol=4)))
    with pytest.raises(DataError) as caught:
        load("cifar10", path=folder)
    assert caught.value.message == (
        f"{folder}: test_batch: expected uint8 `data` of shape (n, 3072) and n labels from 0 to 9 as `labels`"
    )


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"garbage", "refused: "),
        (b"", "refused: Ran out of input"),
        (pickle.dumps([1]), "expected a dictionary, found list"),
    ],
)
def test_a_batch_that_is_no_dictionary(content, reason, tmp_path, load):
    folder = write_folder(tmp_path / "cifar", pickles(test_batch=content))
    with pytest.raises(DataError) as caught:
        load("cifar10", path=folder)
    assert caught.value.message.startswith(f"{folder}: test_batch: {reason}")
