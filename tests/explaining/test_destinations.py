"""Each image has a picture of its own, and no image is overwritten."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bigmodel_cli.errors import UsageError
from bigmodel_cli.explaining.destinations import Destinations
from bigmodel_cli.inference.inputs import Inputs
from bigmodel_cli.kinds.inputs import Input


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def paths(out, *names):
    items = [Input(name) for name in names]
    destinations = Destinations(out, Inputs([items]))
    return [str(destinations.next_for(item)) for item in items]


def test_in_the_current_folder():
    assert paths(None, "photos/cat.jpg", "dog.png") == ["cat-explained.png", "dog-explained.png"]


def test_in_a_folder_that_need_not_be_there():
    assert paths(Path("deep/out"), "cat.jpg") == ["deep/out/cat-explained.png"]
    Path("there.png").mkdir()
    assert paths(Path("there.png"), "cat.jpg") == ["there.png/cat-explained.png"]


def test_in_a_file():
    assert paths(Path("deep/Cat.PNG"), "cat.jpg") == ["deep/Cat.PNG"]


def test_names_that_are_there_twice():
    assert paths(None, "a/0.png", "b/0.png", "c/0.jpg") == [
        "0-explained.png",
        "0-explained-2.png",
        "0-explained-3.png",
    ]


def test_an_image_is_never_overwritten():
    Path("link").symlink_to(".")
    assert paths(None, "cat.png", "link/cat-explained.png") == [
        "cat-explained-2.png",
        "cat-explained-explained.png",
    ]
    with pytest.raises(UsageError, match=r"--out link/cat.png: this is the image itself"):
        paths(Path("link/cat.png"), "cat.png")


def test_rows_of_an_array():
    items = [Input(f"deep/x.npy[{number}]", np.zeros(1)) for number in (0, 12)]
    destinations = Destinations(None, Inputs([items]))
    assert [str(destinations.next_for(item)) for item in items] == ["x-0-explained.png", "x-12-explained.png"]


def test_one_file_for_several_images():
    with pytest.raises(
        UsageError, match=r"--out all\.png: one file for 2 images; expected a folder"
    ) as error:
        paths(Path("all.png"), "a.png", "b.png")
    assert error.value.hint == "--out all/"


@pytest.mark.parametrize("name", ["x.jpg", "x.pdf", "x.SVG"])
def test_another_kind_of_file(name):
    with pytest.raises(UsageError, match=r"expected a folder, or a file that ends in \.png"):
        paths(Path(name), "a.png")


def test_a_name_as_long_as_can_be():
    (path,) = paths(None, f"{'é' * 125}.png")
    Path(path).touch()
    assert path == f"{'é' * 50}-explained.png"
