"""Columns of masks of a table: classes of the pixels of an image in another column."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from bigmodel_cli.errors import ConfigError, DataError
from bigmodel_cli.modeling.language import read_config
from bigmodel_cli.sources.base import LoadContext, Source
from bigmodel_cli.sources.table import TableOptions

CLASSES = {"ground": 0, "cell": [1, 2]}


@pytest.fixture
def load(tmp_path: Path) -> Any:
    """Six images with masks in folders of their own; some may be written anew, or cells be other ones."""

    def call(
        masks: dict[int, Any] | None = None,
        cells: dict[int, str] | None = None,
        context: LoadContext | None = None,
        classes: Any = None,
        **told: Any,
    ) -> Source:
        lines = ["photo,outline,kind"]
        for number in range(6):
            mask = np.zeros((10, 8), np.uint8)
            mask[number:, 2:5] = 1 + number % 2
            mask[0, 0] = 9
            for name, pixels in (("photos", mask * 40), ("masks", mask)):
                (tmp_path / name).mkdir(exist_ok=True)
                Image.fromarray(pixels).save(tmp_path / name / f"{number}.png")
            if masks and number in masks:
                Image.fromarray(masks[number]).save(tmp_path / "masks" / f"{number}.png")
            path = (cells or {}).get(number, f"masks/{number}.png")
            lines.append(f"photos/{number}.png,{path},{'ab'[number % 2]}")
        (tmp_path / "t.csv").write_text("\n".join(lines))
        columns = {
            "photo": {"image": {"image_size": [5, 4]}},
            "outline": {"mask": {"of": "photo", "classes": classes or CLASSES, "ignore": 9}},
        }
        target = told.pop("target", ["outline", "kind"])
        options = TableOptions(path=tmp_path / "t.csv", target=target, columns=columns, **told)
        return options.load(context or LoadContext())

    return call


def test_masks_are_classes_of_pixels_in_the_size_of_their_images(load: Any) -> None:
    found = load()
    outline, kind = (found.signature.targets[name] for name in ("outline", "kind"))
    assert (outline.size, outline.class_names, outline.listed) == ((5, 4), ("ground", "cell"), "ground, cell")
    assert kind.class_names == ("a", "b")
    masks = found.splits["train"].targets["outline"]
    assert (masks.shape, masks.dtype) == ((6, 5, 4), np.int8)
    # Each pixel of the model's is the nearest one of four.
    expected = np.zeros((10, 8), np.int8)
    expected[3:, 2:5] = 1
    assert (masks[3] == expected[1::2, 1::2]).all()
    assert list(found.signature.inputs) == ["photo"]


def test_what_counts_nowhere_is_marked(load: Any) -> None:
    mask = np.full((10, 8), 9, np.uint8)
    mask[:, 4:] = 2
    masks = load({2: mask}).splits["train"].targets["outline"]
    assert (masks[2, :, :2] == -1).all() and (masks[2, :, 2:] == 1).all()


WRONG = [
    ({1: np.zeros((9, 8), np.uint8)}, {}, r"masks/1.png: 8 × 9 pixels, and its image 1.png has 8 × 10"),
    (
        {1: np.full((10, 8), 7, np.uint8)},
        {},
        r"masks/1.png: 80 pixels have a value that is no class, first 7",
    ),
    ({}, {4: "masks/none.png"}, r"masks/none.png: no such file"),
]


@pytest.mark.parametrize(("masks", "cells", "told"), WRONG, ids=["size", "value", "missing"])
def test_masks_that_are_none_are_named_or_left_out(load: Any, masks: Any, cells: Any, told: str) -> None:
    with pytest.raises(DataError, match=told):
        load(masks, cells)
    left: list[tuple[str, str]] = []
    context = LoadContext(
        skip_bad_files=True, left_out=lambda split, name, problem: left.append((split, problem.message))
    )
    found = load(masks, cells, context)
    assert len(found.splits["train"]) == 5
    ((split, message),) = left
    assert split == "train" and re.search(told, message)
    # Rows behind the one that is left out still have their own masks.
    whole = load().splits["train"].targets["outline"]
    assert (found.splits["train"].targets["outline"][-1] == whole[-1]).all()


def test_rows_without_a_mask_are_dropped_or_train_the_other_target(load: Any) -> None:
    with pytest.raises(DataError, match=r"t\.csv:4, outline: no target"):
        load(cells={2: ""})
    assert len(load(cells={2: ""}, missing_target="drop").splits["train"]) == 5
    masked = load(cells={2: ""}, missing_target="mask").splits["train"]
    assert len(masked) == 6
    assert masked.known["outline"].tolist() == [True, True, False, True, True, True]
    assert (masked.targets["outline"][2] == -1).all() and (masked.targets["outline"][3] >= -1).any()


def test_a_mask_is_given_to_no_model(load: Any) -> None:
    with pytest.raises(ValueError, match="'outline' is a mask, which is predicted and no model gets"):
        load(target="kind")


CONFIG = """\
data:
  source:
    table:
      path: t.csv
      target: outline
      columns: {photo: {image: {image_size: 8}}, kind: category, outline: COLUMN}
  batch_size: 2
model:
  - unet: {inputs: [photo], filters: [4, 8]}
  - Conv2D: {filters: 2, kernel_size: 1, activation: softmax}
loss: SparseCategoricalCrossentropy
optimizer: Adam
training: {epochs: 1}
"""


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ("{classes: [a, b]}", "expected the column of the images whose masks these are"),
        ("{of: kind, classes: [a, b]}", "kind is no column that is said to be of images"),
        ("{of: photo}", "expected names of at least two classes"),
        ("{of: photo, classes: [a, b], ignore: x}", "expected a value from 0 to 65,535, or a colour"),
        ("{of: photo, classes: {a: 1, b: 1}}", "1 is said twice"),
        ("{of: photo, classes: [a, b], size: 3}", "no option 'size'"),
    ],
)
def test_options_are_checked_before_anything_is_read(tmp_path: Path, options: str, told: str) -> None:
    (tmp_path / "c.yaml").write_text(CONFIG.replace("COLUMN", f"{{mask: {options}}}"))
    with pytest.raises(ConfigError) as error:
        read_config(tmp_path / "c.yaml")
    assert "c.yaml:6:" in str(error.value) and f"mask of outline: {told}" in str(error.value)
    (tmp_path / "c.yaml").write_text(CONFIG.replace("COLUMN", "{mask: {of: photo, classes: [a, b]}}"))
    assert read_config(tmp_path / "c.yaml").experiment.targets == ("outline",)
