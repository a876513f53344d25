"""Texts of any length: nothing of them is kept, since nothing has one size."""

from __future__ import annotations

import numpy as np
import pytest

from bigmodel_cli.listener import Silent
from bigmodel_cli.modeling.language import read_config

pytestmark = pytest.mark.tf
CONFIG = """\
data:
  source: {table: {path: rows.csv, target: label, columns: {text: {text: {}}}}}
  batch_size: 16
preprocessing:
  text: [TextVectorization]
model:
  - token_and_position: {width: 8, positions: sinusoidal}
  - transformer: {layers: 1, heads: 2}
  - masked_pooling
  - Dense: {units: num_classes, activation: softmax}
loss: SparseCategoricalCrossentropy
optimizer: Adam
training: {deterministic: true}
"""


def test_texts_need_no_length(tmp_path, monkeypatch):
    from bigmodel_cli.inference.run_data import load_splits
    from bigmodel_cli.training.known_data import fit_to_data
    from bigmodel_cli.training.prepared import prepare

    words = [" ".join(["red", "green", "house"][: number % 4] * (1 + number % 3)) for number in range(96)]
    rows = [f"{'colour' if text else 'none'},{text or ':)'}" for text in words]
    (tmp_path / "rows.csv").write_text("label,text\n" + "\n".join(rows) + "\n")
    (tmp_path / "c.yaml").write_text(CONFIG)
    monkeypatch.chdir(tmp_path)
    config = read_config(tmp_path / "c.yaml")
    splits = load_splits(config.experiment, Silent(), offline=True)
    made = prepare(fit_to_data(config, splits, lambda _: None), splits, Silent())
    feed = made.feeds["train"]
    steps, loss = made.training.run(feed.chunk(feed.rows(feed.epoch_order(seed=0, epoch=1), 0, 2)))
    assert steps == 2 and np.isfinite(loss)
