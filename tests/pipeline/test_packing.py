"""Packed data: the same examples from a few large files."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from bigmodel_cli.errors import DataError
from bigmodel_cli.kinds.array.kind import ArrayKind
from bigmodel_cli.pipeline.example_proto import encode_example
from bigmodel_cli.pipeline.packing import pack
from bigmodel_cli.signature import Signature
from bigmodel_cli.sources.base import Examples, LoadContext, Source
from bigmodel_cli.sources.image_folder import ImageFolder
from bigmodel_cli.sources.packed import INDEX, damaged_files
from bigmodel_cli.sources.tfrecord import TfRecord
from bigmodel_cli.tasks.classification.task import Classification
from bigmodel_cli.tasks.regression.task import Regression
from bigmodel_cli.whole_files import read_sealed, write_sealed

Bigmodel = Callable[..., Any]


def silent(_label: str, _done: int, _total: int | None) -> None:
    pass


def packed(source: Source, folder: Path, shards: int = 3, *, skips: bool = False) -> Source:
    pack(source, folder, shards, skips=skips, progress=silent)
    return TfRecord(path=folder).load(LoadContext())


def photos(folder: Path, count: int = 10) -> Path:
    random = np.random.default_rng(1)
    for number in range(count):
        path = folder / ("cat", "dög")[number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(random.integers(0, 256, (20, 30, 3), np.uint8)).save(path)
    return folder


def load(folder: Path) -> Source:
    return ImageFolder(path=folder, image_size=(8, 8)).load(LoadContext())


def test_a_folder_of_images_is_the_same_from_its_shards(tmp_path: Path) -> None:
    source = load(photos(tmp_path / "photos"))
    found = packed(source, tmp_path / "packed")
    assert found.signature == source.signature
    assert list(found.splits) == list(source.splits)
    one, other = source.splits["train"], found.splits["train"]
    np.testing.assert_array_equal(other.labels, one.labels)
    for index in range(len(one)):
        np.testing.assert_array_equal(other.read(index), one.read(index))
        assert other.name(index) == one.name(index)
    names = sorted(path.name for path in (tmp_path / "packed").iterdir())
    shards = [f"train-{number:05d}-of-00003.tfrecord" for number in range(3)]
    assert names == ["index.json", "index.npz", *shards]


def test_packing_again_leaves_nothing_of_the_first_time(tmp_path: Path) -> None:
    source = load(photos(tmp_path / "photos"))
    packed(source, tmp_path / "packed", shards=5)
    own = tmp_path / "packed/train.tfrecord-00000-of-00005"
    own.write_bytes(b"of another program")
    found = packed(source, tmp_path / "packed", shards=2)
    names = sorted(path.name for path in (tmp_path / "packed").iterdir())
    shards = ["train-00000-of-00002.tfrecord", "train-00001-of-00002.tfrecord"]
    assert names == ["index.json", "index.npz", *shards, own.name]
    np.testing.assert_array_equal(found.splits["train"].labels, source.splits["train"].labels)


@pytest.mark.parametrize("stored", [">i2", ">f4", ">u8", "<i2", "|u1"])
def test_how_numbers_are_stored_is_not_seen(tmp_path: Path, stored: str) -> None:
    features = np.arange(12).reshape(6, 2).astype(stored)
    source = Source(
        {"train": Examples.of_arrays(features, np.array([0, 1, 0, 1, 0, 1]), "train")},
        Signature.of(ArrayKind((2,), stored), Classification(("a", "b"))),
    )
    found = packed(source, tmp_path / "packed")
    assert found.signature.kind.dtype == np.dtype(stored).name
    train = found.splits["train"]
    assert all(train.read(index).dtype.isnative for index in range(6))
    np.testing.assert_array_equal([train.read(index) for index in range(6)], features)


@pytest.mark.parametrize("stored", [">i2", ">f4"])
def test_big_endian_data_that_an_earlier_version_packed(tmp_path: Path, stored: str) -> None:
    features = np.arange(12).reshape(6, 2).astype(stored)
    native = np.dtype(stored).newbyteorder("=")
    source = Source(
        {"train": Examples.of_arrays(features.view(native), np.array([0, 1, 0, 1, 0, 1]), "train")},
        Signature.of(ArrayKind((2,), native.name), Classification(("a", "b"))),
    )
    packed(source, tmp_path)
    record = read_sealed(tmp_path / INDEX)
    signature = {"shape": [2], "dtype": stored, "target_shape": [], "image_format": None}
    record |= {"version": 1, "signature": signature, "class_names": ["a", "b"]}
    write_sealed(tmp_path / INDEX, record)
    train = TfRecord(path=tmp_path).load(LoadContext()).splits["train"]
    np.testing.assert_array_equal([train.read(index) for index in range(6)], features)


def test_a_part_of_it_is_the_same_part(tmp_path: Path) -> None:
    source = load(photos(tmp_path / "photos"))
    found = packed(source, tmp_path / "packed")
    chosen = np.array([7, 2, 2])
    one, other = source.splits["train"].take(chosen), found.splits["train"].take(chosen)
    assert len(other) == 3
    np.testing.assert_array_equal(other.labels, one.labels)
    np.testing.assert_array_equal(other.read(1), one.read(1))
    assert other.fingerprint() != found.splits["train"].fingerprint()
    assert other.take(np.array([0])).name(0) == one.name(0)


@pytest.mark.parametrize(
    ("features", "labels", "names"),
    [
        (np.arange(12, dtype=np.float32).reshape(6, 2) / 7, np.array([0, 1, 1, 0, 2, 2]), ("a", "b", "c")),
        (np.arange(6, dtype=np.int32).reshape(6, 1) - 3, np.linspace(-1, 1, 6, dtype=np.float32), None),
        (np.zeros((6, 2, 2), np.uint8), np.ones((6, 3), np.float32), None),
    ],
)
def test_arrays_of_any_kind(
    tmp_path: Path, features: np.ndarray, labels: np.ndarray, names: tuple[str, ...] | None
) -> None:
    signature = Signature.of(
        ArrayKind(features.shape[1:], str(features.dtype)),
        Regression(labels.shape[1:]) if names is None else Classification(names),
    )
    splits = {
        "train": Examples.of_arrays(features, labels, "train"),
        "test": Examples.of_arrays(features[:2], labels[:2], "test"),
    }
    found = packed(Source(splits, signature), tmp_path / "packed", shards=2)
    assert found.signature == signature
    for split, part in splits.items():
        other = found.splits[split]
        assert other.labels.dtype == labels.dtype
        np.testing.assert_array_equal(other.labels, part.labels)
        read = [other.read(index) for index in range(len(part))]
        np.testing.assert_array_equal(np.stack(read), part.store.array)
        assert other.name(1) == f"{split}[1]"


@pytest.mark.tf
def test_other_programs_read_the_records(tmp_path: Path) -> None:
    import tensorflow as tf

    source = load(photos(tmp_path / "photos"))
    packed(source, tmp_path / "packed", shards=1)
    path = tmp_path / "packed/train-00000-of-00001.tfrecord"
    examples = [tf.train.Example.FromString(record.numpy()) for record in tf.data.TFRecordDataset(str(path))]
    train = source.splits["train"]
    for index, example in enumerate(examples):
        found = example.features.feature
        pixels = np.frombuffer(found["features"].bytes_list.value[0], np.uint8).reshape(8, 8, 3)
        np.testing.assert_array_equal(pixels, train.read(index))
        assert found["label"].int64_list.value == [train.labels[index]]
        assert found["name"].bytes_list.value[0].decode() == train.name(index)
    assert len(examples) == len(train)


@pytest.mark.tf
def test_an_example_is_what_tensorflow_makes_of_it() -> None:
    import tensorflow as tf

    values = {"whole": [0, -1, 2**40, 300], "real": [0.5, -2.0], "words": [b"", b"x" * 300]}
    record, start = encode_example(b"\x00" * 200, values)
    found = tf.train.Example.FromString(record).features.feature
    assert record[start:] == b"\x00" * 200 == found["features"].bytes_list.value[0]
    assert found["whole"].int64_list.value == values["whole"]
    assert found["real"].float_list.value == values["real"]
    assert found["words"].bytes_list.value == values["words"]


def test_a_broken_file_stops_packing_or_is_left_out(tmp_path: Path) -> None:
    source = load(photos(tmp_path / "photos"))
    (tmp_path / "photos/cat/4.png").write_bytes(b"\x89PNG broken")
    with pytest.raises(DataError, match=r"4\.png") as caught:
        packed(source, tmp_path / "packed")
    assert "on_bad_file" in (caught.value.hint or "")
    assert not (tmp_path / "packed" / INDEX).exists()
    found = packed(source, tmp_path / "packed", skips=True)
    assert found.num_skipped == 1
    assert len(found.splits["train"]) == 9
    assert "4.png" not in " ".join(found.splits["train"].name(index) for index in range(9))


def test_damage_is_found(tmp_path: Path) -> None:
    folder = tmp_path / "packed"
    found = packed(load(photos(tmp_path / "photos")), folder)
    path = folder / "train-00001-of-00003.tfrecord"
    whole = path.read_bytes()
    path.write_bytes(whole[:-100] + bytes(96) + whole[-4:])
    with pytest.raises(DataError, match=r"train-00001-of-00003\.tfrecord: damaged where .*\.png is"):
        [found.splits["train"].read(index) for index in range(10)]
    assert damaged_files(folder) == [path.name]
    path.write_bytes(whole[:-1])
    with pytest.raises(DataError, match=f"damaged: it has {len(whole) - 1:,} bytes, expected {len(whole):,}"):
        TfRecord(path=folder).load(LoadContext())
    path.write_bytes(whole)
    assert damaged_files(folder) == []
    (folder / "index.npz").write_bytes((folder / "index.npz").read_bytes()[:-1] + b"x")
    with pytest.raises(DataError, match=r"index\.npz: damaged"):
        TfRecord(path=folder).load(LoadContext())


def test_what_is_no_packed_data_is_said(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such folder"):
        TfRecord(path=tmp_path / "nothing").load(LoadContext())
    with pytest.raises(DataError, match="no packed data"):
        TfRecord(path=tmp_path).load(LoadContext())
    (tmp_path / INDEX).write_text(json.dumps({"version": 1}))
    with pytest.raises(DataError, match="damaged or changed by hand"):
        TfRecord(path=tmp_path).load(LoadContext())


@pytest.mark.tf
@pytest.mark.slow
def test_training_from_shards_is_training_from_the_folder(tmp_path: Path, bigmodel: Bigmodel) -> None:
    photos(tmp_path / "photos", 40)
    config = tmp_path / "photos.yaml"
    config.write_text(
        "data:\n"
        f"  source: {{image_folder: {{path: {tmp_path / 'photos'}, image_size: [8, 8]}}}}\n"
        "  batch_size: 8\n"
        "model: [Flatten, {Dense: {units: num_classes, activation: softmax}}]\n"
        "loss: SparseCategoricalCrossentropy\n"
        "optimizer: Adam\n"
        "training: {epochs: 2, deterministic: true, device: cpu}\n"
    )
    folder = tmp_path / "packed"
    done = bigmodel("data", "pack", config, "--out", folder, "--shards", "3")
    assert done.code == 0, done.err
    assert f"{folder}: 40 train examples in 3 files" in done.out
    assert "data.source={tfrecord:" in done.err
    runs = [
        bigmodel("train", config, *words, "--json", "--runs-dir", tmp_path / name).json
        for name, words in (("one", []), ("other", [f"data.source={{tfrecord: {{path: {folder}}}}}"]))
    ]
    assert runs[0]["test"] == runs[1]["test"]
    assert runs[0]["best"] == runs[1]["best"]
    done = bigmodel("data", "verify", folder)
    assert (done.code, done.out) == (0, f"{folder}: all files are what they were\n")
    assert done.err == ""
    (folder / "notes.txt").write_text("mine")
    done = bigmodel("data", "verify", folder)
    assert (done.code, done.err) == (0, "not of the packed data, and never read: notes.txt\n")
    shard = folder / "train-00002-of-00003.tfrecord"
    content = shard.read_bytes()
    shard.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    done = bigmodel("data", "verify", folder, "--json")
    assert done.code == 3
    assert json.loads(done.out) == {"folder": str(folder), "damaged": [shard.name], "others": ["notes.txt"]}
    predicted = bigmodel("predict", tmp_path / "photos/cat/0.png", "--runs-dir", tmp_path / "other")
    assert predicted.code == 0, predicted.err
    many = bigmodel("data", "pack", config, "--out", folder, "--shards", "41")
    assert f"{folder}: 40 train examples in 40 files" in many.out
    assert "--shards 41: no more files than there are examples to train on\n" in many.err
