"""Starter configs: what is seen of the data becomes the text, and every text is a valid config."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bigmodel_cli.errors import DataError, UsageError
from bigmodel_cli.modeling.language import read_config
from bigmodel_cli.starter import make_starter


@pytest.fixture
def images(tmp_path, monkeypatch):
    """Writes images of a size into `./images/<class>/`."""
    monkeypatch.chdir(tmp_path)

    def write(size, mode="RGB", classes=("a", "b")):
        for name in classes:
            path = Path("images") / name / "1.png"
            path.parent.mkdir(parents=True)
            Image.new(mode, size).save(path)
        return Path("images")

    return write


def experiment(text):
    Path("c.yaml").write_text(text)
    return read_config(Path("c.yaml")).experiment


@pytest.mark.parametrize(
    ("size", "side", "pools"),
    [
        ((9, 9), 28, 2),
        ((32, 40), 32, 3),
        ((100, 70), 64, 4),
        pytest.param((4000, 3000), 128, 5, marks=pytest.mark.slow),
    ],
)
def test_the_size_of_images_decides_size_and_depth(images, size, side, pools):
    found = experiment(make_starter(images(size)).text)
    assert found.data.source.options.image_size == (side, side)
    assert [step.name for step in found.model].count("MaxPooling2D") == pools
    assert side // 2**pools >= 4


@pytest.mark.parametrize(
    ("mode", "color_mode"), [("L", "grayscale"), ("1", "grayscale"), ("RGB", "rgb"), ("P", "rgb")]
)
def test_the_colours(images, mode, color_mode):
    found = experiment(make_starter(images((30, 30), mode)).text)
    assert found.data.source.options.color_mode == color_mode
    assert ("RandomFlip" in [layer.name for layer in found.augmentation]) == (color_mode == "rgb")


def test_few_images_get_small_batches_and_many_epochs(images):
    found = experiment(make_starter(images((30, 30))).text)
    assert (found.data.batch_size, found.training.epochs) == (32, 20)


def test_the_path_is_relative_to_where_the_config_will_be(images, tmp_path):
    images((30, 30))
    text = make_starter(Path("images"), written_in=Path("configs/deep")).text
    assert "path: ../../images," in text
    assert f"path: {tmp_path}/images," in make_starter(tmp_path / "images", written_in=Path("configs")).text


@pytest.mark.parametrize("name", ["9", "1e3", "null", "true", "a: b", 'q"', "#", "-x", "x y"])
def test_a_name_is_a_text_whatever_it_looks_like(images, name):
    images((30, 30)).rename(name)
    found = experiment(make_starter(Path(name)).text)
    assert isinstance(found.name, str) and found.name
    assert found.data.source.options.path.resolve() == Path(name).resolve()


def test_no_data_is_the_digits(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = experiment(make_starter(None).text)
    assert (found.name, found.data.source.name) == ("digits", "digits")


def test_arrays_and_tables(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.savez("a b.npz", x=np.zeros((3, 2)), y=np.arange(3))
    Path("t.csv").write_text("path,label\n")
    assert experiment(make_starter(Path("a b.npz")).text).data.source.options.path.name == "a b.npz"
    assert experiment(make_starter(Path("t.csv")).text).data.source.name == "image_csv"


def test_what_is_no_data(images):
    folder = images((30, 30), classes=("only",))
    with pytest.raises(
        DataError, match="expected a folder per class with images in it, found 1 folders and 1"
    ):
        make_starter(folder)
    with pytest.raises(UsageError, match="nope: no such file or folder"):
        make_starter(Path("nope"))
    Path("a.txt").write_text("")
    with pytest.raises(UsageError, match=r"a\.txt: expected a folder of images, a \.csv or an \.npz file"):
        make_starter(Path("a.txt"))


def test_a_damaged_image_is_named(images):
    folder = images((30, 30))
    (folder / "a" / "1.png").write_bytes(b"no image")
    with pytest.raises(DataError, match=r"images/a/1\.png: expected a JPEG"):
        make_starter(folder)


@pytest.mark.parametrize("name", ['a\n"b', "\x9b31m", "\u202e", "\udcff", "é🎉"])
def test_any_folder_is_found_again(images, name):
    """The path in the config is the folder's, and nothing in it steers a terminal."""
    images((9, 9)).rename(name)
    text = make_starter(Path(name)).text
    assert all(character.isprintable() or character == "\n" for character in text)
    assert experiment(text).data.source.options.path == Path(name).resolve()
