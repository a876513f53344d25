"""Rows of CSV come back as they were, whatever is in their cells; metrics.csv is made of them."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from bigmodel_cli.csv_rows import csv_row
from bigmodel_cli.metrics_file import FIRST_COLUMNS, MetricsLog, read_metrics


def read_back(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline="")))


@pytest.mark.parametrize(
    ("cells", "row"),
    [
        (["a", 1, 0.5, ""], "a,1,0.5,\n"),
        (["a\rb", "c"], '"a\rb",c\n'),
        (['say "x"', "a,b"], '"say ""x""","a,b"\n'),
        (["caf\udce9", "é"], "caf\\udce9,é\n"),
    ],
)
def test_a_row(cells: list[object], row: str) -> None:
    assert csv_row(cells) == row


def test_metrics_with_odd_names(tmp_path: Path) -> None:
    log = MetricsLog(tmp_path / "metrics.csv", ["a\rb", "c\nd", "e,f"])
    row = {**dict.fromkeys(FIRST_COLUMNS, 1), "a\rb": 0.1, "c\nd": 2, "e,f": float("nan")}
    log.start_over([row])
    log.add({**row, "a\rb": 0.25})
    read = read_metrics(tmp_path / "metrics.csv")
    assert list(read) == log.columns
    assert read["a\rb"] == [0.1, 0.25] and read["c\nd"] == [2.0, 2.0]
