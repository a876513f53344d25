"""Everything that `init` writes is accepted by `show`, which loads the data and builds the model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from starters import SCRATCH

from bigmodel_cli.listener import Silent
from bigmodel_cli.modeling.language import read_config
from bigmodel_cli.starter import Wishes, make_starter

pytestmark = pytest.mark.tf
RNG = np.random.default_rng(0)
Y = np.arange(60) % 3
CLASSES = ["cat", "dog"] * 6
NUMBERS = [str(200_000.5 + 1000 * number) for number in range(12)]


def images(*shape):
    return RNG.integers(0, 256, (60, *shape), np.uint8)


ARRAYS = {
    "grey pictures": {"x": images(28, 28), "y": Y},
    "coloured pictures": {"x": images(20, 24, 3), "y": Y},
    "coloured pictures of large numbers": {"x": images(20, 24, 3) * np.float32(40), "y": Y},
    "channels first": {"x": images(3, 16, 16), "y": Y.astype(float)},
    "rows of pixels": {"x": images(64) | 1, "y": np.eye(3)[Y]},
    "rows": {"x": RNG.random((60, 4)), "y": np.array(["a", "b", "c"])[Y]},
    "rows to a number": {"X": RNG.random((60, 4)), "y": RNG.random(60) * 1e5},
    "rows to three labels at once": {"x": RNG.random((60, 4)), "y": RNG.integers(0, 2, (60, 3))},
    "rows to two numbers": {"x": RNG.random((60, 4)), "y": RNG.random((60, 2))},
    "pictures to a number": {"images": images(12, 12), "labels": RNG.random(60)},
    "sequences": {"x": RNG.standard_normal((60, 50, 3)), "y": Y},
    "splits": {"x_train": images(9, 9), "y_train": Y, "x_test": images(9, 9), "y_test": Y},
}


def shown(data: Path | None, wishes: Wishes = SCRATCH):
    from bigmodel_cli.training.preview import preview

    Path("c.yaml").write_text(make_starter(data, wishes).text)
    loaded = read_config(Path("c.yaml"), strict=True)
    return preview(loaded, Silent(), offline=True)


@pytest.mark.parametrize("kind", ARRAYS)
def test_arrays(arrays, kind):
    num_outputs = 2 if "two numbers" in kind else 1 if kind.endswith("a number") else 3
    assert shown(arrays(**ARRAYS[kind])).layers[-1].shape == f"(None, {num_outputs})"


@pytest.mark.parametrize(
    "options", [{"size": (9, 9)}, {"size": [(40, 90), (90, 40)], "count": 6}, {"mode": "L"}]
)
def test_folders(folder, options):
    found = shown(folder(**{"count": 6, **options}))
    assert found.splits["train"] and found.layers[-1].shape == "(None, 2)"


@pytest.mark.parametrize(
    ("labels", "header", "sep"),
    [(CLASSES, "image,label", ","), (NUMBERS, "image;price", ";"), (["0.0", "1.0"] * 6, "path\tclass", "\t")],
)
def test_tables(table, labels, header, sep):
    found = shown(table(labels, header, sep))
    assert found.layers[-1].shape == ("(None, 1)" if labels is NUMBERS else "(None, 2)")


def test_no_data(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = shown(None)
    assert found.layers[-1].shape == "(None, 10)" and found.experiment.name == "digits"


def test_an_application(folder, tmp_path):
    import keras

    weights = tmp_path / "own.weights.h5"
    application = keras.applications.MobileNet(
        alpha=0.25, weights=None, include_top=False, input_shape=(128, 128, 3)
    )
    application.save_weights(weights)
    found = shown(folder(count=6), Wishes(weights=str(weights)))
    assert found.experiment.model[0].arguments["alpha"] == 0.25
    assert found.frozen_parameters > 200_000 and found.layers[-1].shape == "(None, 2)"
