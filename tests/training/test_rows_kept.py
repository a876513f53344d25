"""Where preprocessing of rows is kept, and what is said of it."""

from __future__ import annotations

from pathlib import Path

import pytest

pytestmark = pytest.mark.tf

CONFIG = """\
data: {source: {table: {path: t.csv, target: label}}, batch_size: 16, cache: CACHE}
preprocessing: {category: [{StringLookup: {output_mode: one_hot}}]}
model: [{Dense: {units: 1, activation: sigmoid}}]
loss: BinaryCrossentropy
optimizer: Adam
training: {epochs: 1, deterministic: true}
"""


@pytest.mark.parametrize(
    ("cache", "says"),
    [
        ("auto", "preprocessing is computed once, and kept in memory"),
        ("disk", "preprocessing is computed in each epoch (columns of rows are kept in memory alone"),
        ("none", None),
    ],
)
def test_it_is_kept_in_memory_alone(bigmodel, tmp_path, monkeypatch, cache, says):
    monkeypatch.chdir(tmp_path)
    rows = "".join(f"{'red' if n % 3 else 'blue'},{n % 2}\n" for n in range(100))
    Path("t.csv").write_text(f"color,label\n{rows}".replace(",0\n", ",no\n").replace(",1\n", ",yes\n"))
    Path("c.yaml").write_text(CONFIG.replace("CACHE", cache))
    outcome = bigmodel("train", "c.yaml", "--plain")
    assert outcome.code == 0, outcome.err
    assert says is None or says in outcome.err
