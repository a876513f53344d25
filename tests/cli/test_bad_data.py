"""Data that is missing, damaged or not what the config says: exit code 3, the file named, no run left."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

CONFIG = """\
data:
  source: {SOURCE}
  batch_size: 4
model: [Flatten, {Dense: {units: num_classes, activation: softmax}}]
loss: CategoricalCrossentropy
optimizer: Adam
training: {epochs: 1}
"""
IMAGES = [f"{name}/{number}.png" for name in ("cat", "dog") for number in range(12)]
FEATURES = np.random.default_rng(0).random((40, 5), np.float32)
LABELS = np.arange(40) % 3


@pytest.fixture
def folder_config(write, tmp_path):
    """Writes images and a config that trains on their folder."""

    def call(names=IMAGES):
        rng = np.random.default_rng(0)
        (tmp_path / "photos").mkdir()
        for name in names:
            path = tmp_path / "photos" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(rng.integers(0, 256, (8, 8, 3), np.uint8)).save(path)
        return write(CONFIG.replace("SOURCE", "image_folder: {path: photos, image_size: [8, 8]}"))

    return call


@pytest.fixture
def npz_config(write):
    """Writes arrays and a config that trains on them."""

    def call(options="", **arrays):
        config = write(CONFIG.replace("SOURCE", f"npz: {{path: data.npz{options}}}"))
        np.savez("data.npz", **arrays)
        return config

    return call


def test_a_folder_that_is_not_there(refuses, folder_config, tmp_path):
    config = folder_config()
    (tmp_path / "photos").rename(tmp_path / "elsewhere")
    refuses(3, "train", config, says=("photos: no such folder",))


@pytest.mark.parametrize(
    ("names", "says"),
    [
        ([], ("photos: the folder is empty", "CLASS/IMAGE")),
        ([name for name in IMAGES if "cat" in name], ("photos: only one class (cat)",)),
        (["1.png", "2.png"], ("photos: 2 images but no class folders", "CLASS/IMAGE")),
        (
            [f"train/{name}" for name in IMAGES] + ["test/cat/1.png", "test/fox/1.png"],
            ("train and test have different classes (only in test: fox; only in train: dog)",),
        ),
    ],
)
def test_folders_that_are_no_classes(refuses, folder_config, names, says):
    refuses(3, "train", folder_config(names), says=says)


def test_a_class_without_images(refuses, folder_config, tmp_path):
    config = folder_config()
    (tmp_path / "photos/ape").mkdir()
    refuses(3, "train", config, says=("photos: no image in the class folder ape/", "remove the folder"))


@pytest.mark.parametrize(
    ("name", "content", "found"),
    [("cat/3.png", b"", "an empty file"), ("cat/x.jpg", b"hello", "something else")],
)
def test_a_file_that_is_no_image_is_found_before_training(
    refuses, folder_config, tmp_path, name, content, found
):
    config = folder_config()
    (tmp_path / "photos" / name).write_bytes(content)
    outcome = refuses(3, "train", config, says=(f"photos/{name}: expected a JPEG", f"found {found}"))
    assert " parameters" not in outcome.err


@pytest.mark.tf
def test_an_image_that_breaks_off_is_named_when_it_is_decoded(refuses, folder_config, tmp_path):
    config = folder_config()
    path = tmp_path / "photos/cat/3.png"
    path.write_bytes(path.read_bytes()[:60])
    words = ["data.test=0", "data.validation=0"]
    refuses(3, "train", config, *words, says=("photos/cat/3.png: damaged image",))


HOLE = FEATURES.copy()
HOLE[3, 2] = np.nan


@pytest.mark.parametrize(
    ("arrays", "options", "says"),
    [
        ({"x": FEATURES, "y": LABELS - 5}, "", ("negative class index -5 in train, first at [0]",)),
        (
            {"x": FEATURES, "y": LABELS},
            ", class_names: [a, b]",
            ("13 labels of train are out of range: expected 0 to 1, found 2 at [2]",),
        ),
        ({"x": HOLE, "y": LABELS}, "", ("1 of 200 values of x are NaN or infinite, first at [3, 2]",)),
        (
            {"x": FEATURES, "y": np.where(LABELS == 1, np.inf, LABELS)},
            "",
            ("values of the labels of train are NaN or infinite",),
        ),
        (
            {"x_train": FEATURES, "y_train": LABELS, "x_test": FEATURES, "y_test": LABELS + 1},
            "",
            ("test has classes that train has not: 3",),
        ),
        ({"x": FEATURES}, "", ("data.npz: no array y; it has x",)),
        ({"x": FEATURES[:9], "y": LABELS}, "", ("x has 9 examples, but y has shape (40,)",)),
        ({"x": FEATURES[:1], "y": LABELS[:1]}, "", ("data.npz: only one class (0)",)),
    ],
)
@pytest.mark.parametrize("command", ["train", "show"])
def test_arrays_that_cannot_be_learnt_from(refuses, npz_config, command, arrays, options, says):
    refuses(3, command, npz_config(options, **arrays), says=says)


def test_a_file_that_is_no_npz(refuses, npz_config):
    config = npz_config(x=FEATURES, y=LABELS)
    Path("data.npz").write_bytes(b"PK nonsense")
    refuses(3, "train", config, says=("data.npz: not an .npz file",))


def test_a_share_that_leaves_nothing_to_train_on(refuses, tiny):
    words = ["data.source.synthetic.num_examples=3"]
    refuses(3, "train", tiny, *words, says=("data.test: a split of 0 out of 3 examples",))


def test_a_share_of_what_the_source_has_itself(refuses, npz_config):
    arrays = {"x_train": FEATURES, "y_train": LABELS, "x_test": FEATURES, "y_test": LABELS}
    says = ("data.test: 0.2 asks for a share of the training part, but the source has a test split",)
    refuses(3, "train", npz_config(**arrays), "data.test=0.2", says=says)


def test_no_network_where_the_data_must_be_fetched(refuses, tiny):
    refuses(3, "train", tiny, "data.source=cifar10", "--offline", says=("cifar10", "offline"))


class TestStarter:
    @pytest.mark.parametrize(
        ("names", "says"),
        [
            ([], "the folder is empty"),
            (["cat/1.png"], "only one class (cat); a classifier needs at least two"),
        ],
    )
    def test_a_folder_without_classes(self, refuses, folder_config, tmp_path, names, says):
        folder_config(names)
        refuses(3, "init", tmp_path / "photos", says=(says,))

    def test_a_file_that_holds_no_data(self, refuses, write):
        refuses(2, "init", write("a,b", "data.pdf"), says=("data.pdf: expected a folder of images",))
        refuses(2, "init", "nothing/", says=("nothing: no such file or folder",))
