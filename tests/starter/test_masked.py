"""Configs that init writes for folders of images with masks."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from starters import SCRATCH, made

from bigmodel_cli.sources.base import LoadContext
from bigmodel_cli.starter import make_starter
from bigmodel_cli.starter.applications import application_named
from bigmodel_cli.starter.masked import find_masks, look_at_masks, masks_starter
from bigmodel_cli.starter.pretrained import Pretrained


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Writes pairs into folders of some names."""
    monkeypatch.chdir(tmp_path)

    def write(
        images="images", masks="masks", suffix="", splits=("",), values=(0, 1, 2), size=(60, 40), grey=False
    ):
        for split in splits:
            for number in range(6):
                mask = np.full((size[1], size[0]), values[0], np.uint8)
                mask[5:20, 5 : 20 + number] = values[1]
                mask[0, 0] = values[-1]
                pixels = mask if grey else np.stack([mask * 80, mask, mask], -1)
                for kind, drawn, behind in ((images, pixels, ""), (masks, mask, suffix)):
                    path = tmp_path / "cells" / split / kind / f"{number}{behind}.png"
                    path.parent.mkdir(parents=True, exist_ok=True)
                    Image.fromarray(drawn).save(path)
        return tmp_path / "cells"

    return write


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"splits": ("train", "val")},
        {"images": "imgs", "masks": "Masks", "suffix": "_mask"},
        {"images": "JPEGImages", "masks": "SegmentationClass"},
    ],
    ids=["plain", "splits", "suffix", "voc"],
)
def test_folders_of_masks_are_known(folder, given):
    experiment = made(folder(**given))
    options = experiment.data.source.options
    assert experiment.data.source.name == "mask_folder"
    assert options.images == given.get("images", "images")
    assert options.mask_suffix == given.get("suffix", "")
    assert options.classes == {"0": 0, "1": 1, "2": 2}
    assert options.image_size == (40, 64)
    assert [step.name for step in experiment.model] == ["unet", "Conv2D"]


def test_a_value_for_what_nobody_knows_is_ignored(folder):
    options = made(folder(values=(0, 1, 255))).data.source.options
    assert (options.classes, options.ignore) == ({"0": 0, "1": 1}, 255)
    assert "# The value 255 counts nowhere" in make_starter(folder(values=(0, 1, 255)), SCRATCH).text


def test_a_class_of_validation_alone_is_one(folder):
    """Else the config would refuse to train: the value would be no class."""
    root = folder(splits=("train", "val"), values=(0, 1))
    folder(splits=("val",), values=(0, 1, 2))
    assert made(root).data.source.options.classes == {"0": 0, "1": 1, "2": 2}


def test_black_and_white_are_classes(folder):
    options = made(folder(values=(0, 255))).data.source.options
    assert (options.classes, options.ignore) == ({"0": 0, "255": 255}, None)


def test_grey_images_stay_grey(folder):
    found = make_starter(folder(grey=True), SCRATCH)
    assert "color_mode: grayscale" in found.text
    assert found.found == "6 grayscale images 60 × 40 with masks (6 train) of 3 classes"


def test_classes_that_are_called_so_stay_classes(folder):
    """Folders of photographs that happen to be called images and labels hold other names."""
    root = folder(masks="labels")
    for path in list((root / "labels").iterdir()):
        path.rename(path.with_name(f"x{path.name}"))
    assert made(root).data.source.name == "image_folder"


def test_weights_make_an_encoder(folder, tmp_path):
    start = Pretrained(application_named("MobileNet"), "own.weights.h5", "own.weights.h5")
    seen = look_at_masks(find_masks(folder()), LoadContext())
    text = masks_starter(seen, start, tmp_path).text
    assert "encoder: {MobileNet: {include_top: false, weights: own.weights.h5}}" in text
    assert "initial_learning_rate: 1e-3" in text
