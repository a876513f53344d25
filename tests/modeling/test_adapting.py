"""Layers that learn from the training split: features that are constant there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

pytestmark = pytest.mark.tf

MODEL = "  - Flatten\n  - Dense: {units: num_classes, activation: softmax}\n"
RNG = np.random.default_rng(0)


@dataclass(frozen=True)
class Batches:
    """Training data of one input."""

    of: list[np.ndarray]

    def batches(self):
        return iter(self.of)


@pytest.fixture
def adapt(experiment):
    """Adapts the preprocessing of a config on batches of examples; gives the built model and the warnings."""

    def call(preprocessing, batches):
        from bigmodel_cli.kinds.array.kind import ArrayKind
        from bigmodel_cli.modeling.backend import start
        from bigmodel_cli.modeling.build import build_model
        from bigmodel_cli.signature import Signature
        from bigmodel_cli.tasks.classification.task import Classification

        start(seed=0)
        warnings: list[str] = []
        shape, dtype = batches[0].shape[1:], str(batches[0].dtype)
        config = experiment(MODEL, f"preprocessing: {preprocessing}\n")
        signature = Signature.of(ArrayKind(shape, dtype), Classification(("a", "b", "c")))
        built = build_model(config, signature, total_steps=1, data=Batches(batches), warn=warnings.append)
        return built, warnings

    return call


def normalized(built, examples):
    import keras

    layer = next(layer for layer in built.model.layers if type(layer).__name__ == "Normalization")
    return np.asarray(keras.Model(built.model.inputs[0], layer.output)(examples))


def table(columns=4, constant=(2,), value=0.1, rows=60):
    features = RNG.normal(3, 2, (rows, columns)).astype(np.float32)
    features[:, list(constant)] = value
    return [features[:32], features[32:]]


@pytest.mark.parametrize(
    ("constant", "value", "says"),
    [
        ((2,), 0.1, "feature 2 is 0.1"),
        ((0, 3), 7, "feature 0 is 7, feature 3 is 7"),
        ((1,), 0, "feature 1 is 0"),
        ((1,), 1.5e6, "feature 1 is 1.5e+06"),
    ],
)
def test_a_feature_that_is_constant_is_said_and_not_blown_up(adapt, constant, value, says):
    batches = table(constant=constant, value=value)
    built, warnings = adapt("[Normalization]", batches)
    (warning,) = warnings
    assert warning == (
        f"c.yaml:7:17: Normalization: features that never change in the training split: {says}; "
        "they are not scaled, and the model can learn nothing from them"
    )
    other = np.concatenate(batches)
    other[:, list(constant)] += 2
    found = normalized(built, other)
    assert found[:, list(constant)] == pytest.approx(2, rel=1e-3, abs=1e-3)
    rest = [index for index in range(4) if index not in constant]
    assert found[:, rest].mean(axis=0) == pytest.approx(0, abs=1e-4)
    assert found[:, rest].std(axis=0) == pytest.approx(1, rel=1e-4)


def test_the_saved_model_keeps_it(adapt, tmp_path):
    import keras

    built, _ = adapt("[Normalization]", table())
    built.model.save(tmp_path / "m.keras")
    again = keras.models.load_model(tmp_path / "m.keras", compile=False)
    other = np.concatenate(table()) + 5
    np.testing.assert_array_equal(np.asarray(again(other)), np.asarray(built.model(other)))


@pytest.mark.parametrize(
    ("preprocessing", "says"),
    [
        ("[{Normalization: {axis: [1, 2, 3]}}]", "feature 0,0 is 9, feature 0,1 is 9"),
        ("[{Rescaling: {scale: 2.0}}, {Normalization: {axis: [1, 2, 3]}}]", "feature 0,0 is 18"),
        ("[{Normalization: {axis: [1]}}]", "feature 0 is 9"),
    ],
)
def test_pixels_behind_other_layers(adapt, preprocessing, says):
    images = RNG.integers(0, 255, (40, 3, 4, 1)).astype(np.uint8)
    images[:, 0] = 9
    _, warnings = adapt(preprocessing, [images[:20], images[20:]])
    assert says in warnings[0]


def test_many_of_them_are_counted(adapt):
    images = np.zeros((10, 6, 5), np.float32)
    images[:, 0, 0] = np.arange(10)
    _, warnings = adapt("[{Normalization: {axis: [1, 2]}}]", [images])
    assert "feature 0,1 is 0, feature 0,2 is 0, " in warnings[0]
    assert "feature 1,0 is 0, … (29 of 30);" in warnings[0]


@pytest.mark.parametrize(
    "preprocessing",
    [
        "[{Normalization: {axis: -1}}]",
        "[{Normalization: {axis: null}}]",
        "[{Normalization: {mean: 0.5, variance: 0.25}}]",
        "[{Discretization: {num_bins: 3}}]",
    ],
)
def test_nothing_is_said_where_nothing_is_constant_or_learned(adapt, preprocessing):
    images = RNG.random((40, 3, 1)).astype(np.float32)
    # A pixel that is always black is no feature of its own.
    images[:, 0] = 0.5
    assert adapt(preprocessing, [images])[1] == []


def test_a_feature_that_changes_in_a_later_batch_is_none(adapt):
    batches = table(constant=(1,))
    batches[1][3, 1] = 8
    assert adapt("[Normalization]", batches)[1] == []
