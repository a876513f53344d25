"""What the tests of reporting share: evaluations of any size, and hostile names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from bigmodel_cli.inference.evaluation import Evaluation, samples_of
from bigmodel_cli.kinds.image.kind import ImageFormat, ImageKind
from bigmodel_cli.parts import part_of
from bigmodel_cli.scoring.rule import AS_IT_IS
from bigmodel_cli.signature import TARGET, Signature
from bigmodel_cli.sources.base import Examples
from bigmodel_cli.tasks.classification.task import Classification
from bigmodel_cli.tasks.scores import Scoring

HOSTILE = [
    "$x_",
    "a\\b$^{",
    "\x1b[31mred",
    "猫",
    "n" * 300,
    "two\nlines",
    "%s {{ 7 * 7 }}",
    "</script><script>document.title='owned'</script>",
    '"><img src=x onerror="document.title=1">',
    "<!-- --> & <b>",
]


@pytest.fixture(params=["2", "10", "100", "hostile"])
def names(request: pytest.FixtureRequest) -> list[str]:
    """Class names: few, many, and such as mean something to matplotlib, HTML or a terminal."""
    return HOSTILE if request.param == "hostile" else names_of(int(request.param))


def names_of(num_classes: int) -> list[str]:
    return [f"class {number}" for number in range(num_classes)]


@pytest.fixture
def columns_of() -> Callable[..., dict[str, list[float]]]:
    """Makes columns of metrics.csv: `columns_of(50, "loss", "val_loss")`."""
    return _columns


def _columns(num_epochs: int, *names: str) -> dict[str, list[float]]:
    """Columns of metrics.csv that look like training."""
    rng = np.random.default_rng(0)
    falling = np.exp(-np.arange(num_epochs) / 5)
    measured = {
        name: ((1 - falling if "acc" in name else falling) + 0.02 * rng.random(num_epochs)).tolist()
        for name in names
    }
    return {
        "epoch": list(range(1, num_epochs + 1)),
        "seconds": [1.0] * num_epochs,
        "examples_per_second": rng.normal(5000, 100, num_epochs).tolist(),
        "memory_mb": [900.0] * num_epochs,
        "learning_rate": [0.01] * num_epochs,
        **measured,
    }


@pytest.fixture
def evaluated() -> Callable[..., tuple[dict[str, Any], dict[str, Any]]]:
    """Makes an evaluation and its samples, as the files of a run have them: `evaluated(["a", "b"])`."""

    def make(names: Sequence[str], per_class: int = 30) -> tuple[dict[str, Any], dict[str, Any]]:
        rng = np.random.default_rng(0)
        labels = np.repeat(np.arange(len(names)), per_class)
        scores = rng.dirichlet(np.full(len(names), 0.3), len(labels))
        scores = 0.5 * scores + 0.5 * np.eye(len(names))[labels] * rng.random((len(labels), 1))
        scores /= scores.sum(axis=1, keepdims=True)
        pixels = rng.integers(0, 255, (len(labels), 28, 28, 1), dtype=np.uint8)
        signature = Signature.of(ImageKind(ImageFormat((28, 28), "grayscale")), Classification(tuple(names)))
        found = part_of(signature.task, Scoring).scored(labels, scores, AS_IT_IS, seed=0)
        metrics = {"loss": 0.5, **found.scores.headline}
        document = Evaluation("test", len(labels), metrics, {"label": found}, {"label": metrics}).as_json()
        samples = samples_of(found, Examples.of_arrays(pixels, labels, "test"), signature, TARGET)
        return document, samples

    return make


@pytest.fixture
def read_png() -> Callable[[Path], tuple[np.ndarray, tuple[int, int]]]:
    """Reads pixels and size of a PNG file."""
    return _read_png


def _read_png(path: Path) -> tuple[np.ndarray, tuple[int, int]]:
    with Image.open(path) as image:
        image.load()
        assert image.format == "PNG"
        return np.asarray(image.convert("RGB")), image.size
