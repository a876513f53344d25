"""Numbers that say when something was: exact, where float32 takes two minutes of seconds for one."""

from __future__ import annotations

import numpy as np
import pytest

from bigmodel_cli.config.schema import SplitBy
from bigmodel_cli.pipeline.split_by import Column
from bigmodel_cli.sources.base import LoadContext
from bigmodel_cli.sources.table import TableOptions

# All of them are one number as float32.
FIRST = 1_700_000_000
MOMENTS = [FIRST + (row * 7) % 30 for row in range(30)]


@pytest.mark.parametrize("told", ["ignore", "number"])
def test_each_second_is_a_moment_of_its_own(tmp_path, told):
    rows = "".join(f"u{row % 3},i{row % 5},{at}\n" for row, at in enumerate(MOMENTS))
    (tmp_path / "t.csv").write_text(f"who,what,at\n{rows}")
    columns = {"who": "category", "what": "category", "at": told}
    target = {"what": {"retrieve": {"user": "who", "time": "at"}}}
    source = TableOptions(path=tmp_path / "t.csv", target=target, columns=columns).load(
        LoadContext(order_by="at")
    )
    examples = source.splits["train"]
    assert examples.sought["what"]["time"].tolist() == MOMENTS
    held_out = Column(SplitBy(time="at")).held_out(examples, 4, None, 0)
    assert sorted(MOMENTS[row] - FIRST for row in held_out) == [26, 27, 28, 29]
    if told == "number":
        # A model takes it as any other number.
        assert examples.inputs["at"].array.dtype == np.float32


def test_a_target_that_says_when_is_a_number_as_others_are(tmp_path):
    (tmp_path / "t.csv").write_text("x,at\n" + "".join(f"{row},{at}\n" for row, at in enumerate(MOMENTS)))
    source = TableOptions(path=tmp_path / "t.csv", target="at", columns={"x": "number", "at": "number"}).load(
        LoadContext(order_by="at")
    )
    assert source.splits["train"].targets["at"].dtype == np.float32
    assert source.splits["train"].beside["at"].array.tolist() == MOMENTS


def test_dates_are_of_no_other_unit_however_late_they_are(tmp_path):
    rows = "".join(f"u{row % 3},i{row % 5},{2000 + 250 * row}-12-31\n" for row in range(30))
    (tmp_path / "t.csv").write_text(f"who,what,at\n{rows}")
    retrieve = {"user": "who", "time": "at", "popularity": {"days": 7}}
    options = TableOptions(
        path=tmp_path / "t.csv",
        target={"what": {"retrieve": retrieve}},
        columns={"who": "category", "what": "category", "at": "date"},
    )
    times = options.load(LoadContext()).splits["train"].sought["what"]["time"]
    assert times[0] == np.datetime64("2000-12-31", "s").astype(int)
    assert times[-1] == np.datetime64("9250-12-31", "s").astype(int)
