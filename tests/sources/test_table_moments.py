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
