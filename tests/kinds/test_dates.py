"""Moments as the numbers that they are turned into."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from bigmodel_cli.kinds.date import cells
from bigmodel_cli.kinds.date.cells import DateCells
from bigmodel_cli.kinds.date.kind import PARTS, DateKind
from bigmodel_cli.sources.tables.columns import Dates

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("days", [3, 800_000])
@pytest.mark.parametrize("at_once", [16, 1000])
def test_parts_of_moments_are_those_of_the_calendar(days, at_once, monkeypatch):
    """Of moments in few days the calendar is asked once for each day, of others once for each row."""
    monkeypatch.setattr(cells, "_AT_ONCE", at_once)
    seconds = np.random.default_rng(0).integers(-days * 40_000, days * 40_000, 200)
    moments = np.append(seconds.astype("datetime64[s]").astype("datetime64[us]"), np.datetime64("NaT"))
    held = DateCells(DateKind(tuple(PARTS), "YYYY-MM-DD")).held(Dates(moments))
    assert (held.array.dtype, held.array.shape, held.names) == (np.float32, (201, len(PARTS)), None)
    assert np.isnan(held.array[-1]).all()
    for row, second in zip(held.array, seconds.tolist(), strict=False):
        moment = EPOCH + timedelta(seconds=second)
        expected = [moment.year, moment.month, moment.day, moment.weekday(), moment.hour, moment.minute]
        assert row[:-1].tolist() == expected
        assert row[-1] == np.float32(second / 86400)


@pytest.mark.parametrize("moments", [[], ["NaT", "NaT"]])
def test_no_moments(moments):
    held = DateCells(DateKind(("year", "hour"))).held(Dates(np.array(moments, "datetime64[us]")))
    assert held.array.shape == (len(moments), 2)
    assert np.isnan(held.array).all()
