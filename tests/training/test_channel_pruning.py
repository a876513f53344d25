"""`compress.prune` of whole channels: what goes, and that the smaller model answers as the masked one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from bigmodel_cli.errors import UsageError

pytestmark = pytest.mark.tf
PLAIN = ("training.precision=float32", "training.jit_compile=false", "training.epochs=3")
MODEL = (
    "model=[{Conv2D: {filters: 8, kernel_size: 3, padding: same}}, BatchNormalization, ReLU, MaxPooling2D, "
    "{Conv2D: {filters: 6, kernel_size: 3, activation: relu, padding: same}}, Flatten, "
    "{Dense: {units: 10, activation: relu}}, {Dropout: {rate: 0.1}}, "
    "{Dense: {units: num_classes, activation: softmax}}]"
)
PRUNE = "compress.prune={sparsity: 0.5, structure: channels, from: epoch 1, to: epoch 2}"


def test_the_smaller_model_answers_as_the_masked_one(train: Callable[..., Any]) -> None:
    from bigmodel_cli.inference.loading import load_for_inference

    trained = train(*PLAIN, MODEL, PRUNE)
    masked, smaller = trained.model(), load_for_inference(trained.run, "best")
    found = trained.record["compressed"]["prune"]
    assert found["channels"] == {"conv2d": [8, 4], "conv2d_1": [6, 3], "dense": [10, 5]}
    assert found["parameters"] == [masked.count_params(), smaller.count_params()]
    assert smaller.count_params() < 0.5 * masked.count_params()
    images = np.random.default_rng(0).integers(0, 256, (50, 6, 6, 1)).astype(np.uint8)
    np.testing.assert_allclose(smaller(images), masked(images), atol=1e-5)
    assert [layer.name for layer in smaller.layers] == [layer.name for layer in masked.layers]
    assert "channels: conv2d 8 to 4" in trained.run.report.read_text()
    # What predicts is the smaller one.
    assert trained.run.litert_model.stat().st_size < 20_000


def test_it_is_trained_as_any_other(prepare: Callable[..., Any]) -> None:
    for words in (("training.accumulate=2",), ("training.jit_compile=true",), ("compress.quantize=int8",)):
        prepared = prepare(*PLAIN, MODEL, PRUNE, *words)
        rows = prepared.run()
        assert rows[-1]["loss"] < rows[0]["loss"]
        masks = prepared.loop.training.compression.pruning.variables()
        assert int(np.asarray(masks["channels/conv2d"]).sum()) == 4


def model_of(*layers: Any, shape: tuple[int, ...] = (6, 6, 2)) -> Any:
    import keras

    inputs = tensor = keras.Input(shape)
    for layer in layers:
        tensor = layer(tensor)
    return keras.Model(inputs, tensor)


def test_what_stays_is_said() -> None:
    import keras

    from bigmodel_cli.modeling.channels import chains

    layers = keras.layers
    model = model_of(
        layers.Conv2D(4, 3, activation="sigmoid", name="sigmoid"),
        layers.Conv2D(4, 3, name="normalised"),
        layers.LayerNormalization(name="norm"),
        layers.Flatten(),
        layers.Dense(3, name="last"),
    )
    assert chains(model) == (
        [],
        {
            "sigmoid": "its activation does not give 0 for 0",
            "normalised": "its channels go through norm",
            "last": "it gives an output of the model",
        },
    )
    inputs = keras.Input((8,))
    first = layers.Dense(8, name="first")
    tensor = first(inputs)
    model = keras.Model(inputs, layers.Add(name="add")([inputs, tensor]))
    assert chains(model) == ([], {"first": "its channels go through add"})


@pytest.mark.parametrize("pooling", ["GlobalAveragePooling2D", "Flatten", "GlobalMaxPooling2D"])
def test_channels_go_however_they_are_flattened(pooling: str) -> None:
    import keras

    from bigmodel_cli.modeling.channels import without_dead_channels

    keras.utils.set_random_seed(0)
    layers = keras.layers
    model = model_of(
        layers.Conv2D(6, 3, name="conv", activation="relu"),
        layers.AveragePooling2D(2),
        getattr(layers, pooling)(),
        layers.Dense(5, activation="tanh", name="dense"),
        layers.Dense(2, name="last"),
    )
    assert without_dead_channels(model) is model
    for name, dead in (("conv", [0, 3, 4]), ("dense", [1])):
        kernel, bias = model.get_layer(name).get_weights()
        kernel[..., dead] = 0
        bias[dead] = 0
        model.get_layer(name).set_weights([kernel, bias])
    smaller = without_dead_channels(model)
    assert smaller.get_layer("conv").filters == 3
    assert smaller.get_layer("dense").units == 4
    images = np.random.default_rng(0).normal(size=(20, 6, 6, 2)).astype(np.float32)
    np.testing.assert_allclose(smaller(images), model(images), atol=1e-6)


def test_a_model_without_such_channels_is_refused(prepare: Callable[..., Any]) -> None:
    with pytest.raises(UsageError, match=r"no channel of the model can go \(dense: it gives an output"):
        prepare(*PLAIN, PRUNE, "model=[Flatten, {Dense: {units: num_classes, activation: softmax}}]")
