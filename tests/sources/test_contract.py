"""Every source yields what its signature says, and its examples behave as `Examples` promises."""

from __future__ import annotations

import io
import os
import pickle
import subprocess
import sys
import tarfile
from dataclasses import replace

import numpy as np
import pytest
import soundfile
from hub_folders import digits_as_hf, digits_as_tfds, needs_hf, needs_tfds

from bigmodel_cli.kinds.array.kind import ArrayKind
from bigmodel_cli.kinds.audio.kind import AudioKind
from bigmodel_cli.kinds.tokens.kind import TokensKind
from bigmodel_cli.pipeline.packing import pack
from bigmodel_cli.sources import source_options
from bigmodel_cli.sources.base import Examples, LoadContext
from bigmodel_cli.sources.cifar10 import LAYOUT as CIFAR10
from bigmodel_cli.sources.cifar100 import LAYOUT as CIFAR100
from bigmodel_cli.sources.image_folder import ImageFolder
from bigmodel_cli.tasks.classification.task import Classification
from bigmodel_cli.tasks.generation.task import Generation
from bigmodel_cli.tasks.regression.task import Regression


def cifar_archive(path, layout):
    """A tiny archive in CIFAR's format: twenty examples a batch."""
    classes = len(layout.class_names)
    with tarfile.open(path, "w:gz") as archive:
        for number, name in enumerate(layout.members):
            data = np.random.default_rng(number).integers(0, 256, (20, 3072), np.uint8)
            batch = {b"data": data, layout.label_key: [(number + i) % classes for i in range(20)]}
            content = pickle.dumps(batch, protocol=4)
            member = tarfile.TarInfo(f"{layout.folder}/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


def sound_folder(folder):
    for number, name in enumerate(("dog/1.wav", "dog/2.flac", "cat/1.ogg", "cat/2.wav")):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(folder / name, np.sin(np.arange(900) * (number + 1) / 10), 4000)
    return folder


def packed(folder, photos):
    source = ImageFolder(path=photos, image_size=(4, 4)).load(LoadContext())
    pack(source, folder, 2, skips=False, progress=lambda *_: None)
    return folder


@pytest.fixture(scope="module")
def cases(tmp_path_factory, write_photos, mnist_arrays):
    """Options by case; a case is a source's name, with a variant after a colon."""
    tmp_path = tmp_path_factory.mktemp("cases")
    np.savez(tmp_path / "mnist.npz", **mnist_arrays)
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "table.npz", x=rng.normal(size=(12, 5)), y=np.arange(12) % 3)
    np.savez(tmp_path / "numbers.npz", x=rng.normal(size=(12, 5)), y=rng.normal(size=(12, 2)))
    folder = write_photos(tmp_path / "photos", "cat/1.png", "cat/2.jpg", "dog/1.bmp", "dog/sub/2.gif")
    split_folder = write_photos(
        tmp_path / "split", "train/a/1.png", "train/a/2.png", "train/b/1.png", "val/a/1.png", "val/b/1.png"
    )
    rows = "image,label\n" + "".join(
        f"cat/{name},{label}\n" for name, label in [("1.png", "x"), ("2.jpg", "y")]
    )
    (folder / "labels.csv").write_text(rows + "dog/1.bmp,x\n")
    (folder / "numbers.csv").write_text("file,target\ncat/1.png,0.5\ndog/1.bmp,-2\ncat/2.jpg,1e3\n")
    text = tmp_path / "text.txt"
    text.write_text("".join(map(chr, range(97, 123))))
    return {
        "mnist": {"path": tmp_path / "mnist.npz"},
        "fashion_mnist": {"path": tmp_path / "mnist.npz"},
        "cifar10": {"path": cifar_archive(tmp_path / CIFAR10.archive, CIFAR10)},
        "cifar100": {"path": cifar_archive(tmp_path / CIFAR100.archive, CIFAR100)},
        "digits": {},
        "diabetes": {},
        "npz": {"path": tmp_path / "table.npz"},
        "npz:numbers": {"path": tmp_path / "numbers.npz"},
        "image_folder": {"path": folder, "image_size": [5, 7]},
        "image_folder:split": {"path": split_folder, "image_size": 3, "color_mode": "grayscale"},
        "image_csv": {"path": folder / "labels.csv", "image_size": 4, "color_mode": "rgba"},
        "image_csv:numbers": {"path": folder / "numbers.csv", "image_size": 4},
        "synthetic": {"shape": (4, 6, 3), "num_classes": 3, "num_examples": 9},
        "synthetic:streamed": {"shape": (750, 1000, 4), "num_examples": 6},
        "synthetic:vectors": {"shape": (20,), "num_classes": 2, "num_examples": 9},
        "synthetic:numbers": {"shape": (8, 5), "num_classes": None, "num_examples": 9},
        "synthetic:outputs": {"shape": (8, 8, 1), "num_classes": None, "num_outputs": 3, "num_examples": 9},
        "audio_folder": {"path": sound_folder(tmp_path / "sounds"), "sample_rate": 2000, "seconds": 0.2},
        "tones": {"num_examples": 12},
        "text_files": {"path": text, "length": 4},
        "tfrecord": {"path": packed(tmp_path / "packed", folder)},
        "tfds": {"name": "mnist", "data_dir": tmp_path / "tfds"},
        "hf": {"path": tmp_path / "hf"},
    }


CASES = [
    "mnist", "fashion_mnist", "cifar10", "cifar100", "digits", "diabetes", "npz", "npz:numbers",
    "image_folder", "image_folder:split", "image_csv", "image_csv:numbers", "synthetic", "synthetic:streamed",
    "synthetic:vectors", "synthetic:numbers", "synthetic:outputs", "audio_folder", "tones", "text_files",
    "tfrecord", "tfds", "hf",
]  # fmt: skip


# One has examples of three megabytes, the others import scikit-learn or a hub's library.
SLOW = {"synthetic:streamed", "digits", "diabetes", "tfds", "hf"}
NEEDS = {"tfds": [needs_tfds], "hf": [needs_hf]}
MARKED = [
    pytest.param(case, marks=[*NEEDS.get(case, []), *([pytest.mark.slow] if case in SLOW else [])])
    for case in CASES
]


@pytest.fixture(scope="module")
def tfds(cases, mnist_arrays):
    digits_as_tfds(cases["tfds"]["data_dir"], mnist_arrays)


@pytest.fixture(scope="module")
def hf(cases, mnist_arrays):
    digits_as_hf(mnist_arrays).save_to_disk(cases["hf"]["path"])


@pytest.fixture
def load_case(request, cases, load):
    """Loads a case; what only one hub's library can write is written for it."""

    def call(case):
        if case in NEEDS:
            request.getfixturevalue(case)
        return load(case.partition(":")[0], **cases[case])

    return call


@pytest.fixture(params=MARKED)
def source(request, load_case):
    return load_case(request.param)


@pytest.fixture
def options(cases):
    return {case: source_options()[case.partition(":")[0]](**given) for case, given in cases.items()}


def test_every_source_has_a_case(cases):
    assert list(cases) == CASES
    # Tests of their own have those that yield rows of columns, and one that is a `text_files`.
    elsewhere = {"table", "scikit_learn", "digit_sums", "text_folder", "conll", "python_library"}
    elsewhere |= {"mask_folder", "speech_folder", "squad", "shapes", "visits"}
    assert {case.partition(":")[0] for case in CASES} == set(source_options()) - elsewhere


def test_examples_are_what_the_signature_says(source):
    signature = source.signature
    assert "train" in source.splits
    assert set(source.splits) <= {"train", "validation", "test"}
    for split in source.splits.values():
        assert len(split) > 0
        for index in (0, len(split) - 1):
            example = split.read(index)
            assert (example.shape, str(example.dtype)) == (signature.kind.shape, signature.kind.dtype)


def test_labels_are_what_the_signature_says(source):
    signature = source.signature
    for split in source.splits.values():
        assert split.labels.shape == (len(split), *signature.task.target_shape)
        if isinstance(signature.task, Regression):
            assert split.labels.dtype == np.float32
            continue
        is_text = isinstance(signature.task, Generation)
        assert split.labels.dtype == (np.int32 if is_text else np.int64)
        assert split.labels.min() >= 0
        known = signature.task.vocabulary.size if is_text else signature.task.num_classes
        assert split.labels.max() < known


def test_images_can_be_made_from_files(source):
    signature = source.signature
    if signature.kind.dtype == "uint8":
        assert signature.kind.format.shape == signature.kind.shape
    else:
        assert isinstance(signature.kind, ArrayKind | AudioKind | TokensKind)


def test_take_keeps_order(source):
    train = source.splits["train"]
    indices = np.array([2, 0, 1])
    taken = train.take(indices)
    again = taken.take(np.array([1, 0]))
    assert isinstance(taken, Examples)
    assert len(taken) == 3
    for part, originals in ((taken, [2, 0, 1]), (again, [0, 2])):
        for position, original in enumerate(originals):
            np.testing.assert_array_equal(part.read(position), train.read(original))
            np.testing.assert_array_equal(part.labels[position], train.labels[original])
            assert part.name(position) == train.name(original)


def test_names_tell_examples_apart(source):
    names = [split.name(index) for split in source.splits.values() for index in range(len(split))]
    assert len(set(names)) == len(names)


def test_fingerprints_change_with_what_they_stand_for(source):
    train = source.splits["train"]
    everything = np.arange(len(train))
    labels = train.labels.copy()
    labels[0] = labels[0] + 1
    fingerprints = [
        train.fingerprint(),
        train.take(everything[:-1]).fingerprint(),
        train.take(np.roll(everything, 1)).fingerprint(),
        replace(train, targets=dict.fromkeys(train.targets, labels)).fingerprint(),
    ]
    assert len(set(fingerprints)) == 4
    assert all(len(each) == 64 and int(each, 16) >= 0 for each in fingerprints)
    assert train.take(everything).fingerprint() == train.fingerprint()


@pytest.mark.parametrize("case", MARKED)
def test_loading_again_gives_the_same_examples(case, load_case):
    first, second = (load_case(case) for _ in range(2))
    assert first.signature == second.signature
    assert {split: part.fingerprint() for split, part in first.splits.items()} == {
        split: part.fingerprint() for split, part in second.splits.items()
    }


@pytest.mark.parametrize("options", source_options().values(), ids=list(source_options()))
def test_every_source_explains_itself(options):
    assert options.__doc__.strip().endswith(".")
    assert "\n" not in options.__doc__.strip()
    assert options.source_name in options.example
    for name, field in options.model_fields.items():
        assert field.description, name
        assert field.description.endswith("."), name


@pytest.mark.slow
def test_sources_are_found_without_heavy_imports():
    code = (
        "import sys; from bigmodel_cli.sources import source_options; print(len(source_options())); "
        "print([m for m in ('numpy', 'PIL', 'sklearn', 'tensorflow', 'keras') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={**os.environ}
    )
    assert done.stdout.splitlines() == [str(len(source_options())), "[]"]


def test_array_examples_are_named_by_their_place_in_the_split():
    examples = Examples.of_arrays(np.zeros((4, 2), np.float32), np.zeros(4, np.int64), "test")
    assert examples.take(np.array([3, 1])).take(np.array([1])).name(0) == "test[1]"


def test_what_a_source_knows_of_itself_is_true(request, source):
    """`facts` must not promise what the data does not keep; unknown is None."""
    case = request.node.callspec.params["source"]
    facts = request.getfixturevalue("options")[case].facts()
    signature = source.signature
    if facts.labels is not None:
        assert (facts.labels == "classes") == isinstance(signature.task, Classification)
    assert facts.num_classes in (None, signature.task.numbers["num_classes"])
    assert facts.has_files == (source.splits["train"].store.files is not None)
    assert facts.num_examples in (None, len(source.splits["train"]))
    if facts.own_splits is not None:
        assert facts.own_splits == set(source.splits) - {"train"}
