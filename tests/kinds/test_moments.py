"""Moments of recordings, as people read them."""

from __future__ import annotations

import pytest

from bigmodel_cli.kinds.inputs import clock


@pytest.mark.parametrize(
    ("seconds", "says"),
    [
        (0, "0:00.0"),
        (2.5, "0:02.5"),
        (0.25, "0:00.25"),
        (59.96, "0:59.96"),
        (59.9999, "1:00.0"),
        (3725.0, "62:05.0"),
    ],
)
def test_moments_are_told_apart(seconds, says):
    assert clock(seconds) == says
