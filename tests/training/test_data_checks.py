"""Labels and values of the loaded data against the config, before TensorFlow starts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bigmodel_cli.errors import BigmodelError, ConfigError, DataError
from bigmodel_cli.inference.run_data import load_splits
from bigmodel_cli.listener import Silent
from bigmodel_cli.modeling.language import read_config
from bigmodel_cli.training.known_data import fit_to_data

RNG = np.random.default_rng(0)
FEATURES = RNG.normal(size=(60, 5)).astype(np.float32)
SOFTMAX = "softmax, CategoricalCrossentropy, 3"
SIGMOID = "sigmoid, BinaryCrossentropy, 1"
THREE = "sigmoid, BinaryCrossentropy, 3"
CONFIG = """\
data: {{source: {{npz: {{path: d.npz, labels: {labels}}}}}}}
model:
  - Dense: {{units: {units}, activation: {activation}}}
loss: {loss}
optimizer: Adam
"""
TOKENS = """\
data: {source: {npz: {path: d.npz}}}
model:
STEPS
  - Flatten
  - Dense: {units: num_classes, activation: softmax}
loss: SparseCategoricalCrossentropy
optimizer: Adam
"""


@pytest.fixture
def fit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Fits a config to the arrays of an .npz file; gives what it warns of."""
    monkeypatch.chdir(tmp_path)

    def call(config: str, y: np.ndarray, x: np.ndarray = FEATURES) -> list[str]:
        np.savez("d.npz", x=x, y=y)
        Path("c.yaml").write_text(config)
        warnings: list[str] = []
        loaded = read_config(Path("c.yaml"))
        fit_to_data(loaded, load_splits(loaded.experiment, Silent(), offline=True), warnings.append)
        return warnings

    return call


def config(ending: str, labels: str) -> str:
    activation, loss, units = ending.split(", ")
    return CONFIG.format(labels=labels, activation=activation, loss=loss, units=units)


def verdict(fit, text: str, y: np.ndarray) -> str:
    try:
        fit(text, y)
    except BigmodelError as error:
        return f"{error.exit_code}: {error.message}"
    return "ok"


ZERO_ONE = np.arange(60) % 2
COLUMNS = RNG.integers(0, 2, (60, 3))


@pytest.mark.parametrize(
    ("y", "ending", "says"),
    [
        (
            ZERO_ONE.astype(np.float32),
            SIGMOID,
            "BinaryCrossentropy is for classes; the labels of npz are numbers",
        ),
        ((np.arange(60) % 3).astype(np.float64), SOFTMAX, "CategoricalCrossentropy is for classes"),
        (FEATURES[:, 0], "sigmoid, BinaryFocalCrossentropy, 1", "BinaryFocalCrossentropy is for classes"),
        (ZERO_ONE.astype(np.float16)[:, None], "linear, Hinge, 1", "Hinge is for classes"),
        (ZERO_ONE * 1.0, "softmax, SparseCategoricalCrossentropy, 2", "SparseCategoricalCrossentropy is for"),
        (COLUMNS, THREE, "ok"),
        (COLUMNS * 1.0, THREE, "ok"),
        (COLUMNS.astype(bool), "sigmoid, BinaryFocalCrossentropy, 3", "ok"),
        (COLUMNS * 2.0, THREE, "3: BinaryCrossentropy takes labels from 0 to 1; that of train["),
        (COLUMNS - 1.0, "sigmoid, Dice, 3", "3: Dice takes labels from 0 to 1; that of train["),
        (RNG.dirichlet(np.ones(3), 60), SOFTMAX, "ok"),
        (FEATURES[:, 0], "linear, MeanSquaredError, 1", "ok"),
    ],
)
def test_one_verdict_for_auto_and_for_what_is_written(fit, y, ending, says):
    found = [verdict(fit, config(ending, labels), y) for labels in ("auto", "numbers")]
    assert says in found[0] and found[1].replace("labels: numbers", "labels: auto") == found[0]


@pytest.mark.parametrize("ending", [SIGMOID, "linear, Hinge, 1", "softmax, CategoricalCrossentropy, 2"])
def test_the_hint_names_the_option_and_helps(fit, ending):
    with pytest.raises(ConfigError) as caught:
        fit(config(ending, "auto"), ZERO_ONE * 1.0)
    problem = caught.value.problems[-1]
    assert (problem["line"], problem["path"]) == (4, "loss")
    assert problem["suggestion"] == (
        "write labels: classes in npz if they are classes; else write loss: MeanSquaredError"
    )
    assert fit(config(ending, "classes"), ZERO_ONE * 1.0) == []


@pytest.mark.parametrize("y", [COLUMNS, COLUMNS * 1.0])
def test_several_columns_send_nobody_in_a_circle(fit, y):
    with pytest.raises(DataError) as caught:
        fit(config(THREE, "classes"), y)
    assert "expected one class per example in train, found labels of shape (60, 3)" in caught.value.message
    assert caught.value.hint is not None
    for part in ("labels: numbers", "BinaryCrossentropy", "{Dense: {units: 3, activation: sigmoid}}"):
        assert part in caught.value.hint
    assert fit(config(THREE, "numbers"), y) == []


@pytest.mark.parametrize(
    ("metric", "ok"), [("AUC", True), ("accuracy", True), ("mae", True), ("SparseCategoricalAccuracy", False)]
)
def test_metrics_of_several_columns(fit, metric, ok):
    text = f"{config(THREE, 'auto')}metrics: [{metric}]\n"
    found = verdict(fit, text, COLUMNS)
    assert found == "ok" if ok else f"{metric} is for classes; the labels of npz are numbers" in found


EMBEDDING = "  - Embedding: {input_dim: 500, output_dim: 4}"


@pytest.mark.parametrize(
    ("steps", "value", "says", "suggestion"),
    [
        (EMBEDDING, 999, "from 0 to 499, but train[17] has 999", "write input_dim: 1000"),
        (EMBEDDING, 500, "from 0 to 499, but train[17] has 500", "write input_dim: 501"),
        (EMBEDDING, -1, "from 0 to 499, but train[17] has -1", "number tokens from 0 on"),
        (f"  - Reshape: {{target_shape: [6]}}\n{EMBEDDING}", 600, "has 600", "write input_dim: 601"),
        (
            "  - branches: {paths: [[{Embedding: {input_dim: 7, output_dim: 2}}], [Identity, "
            "{Embedding: {input_dim: 1000, output_dim: 2}}]]}",
            9,
            "from 0 to 6, but train[17] has 9",
            "write input_dim: 10",
        ),
        (
            "  - Identity: {name: tokens}\n  - Rescaling: {scale: 0.5}\n"
            "  - Embedding: {input_dim: 8, output_dim: 2, inputs: [tokens]}",
            9,
            "from 0 to 7",
            "write input_dim: 10",
        ),
    ],
)
@pytest.mark.parametrize("dtype", ["int64", "int16", "float32"])
def test_tokens_that_an_embedding_does_not_know(fit, steps, value, says, suggestion, dtype):
    tokens = RNG.integers(0, 5, (60, 6)).astype(dtype)
    tokens[17, 3] = value
    with pytest.raises(ConfigError) as caught:
        fit(TOKENS.replace("STEPS", steps), np.arange(60) % 2, tokens)
    (problem,) = caught.value.problems
    assert says in problem["message"] and problem["message"].startswith("Embedding takes whole numbers")
    assert problem["suggestion"] == suggestion
    assert problem["line"] == 3 + steps.count("\n") and problem["path"].endswith("Embedding.input_dim")


@pytest.mark.parametrize(
    "steps",
    [
        EMBEDDING,
        "  - Rescaling: {scale: 0.1}\n  - Embedding: {input_dim: 51, output_dim: 2}",
        "  - Hashing: {num_bins: 7}\n  - Embedding: {input_dim: 7, output_dim: 2}",
    ],
)
def test_tokens_that_are_known_or_made_by_a_layer(fit, steps):
    assert fit(TOKENS.replace("STEPS", steps), np.arange(60) % 2, RNG.integers(0, 500, (60, 6))) == []


def test_a_gate_over_all_classes_that_has_the_name_of_one(fit):
    text = (
        f"{config('softmax, CategoricalCrossentropy, 3', 'auto')}expect: {{per_class.recall.min: '>= 0'}}\n"
    )
    assert fit(text, np.array(["min", "max", "mid"])[np.arange(60) % 3]) == [
        "expect: per_class.recall.min is the min over all classes, not that of the class min"
    ]
    assert fit(text, np.array(["low", "high", "mid"])[np.arange(60) % 3]) == []
    renamed = text.replace("recall.min", "f1.mean")
    assert (
        "f1.mean is the mean over all classes"
        in fit(renamed, np.array(["mean", "b", "c"])[np.arange(60) % 3])[0]
    )
