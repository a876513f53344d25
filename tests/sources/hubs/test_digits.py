"""MNIST as TFDS and Hugging Face's datasets have it is what the source `mnist` reads, to the last byte."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hub_folders import digits_as_hf, digits_as_tfds, needs_hf, needs_tfds

from bigmodel_cli.sources.base import Source
from bigmodel_cli.sources.idx import read_idx_folder

CONFIG = """\
seed: 3
data: {{source: {source}, batch_size: 100}}
preprocessing: [{{Rescaling: {{scale: 1/255}}}}]
model:
  - Flatten
  - Dense: {{units: 32, activation: relu}}
  - Dense: {{units: num_classes, activation: softmax}}
loss: CategoricalCrossentropy
optimizer: Adam
training: {{epochs: 2, device: cpu, deterministic: true}}
"""


@pytest.fixture(scope="session")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], Mapping[str, np.ndarray]]:
    """A few thousand of the real digits."""

    def read(folder: Path) -> Mapping[str, np.ndarray]:
        arrays = read_idx_folder(folder)
        return {
            name: array[:3000] if name.endswith("train") else array[:500] for name, array in arrays.items()
        }

    return read


@pytest.fixture
def places(
    digits: Callable[[Path], Mapping[str, np.ndarray]], shared_data: Callable[[str], Path], tmp_path: Path
) -> Mapping[str, str]:
    """The same digits for each source, as a config names them."""
    arrays = digits(shared_data("mnist"))
    np.savez(tmp_path / "mnist.npz", **arrays)
    digits_as_tfds(tmp_path / "tfds", arrays)
    saved = digits_as_hf(arrays)
    saved.save_to_disk(tmp_path / "saved")
    for split, part in saved.items():
        part.to_parquet(tmp_path / "parquet" / f"{split}.parquet")
    return {
        "mnist": f"{{mnist: {{path: {tmp_path / 'mnist.npz'}}}}}",
        "tfds": f"{{tfds: {{name: mnist, data_dir: {tmp_path / 'tfds'}}}}}",
        "hf": f"{{hf: {{path: {tmp_path / 'saved'}}}}}",
        "hf parquet": f"{{hf: {{path: {tmp_path / 'parquet'}, cache_dir: {tmp_path / 'cache'}}}}}",
    }


@needs_tfds
@needs_hf
@pytest.mark.data
@pytest.mark.tf
def test_the_same_losses_to_the_last_digit(
    places: Mapping[str, str], write: Callable[..., str], bigmodel: Callable[..., Any]
) -> None:
    losses, fingerprints = {}, {}
    for name, source in places.items():
        outcome = bigmodel("train", write(CONFIG.format(source=source)), "--offline", "--json")
        assert outcome.code == 0, outcome.err
        run = Path(outcome.json["run"])
        columns = (run / "metrics.csv").read_text().splitlines()
        names = columns[0].split(",")
        losses[name] = [
            [cell for title, cell in zip(names, row.split(","), strict=True) if "loss" in title]
            for row in columns[1:]
        ]
        splits = json.loads((run / "run.json").read_text())["data"]["splits"]
        fingerprints[name] = {split: part["sha256"] for split, part in splits.items()}
    assert len(losses["mnist"]) == 2 and len(losses["mnist"][0]) == 2
    assert set(fingerprints["mnist"]) == {"train", "validation", "test"}
    for name in places:
        assert losses[name] == losses["mnist"], name
        assert fingerprints[name] == fingerprints["mnist"], name


def as_read(source: Source) -> dict[str, tuple[str, int]]:
    return {split: (part.fingerprint(), len(part)) for split, part in source.splits.items()}


@needs_tfds
def test_tfds_draws_what_predict_is_given_as_mnist_does(
    load: Callable[..., Source], mnist_arrays: Mapping[str, np.ndarray], tmp_path: Path
) -> None:
    np.savez(tmp_path / "mnist.npz", **mnist_arrays)
    digits_as_tfds(tmp_path, mnist_arrays)
    theirs = load("tfds", name="mnist", data_dir=tmp_path)
    ours = load("mnist", path=tmp_path / "mnist.npz")
    assert theirs.signature == ours.signature
    assert as_read(theirs) == as_read(ours)
