"""What the tests of the audit share: made-up photographs, folders of them, and audits of them."""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from bigmodel_cli.audit.audit import Audit, audit
from bigmodel_cli.listener import Silent
from bigmodel_cli.modeling.language import read_config

CONFIG = """\
name: flowers
data:
  source: {image_folder: {path: flowers, image_size: [64, 64]}}
  validation: 0
  test: 0
model: [Flatten, {Dense: {units: num_classes, activation: softmax}}]
loss: CategoricalCrossentropy
optimizer: Adam
"""


@cache
def _picture(number: int, size: tuple[int, int] = (96, 72)) -> Image.Image:
    """A made-up photograph of (width, height): patches of all sizes, others for each number."""
    random = np.random.default_rng(number)
    layers = []
    for cells in (3, 6, 12, 24):
        coarse = Image.fromarray(random.integers(0, 256, (cells, cells, 3), np.uint8))
        layers.append(np.asarray(coarse.resize(size, Image.Resampling.BICUBIC), np.float32))
    weights = np.array([0.4, 0.3, 0.2, 0.1], np.float32)
    return Image.fromarray(np.tensordot(weights, np.stack(layers), 1).astype(np.uint8))


@cache
def _png(number: int) -> bytes:
    content = io.BytesIO()
    _picture(number).save(content, "PNG")
    return content.getvalue()


@pytest.fixture(scope="session")
def picture() -> Callable[..., Image.Image]:
    """Makes the photograph of a number, of (width, height)."""
    return _picture


@pytest.fixture
def flowers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Writes pictures into flowers/ of the current folder: `flowers({"train/rose": range(12)})`."""
    monkeypatch.chdir(tmp_path)

    def write(folders: dict[str, Any]) -> Path:
        for folder, numbers in folders.items():
            path = tmp_path / "flowers" / folder
            path.mkdir(parents=True, exist_ok=True)
            for number in numbers:
                (path / f"{number:03}.png").write_bytes(_png(number))
        return tmp_path / "flowers"

    return write


@pytest.fixture
def look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Audit]:
    """Audits what a config says, with words of a command line."""
    monkeypatch.chdir(tmp_path)

    def call(*words: str, config: str = CONFIG, **how: Any) -> Audit:
        # As a user types it, so that names in messages are short.
        path = Path("flowers.yaml")
        path.write_text(config)
        return audit(read_config(path, words).experiment, Silent(), **how)

    return call


@pytest.fixture
def arrays(look: Callable[..., Audit], tmp_path: Path) -> Callable[..., Audit]:
    """Audits arrays: `arrays(x_train=…, y_train=…)`."""

    def call(*words: str, labels: str = "auto", **arrays: np.ndarray) -> Audit:
        np.savez(tmp_path / "data.npz", **arrays)
        words = (f"data.source={{npz: {{path: data.npz, labels: {labels}}}}}", *words)
        if labels == "numbers":
            words += ("model=[{Dense: {units: 1}}]", "loss=MeanSquaredError")
        return look(*words)

    return call
