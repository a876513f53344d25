"""The nearest name."""

from __future__ import annotations

import pytest

from bigmodel_cli.config.spelling import closest


@pytest.mark.parametrize(
    ("word", "candidates", "meant"),
    [
        ("conv2d", ["Conv1D", "Conv2D", "Conv3D"], "Conv2D"),
        ("batch-size", ["batch_size", "batch_sizes"], "batch_size"),
        ("Adma", ["Adamax", "Adam"], "Adam"),
        ("zebra", ["ape", "bee"], None),
    ],
)
def test_closest(word, candidates, meant):
    assert closest(word, candidates) == meant
