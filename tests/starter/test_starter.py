"""Starter configs: what is seen of the data becomes the text, and every text is a valid config."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from starters import SCRATCH, experiment, made, names

from bigmodel_cli.errors import DataError, UsageError
from bigmodel_cli.starter import Wishes, make_starter
from bigmodel_cli.starter.sizes import batch_size_for


@pytest.mark.parametrize(
    ("size", "taken", "pools"),
    [
        ((9, 9), (9, 9), 1),
        ((40, 32), (40, 32), 3),
        ((70, 71), (68, 68), 4),
        ((60, 240), (32, 104), 3),
        pytest.param((4000, 3000), (144, 112), 4, marks=pytest.mark.slow),
    ],
)
def test_the_size_of_images_decides_size_and_depth(folder, size, taken, pools):
    """Proportions that all images share are kept; small images are taken as they are."""
    found = made(folder(size=size))
    assert found.data.source.options.image_size == taken
    assert found.data.source.options.aspect_ratio == "stretch"
    assert names(found.model).count("MaxPooling2D") == pools
    assert min(taken) // 2**pools >= 4


def test_images_of_mixed_proportions_are_padded_and_not_cut(folder):
    found = made(folder(size=[(100, 200), (200, 100), (120, 120)], count=3))
    assert found.data.source.options.image_size[0] == found.data.source.options.image_size[1]
    assert found.data.source.options.aspect_ratio == "pad"


@pytest.mark.parametrize(
    ("mode", "color_mode"), [("L", "grayscale"), ("1", "grayscale"), ("RGB", "rgb"), ("P", "rgb")]
)
def test_the_colours(folder, mode, color_mode):
    found = made(folder(mode=mode))
    assert found.data.source.options.color_mode == color_mode
    assert ("RandomFlip" in names(found.augmentation)) == (color_mode == "rgb")


@pytest.mark.slow
def test_normalisation_settles_in_the_steps_that_there_are(folder, arrays):
    """Keras's own momentum of 0.99 needs some 500 steps; the reason stands in the config."""
    starter = make_starter(folder(count=20), SCRATCH)
    found = experiment(starter.text)
    momenta = {step.arguments["momentum"] for step in found.model if step.name == "BatchNormalization"}
    assert momenta == {0.9}
    assert "momentum 0.9: Keras's 0.99 needs some 500 steps" in starter.text
    assert any("0.99 needs some 500 steps" in decision for decision in starter.decisions)
    assert found.training.epochs * (32 / found.data.batch_size) >= 200
    many = arrays(x=np.zeros((60_000, 8, 8), np.uint8), y=np.arange(60_000) % 10)
    assert (made(many).data.batch_size, made(many).training.epochs) == (128, 5)


@pytest.mark.parametrize(
    ("num_train", "wanted", "size"),
    [(400, 32, 32), (10, 16, 2), (2, 16, 2), (129, 32, 33), (321, 64, 65), (5, 4, 3), (7, 8, 4)],
)
def test_a_step_takes_a_part_of_the_data_and_leaves_no_single_example(num_train, wanted, size):
    assert batch_size_for(num_train, wanted) == size
    assert num_train % size != 1


def test_the_path_is_relative_to_where_the_config_will_be(folder, tmp_path):
    folder()
    deep = Wishes(weights="none", written_in=Path("configs/deep"))
    assert "path: ../../images," in make_starter(Path("images"), deep).text
    assert f"path: {tmp_path}/images," in make_starter(tmp_path / "images", deep).text


@pytest.mark.parametrize("name", ["9", "1e3", "null", "true", "a: b", 'q"', "#", "-x", "x y"])
def test_a_name_is_a_text_whatever_it_looks_like(folder, name):
    folder().rename(name)
    found = made(Path(name))
    assert isinstance(found.name, str) and found.name
    assert found.data.source.options.path.resolve() == Path(name).resolve()


def test_no_data_is_the_digits(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = made(None)
    assert (found.name, found.data.source.name) == ("digits", "digits")


@pytest.mark.parametrize("name", ['a\n"b', "\x9b31m", "\u202e", "\udcff", "é🎉"])
def test_any_folder_is_found_again(folder, name):
    """The path in the config is the folder's, and nothing in it steers a terminal."""
    folder(size=(9, 9)).rename(name)
    text = make_starter(Path(name), SCRATCH).text
    assert all(character.isprintable() or character == "\n" for character in text)
    assert experiment(text).data.source.options.path == Path(name).resolve()


@pytest.mark.parametrize(
    ("folders", "splits"),
    [(("Training", "Testing"), "test"), (("TRAIN", "Valid"), "validation"), (("train", "val"), "validation")],
)
def test_folders_of_splits_by_any_of_their_names(folder, folders, splits):
    for name in folders:
        folder(f"all/{name}", classes=("cat", "dog"), count=3)
    starter = make_starter(Path("all"), SCRATCH)
    assert starter.found == f"12 rgb images 30 × 30, of 2 classes, 6 of them for {splits}"


def test_what_is_no_data(folder):
    only = folder(classes=("only",))
    with pytest.raises(DataError, match="only one class"):
        make_starter(only, SCRATCH)
    with pytest.raises(UsageError, match="nope: no such file or folder"):
        make_starter(Path("nope"), SCRATCH)
    Path("a.pdf").write_text("")
    expected = (
        r"a\.pdf: expected a folder of images, texts or sounds, a table .*, a text \(\.txt\), tagged words"
    )
    with pytest.raises(UsageError, match=expected):
        make_starter(Path("a.pdf"), SCRATCH)
    # A folder of photographs without folders for their classes, and one that is a level too high.
    flat = Path("flat")
    flat.mkdir()
    for number, path in enumerate(sorted(only.glob("*/*"))):
        path.rename(flat / f"{number}.png")
    with pytest.raises(DataError, match="1 images but no class folders"):
        make_starter(flat, SCRATCH)
    for name in ("2023", "2024"):
        folder(f"years/{name}", classes=("cat", "dog"))
    with pytest.raises(DataError, match="one level too high"):
        make_starter(Path("years"), SCRATCH)


def test_a_damaged_image_is_named(folder):
    (folder() / "a" / "0.png").write_bytes(b"no image")
    with pytest.raises(DataError, match=r"images/a/0\.png: expected a JPEG") as caught:
        make_starter(Path("images"), SCRATCH)
    assert "on_bad_file: skip" in str(caught.value.hint)


@pytest.mark.parametrize(("count", "named", "rest"), [(2, 2, None), (5, 5, None), (9, 5, "; and 4 more")])
def test_all_damaged_images_are_told_of_at_once(folder, count, named, rest):
    images = sorted(folder(count=10).glob("*/*.png"))
    for number, path in enumerate(images[:count]):
        path.write_bytes([b"", b"no image", path.read_bytes()[:20]][number % 3])
    table = "\n".join(["image,label", *(f"{path},{path.parent.name}" for path in images)])
    Path("t.csv").write_text(table)
    for data in (Path("images"), Path("t.csv")):
        with pytest.raises(DataError) as caught:
            make_starter(data, SCRATCH)
        message = caught.value.message
        assert message.startswith(f"{count} of 20 images cannot be read: ")
        assert message.count(".png: ") == named
        assert message.endswith(rest) if rest else "more" not in message
        assert "on_bad_file: skip" in str(caught.value.hint)
