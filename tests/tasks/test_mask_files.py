"""Masks as files: what is read again is what was written, what nobody saw included."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from bigmodel_cli.tasks.segmentation.drawing import mask_png
from bigmodel_cli.tasks.segmentation.predictions import SegmentationPredictions
from bigmodel_cli.tasks.segmentation.task import Segmentation

MASK = np.array([[0, 1, 1], [-1, -1, 0]])


@pytest.mark.parametrize("num_classes", [2, 3, 5, 17, 255, 300])
def test_what_was_not_seen_is_no_class(num_classes):
    """A palette of few colours would leave pixels too few bits for 255."""
    with Image.open(io.BytesIO(mask_png(MASK, num_classes))) as image:
        found = np.asarray(image).astype(int)
    largest = 255 if num_classes <= 255 else 65_535
    np.testing.assert_array_equal(found, np.where(MASK < 0, largest, MASK))


def test_a_whole_mask_is_as_small_as_its_palette():
    with Image.open(io.BytesIO(mask_png(np.abs(MASK), 3))) as image:
        assert (image.mode, len(image.getpalette())) == ("P", 9)


def test_the_example_of_an_export_tells_shares(capsys):
    """Places of pixels are no places of labels."""
    scores = np.eye(2)[np.array([[[0, 1, 1], [1, 1, 1]]])]
    given = {"np": np, "LABELS": {"mask": ["ground", "cell"]}, "predict": lambda _: {"mask": scores}}
    exec(SegmentationPredictions(Segmentation((2, 3), ("ground", "cell"))).telling.code, given)
    given["tell"]({})
    assert capsys.readouterr().out.splitlines() == ["cell 83.3%", "ground 16.7%"]
