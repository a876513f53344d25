"""Training on what others keep: rows of several columns, and examples that are read when they are needed."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hub_folders import digits_as_hf, digits_as_tfds, needs_hf, needs_tfds

from bigmodel_cli.sources.hubs import reading

pytestmark = pytest.mark.tf
ROWS = """\
seed: 1
data: {{source: {source}, batch_size: 16}}
preprocessing:
  number: [Normalization]
  category: [{{StringLookup: {{output_mode: one_hot}}}}]
model:
  - Dense: {{units: 8, activation: relu}}
  - Dense: {{units: num_classes, activation: softmax}}
loss: CategoricalCrossentropy
optimizer: Adam
training: {{epochs: 2, device: cpu, deterministic: true}}
"""
DIGITS = """\
seed: 1
data: {{source: {source}, batch_size: 4, on_bad_file: {on_bad_file}}}
model: [Flatten, {{Dense: {{units: num_classes, activation: softmax}}}}]
loss: CategoricalCrossentropy
optimizer: Adam
training: {{epochs: {epochs}, device: cpu, deterministic: true}}
"""


def losses(run: Path) -> list[list[str]]:
    titles, *rows = [line.split(",") for line in (run / "metrics.csv").read_text().splitlines()]
    return [[cell for title, cell in zip(titles, row, strict=True) if "loss" in title] for row in rows]


@needs_hf
def test_rows_are_those_of_a_table(
    bigmodel: Callable[..., Any], write: Callable[..., str], tmp_path: Path
) -> None:
    """The same columns as a CSV file have the same losses, to the last digit."""
    import datasets

    rng = np.random.default_rng(0)
    age = rng.integers(18, 90, 200)
    color = rng.choice(["red", "green", "blue"], 200)
    columns = {
        "age": age.tolist(),
        "color": color.tolist(),
        "bought": np.where((age > 50) ^ (color == "red"), "yes", "no").tolist(),
    }
    datasets.Dataset.from_dict(columns).save_to_disk(tmp_path / "saved")
    lines = [",".join(columns), *(",".join(map(str, row)) for row in zip(*columns.values(), strict=True))]
    write("\n".join(lines) + "\n", "rows.csv")
    found = []
    for source in (
        "{table: {path: rows.csv, target: bought}}",
        f"{{hf: {{path: {tmp_path / 'saved'}, target: bought}}}}",
    ):
        outcome = bigmodel("train", write(ROWS.format(source=source)), "--offline", "--json")
        assert outcome.code == 0, outcome.err
        found.append(losses(Path(outcome.json["run"])))
    assert len(found[0]) == 2 and found[0] == found[1]
    config = (Path(outcome.json["run"]) / "config.yaml").read_text()
    assert "color: category" in config and "age: number" in config


@needs_hf
@needs_tfds
@pytest.mark.parametrize("source", ["tfds", "hf"])
def test_a_resume_is_exact_where_examples_are_read_when_they_are_needed(
    bigmodel: Callable[..., Any],
    write: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
    mnist_arrays: Mapping[str, np.ndarray],
    tmp_path: Path,
    source: str,
) -> None:
    monkeypatch.setattr(reading, "KEPT_SHARE", 0.0)
    if source == "tfds":
        digits_as_tfds(tmp_path / "d", mnist_arrays)
        written = f"{{tfds: {{name: mnist, data_dir: {tmp_path / 'd'}}}}}"
    else:
        digits_as_hf(mnist_arrays).save_to_disk(tmp_path / "d")
        written = f"{{hf: {{path: {tmp_path / 'd'}}}}}"
    whole = write(DIGITS.format(source=written, on_bad_file="stop", epochs=4), "whole.yaml")
    half = write(DIGITS.format(source=written, on_bad_file="stop", epochs=2), "half.yaml")
    outcome = bigmodel("train", whole, "--json")
    assert outcome.code == 0, outcome.err
    expected = losses(Path(outcome.json["run"]))
    outcome = bigmodel("train", half, "--json")
    assert outcome.code == 0, outcome.err
    run = Path(outcome.json["run"])
    resumed = bigmodel("train", "--resume", run, "training.epochs=4", "--json")
    assert resumed.code == 0, resumed.err
    assert losses(run) == expected and len(expected) == 4
    evaluated = bigmodel("evaluate", run, "--json")
    assert evaluated.code == 0, evaluated.err
    assert json.loads((run / "run.json").read_text())["status"] == "completed"
