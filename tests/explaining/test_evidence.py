"""A map in a few numbers."""

from __future__ import annotations

import numpy as np
import pytest

from bigmodel_cli.explaining.evidence import REGIONS, evidence_in
from bigmodel_cli.geometry import Geometry, Side

SAME = Geometry(Side(9, 0, 1), Side(6, 0, 1))
TWICE = Geometry(Side(18, 0, 2), Side(12, 0, 2))


@pytest.fixture
def values():
    found = np.zeros((6, 9))
    found[0, 7:9] = 1, 3
    found[5, 0] = 1
    found[3, 3] = -2
    return found


def test_peak_sums_and_shares(values):
    found = evidence_in(values, SAME)
    assert (found.total, found.against, found.peak) == (5, -2, (8, 0))
    assert dict(zip(REGIONS, found.regions, strict=True)) == {
        **dict.fromkeys(REGIONS, 0),
        "top right": 0.8,
        "bottom left": 0.2,
    }
    assert found.main_region == ("top right", 0.8)


def test_the_box_is_around_the_strongest_tenth():
    values = np.arange(54.0).reshape(6, 9)
    assert evidence_in(values, SAME).box == (3, 5, 8, 5)
    values[:] = -1
    values[2, 4] = 1
    assert evidence_in(values, SAME).box == (4, 2, 4, 2)


def test_places_are_those_of_the_file(values):
    found = evidence_in(values, TWICE)
    assert found.peak == (17, 1)
    assert found.box == (0, 0, 17, 11)
    assert found.regions == evidence_in(values, SAME).regions


def test_as_json(values):
    document = evidence_in(values, SAME).as_json()
    assert document["maximum"] == {"x": 8, "y": 0}
    assert document["box"] == {"left": 0, "top": 0, "right": 8, "bottom": 5}
    assert document["regions"]["top_right"] == 0.8 and sum(document["regions"].values()) == 1
    assert (document["evidence_for"], document["evidence_against"]) == (5, -2)


@pytest.mark.parametrize("value", [0.0, -1.0])
def test_nothing_speaks_for_the_class(value):
    found = evidence_in(np.full((6, 9), value), SAME)
    assert found.as_json() == {
        "evidence_for": 0,
        "evidence_against": 54 * value,
        "maximum": None,
        "box": None,
        "regions": None,
    }
