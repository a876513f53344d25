"""Small data of every kind that `init` knows, and of kinds that it must refuse."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bigmodel_cli.listener import Silent
from bigmodel_cli.modeling.language import read_config
from bigmodel_cli.new_run import NewRun
from bigmodel_cli.starter import Wishes, make_starter

Folder = Callable[..., Path]
WEIGHTS_OF = "mobilenet_0_25.weights.h5"


def picture(label: int, number: int, size: tuple[int, int], mode: str = "RGB") -> Image.Image:
    """A picture whose stripes tell its class; the rest is noise."""
    rng = np.random.default_rng([label, number])
    height, width = size
    across = np.arange(width)[None, :, None] if label % 2 else np.arange(height)[:, None, None]
    stripes = np.where(across // (2 + label) % 2, 60, 0)
    pixels = rng.integers(0, 120, (height, width, 3)) + stripes + rng.integers(0, 60)
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).convert(mode)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folder:
    """Writes pictures into `./NAME/<class>/`: `folder("photos", size=(30, 40), mode="L", count=3)`."""
    monkeypatch.chdir(tmp_path)

    def write(
        name: str = "images",
        *,
        size: tuple[int, int] | Sequence[tuple[int, int]] = (30, 30),
        mode: str = "RGB",
        classes: Sequence[str] = ("a", "b"),
        count: int = 1,
    ) -> Path:
        sizes = [size] if isinstance(size[0], int) else size
        for label, each in enumerate(classes):
            for number in range(count):
                path = Path(name) / each / f"{number}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                picture(label, number, sizes[number % len(sizes)], mode).save(path)  # type: ignore[arg-type]
        return Path(name)

    return write


@pytest.fixture
def table(folder: Folder) -> Callable[..., Path]:
    """Writes a CSV of twelve pictures with one label each: `table(labels, "image;label", ";")`."""

    def write(
        labels: Sequence[str], header: str = "image,label", sep: str = ",", name: str = "t.csv"
    ) -> Path:
        folder(count=6)
        images = [f"images/{each}/{number}.png" for each in "ab" for number in range(6)]
        cells = [sep.join((image, label)) for image, label in zip(images, labels, strict=True)]
        Path(name).write_text("\n".join([header, *cells]))
        return Path(name)

    return write


@pytest.fixture
def arrays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Writes an .npz: `arrays(x=…, y=…)`."""
    monkeypatch.chdir(tmp_path)

    def write(name: str = "d.npz", **named: np.ndarray) -> Path:
        np.savez(name, **named)
        return Path(name)

    return write


@pytest.fixture
def score(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., float]:
    """Writes a config for some data, trains it, and gives its score on what was held out."""
    monkeypatch.chdir(tmp_path)

    def call(
        data: Path | None, metric: str = "accuracy", weights: str = "none", share_of_epochs: float = 1.0
    ) -> float:
        from bigmodel_cli.training.train import How, train

        Path("c.yaml").write_text(make_starter(data, Wishes(weights=weights)).text)
        config = read_config(Path("c.yaml"), strict=True)
        if os.environ.get("BIGMODEL_FAULTS") != "long":
            epochs = round(share_of_epochs * config.experiment.training.epochs)
            config = read_config(Path("c.yaml"), [f"training.epochs={epochs}"], strict=True)
        # Its score alone is looked at.
        how = How(offline=True, exports=False)
        result = train(config, NewRun(tmp_path / "runs", config.experiment.name), [Silent()], how=how)
        return float(result.evaluation.metrics[metric])

    return call
