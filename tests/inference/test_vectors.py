"""A model of a column of lists: trained on JSON lines, asked by any form of table."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytestmark = pytest.mark.tf
CONFIG = """\
seed: 1
data: {source: {table: {path: t.jsonl, target: y}}, batch_size: 16}
preprocessing: {number: [Normalization], array: [Normalization]}
model:
  - Concatenate: {inputs: [numbers, arrays]}
  - Dense: {units: num_classes, activation: softmax}
loss: CategoricalCrossentropy
optimizer: {Adam: {learning_rate: 0.1}}
training: {epochs: 5, device: cpu, deterministic: true}
"""


def test_a_model_of_lists_is_trained_and_asked(
    bigmodel: Callable[..., Any], write: Callable[..., str], tmp_path: Path
) -> None:
    vectors = np.random.default_rng(0).normal(size=(200, 3)).round(2)
    rows = [
        {"x": number % 50, "v": vector.tolist(), "y": "up" if vector[1] > 0 else "down"}
        for number, vector in enumerate(vectors)
    ]
    write("".join(f"{json.dumps(row)}\n" for row in rows), "t.jsonl")
    trained = bigmodel("train", write(CONFIG), "--json")
    assert trained.code == 0, trained.err
    run = Path(trained.json["run"])
    assert "v: array" in (run / "config.yaml").read_text()
    write("x;v\n3;[0.1, 2, 0.3]\n4;[0.5, -2, 0]\n5;[1, 2]\n6;\n7;[0.1, -2, 99]\n", "q.csv")
    asked = bigmodel("predict", "q.csv", "--run", run, "--json")
    assert asked.code == 3, asked.err
    found = asked.json["predictions"]
    assert [one.get("prediction") for one in found if "prediction" in one] == ["up", "down", "down"]
    text = json.dumps(asked.json)
    assert "q.csv:4, v: expected a list of 3 numbers, found '[1, 2]'" in text
    assert "q.csv:5, v: expected a list of 3 numbers, found ''" in text
    unlike = [one["unlike"] for one in found if one.get("unlike")]
    assert len(unlike) == 1 and "99" in json.dumps(unlike)
    one = bigmodel("predict", "--run", run, "--set", "x=3", "--set", "v=[0.1, 2, 0.3]", "--json")
    assert one.json["predictions"][0]["prediction"] == "up"
    assert bigmodel("evaluate", run, "--json").json["split"] == "test"
