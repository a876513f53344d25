"""Where preprocessing of rows is kept, and what is said of it."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from bigmodel_cli.metrics_file import TIME_COLUMNS

pytestmark = pytest.mark.tf

CONFIG = """\
data: {source: {table: {path: t.csv, target: label}}, batch_size: 16, cache: CACHE}
preprocessing: {category: [{StringLookup: {output_mode: one_hot}}]}
model: [{Dense: {units: 1, activation: sigmoid}}]
loss: BinaryCrossentropy
optimizer: Adam
training: {epochs: 2, deterministic: true}
"""


def write_table():
    rows = "".join(f"{'red' if n % 3 else 'blue'},{n % 2}\n" for n in range(100))
    Path("t.csv").write_text(f"color,label\n{rows}".replace(",0\n", ",no\n").replace(",1\n", ",yes\n"))


@pytest.mark.usefixtures("deterministic")
def test_where_it_is_kept_changes_no_digit(bigmodel, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BIGMODEL_CACHE", str(tmp_path / "cache"))
    write_table()
    found = {}
    for cache in ("auto", "disk", "none"):
        Path("c.yaml").write_text(CONFIG.replace("CACHE", cache))
        outcome = bigmodel("train", "c.yaml", "--plain", "--runs-dir", cache)
        assert outcome.code == 0, outcome.err
        says = {"auto": "once, and kept in memory", "disk": "once, and kept on disk"}.get(cache)
        assert says is None or f"preprocessing is computed {says}" in outcome.err
        (metrics,) = Path(cache).glob("*/*/metrics.csv")
        with metrics.open() as file:
            found[cache] = [
                {k: v for k, v in row.items() if k not in TIME_COLUMNS} for row in csv.DictReader(file)
            ]
    assert len(found["none"]) == 2
    assert found["disk"] == found["auto"] == found["none"]
    # The files end with the run.
    assert not [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a disk that is full is Linux's /dev/full")
def test_a_disk_that_takes_nothing_is_an_error_with_a_way_out(bigmodel, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BIGMODEL_CACHE", str(tmp_path / "cache"))
    write_table()
    Path("c.yaml").write_text(CONFIG.replace("CACHE", "disk"))
    monkeypatch.setattr("tempfile.TemporaryFile", lambda **_: open("/dev/full", "r+b"))  # noqa: PTH123, SIM115
    outcome = bigmodel("train", "c.yaml", "--plain")
    assert outcome.code == 5
    assert f"{tmp_path / 'cache'}" in outcome.err and "data.cache=none keeps nothing" in outcome.err
