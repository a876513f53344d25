"""`sample_weight` and `missing_target: mask`: what an example counts in the loss of each target."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bigmodel_cli.listener import Silent
from bigmodel_cli.metrics_file import read_metrics
from bigmodel_cli.new_run import NewRun

pytestmark = pytest.mark.tf

CONFIG = """\
data:
  source: {{table: {{path: {path}, target: {target}{more}}}}}
  validation: {validation}
  test: 0
  batch_size: 64
model:
  - Dense: {{units: 3, activation: tanh, name: trunk}}
{heads}
loss: {loss}
optimizer: {{SGD: {{learning_rate: 0.1}}}}
metrics: {metrics}
training: {{epochs: 3, device: cpu, jit_compile: false, precision: float32}}
"""
HEAD = "  - Dense: {units: 1, activation: sigmoid, name: y}"
TWO = HEAD + "\n  - Dense: {units: 1, name: z, inputs: [trunk]}"


@pytest.fixture
def fit(tmp_path, monkeypatch):
    """Trains a table of rows in batches of all of them; gives the rows of metrics.csv by column."""
    from bigmodel_cli.modeling.language import read_config
    from bigmodel_cli.training.train import train

    monkeypatch.chdir(tmp_path)

    def call(csv, **words):
        told = {"target": "y", "more": "", "heads": HEAD, "loss": "BinaryCrossentropy", "metrics": "auto"}
        Path("t.csv").write_text(csv, "utf-8")
        text = CONFIG.format(**{**told, "path": "t.csv", "validation": 0, **words})
        Path("c.yaml").write_text(text, "utf-8")
        result = train(read_config(Path("c.yaml")), NewRun(tmp_path / "runs", "c"), [Silent()])
        return read_metrics(result.run.metrics)

    return call


ROWS = [(n * 7 % 13 / 13, n * 5 % 11 / 11, "ab"[n * n % 5 % 2], 1 + n % 3) for n in range(24)]


def test_a_row_of_weight_three_counts_as_three_rows(fit):
    weighted = "u,v,y,w\n" + "".join(f"{u},{v},{y},{1000 * w}\n" for u, v, y, w in ROWS)
    repeated = "u,v,y\n" + "".join(f"{u},{v},{y}\n" * w for u, v, y, w in ROWS)
    found, expected = fit(weighted, more=", sample_weight: w"), fit(repeated)
    # Whatever unit weights have: the learning rate keeps its meaning.
    np.testing.assert_allclose(found["loss"], expected["loss"], rtol=2e-5)
    unweighted = fit("u,v,y\n" + "".join(f"{u},{v},{y}\n" for u, v, y, _ in ROWS))
    assert not np.allclose(unweighted["loss"], expected["loss"], rtol=1e-3)
    # Metrics are of rows as they are, as Keras's are.
    assert found["accuracy"][0] == pytest.approx(unweighted["accuracy"][0])
