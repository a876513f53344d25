"""Which layers of an application learn, and what Keras does by a call after something is built."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.tf

HEAD = "  - Dense: {units: num_classes, activation: softmax}\n"
# How many layers of the application learn.
TABLE = {
    "true": 54,
    "false": 0,
    "{last: 3}": 1,
    "{last: 9}": 5,
    "{last: 9, except: BatchNormalization}": 2,
    "{last: 9, except: ['*_bn']}": 2,
    "[conv_pw_13]": 1,
    "['conv_pw_1?', Conv2D]": 14,
    "{layers: ['conv_*_13*'], except: [BatchNormalization]}": 2,
}


def application(trainable: str, more: str = "") -> str:
    how = f"alpha: 0.25, include_top: false, weights: null, pooling: avg, trainable: {trainable}{more}"
    return f"  - MobileNet: {{{how}}}\n" + HEAD


@pytest.mark.parametrize("trainable", TABLE)
def test_what_learns(build: Callable[..., Any], trainable: str) -> None:
    from bigmodel_cli.modeling.cut import leaves

    built = build(application(trainable), shape=(32, 32, 3))
    (mobilenet,) = [layer for layer in built.model.layers if getattr(layer, "layers", None)]
    learning = [layer for layer in leaves(mobilenet) if layer.trainable_weights]
    assert len(learning) == TABLE[trainable], [layer.name for layer in learning]
    # The head learns in any case.
    assert len(built.model.trainable_weights) == 2 + sum(len(x.trainable_weights) for x in learning)


def test_a_saved_model_learns_where_it_did(build: Callable[..., Any], tmp_path: Any) -> None:
    import keras

    built = build(application("{last: 9, except: BatchNormalization}"), shape=(32, 32, 3))
    built.model.save(tmp_path / "x.keras")
    loaded = keras.models.load_model(tmp_path / "x.keras", compile=False)
    assert [w.path for w in loaded.trainable_weights] == [w.path for w in built.model.trainable_weights]


@pytest.mark.parametrize(
    ("trainable", "says"),
    [
        ("[conv_pv_13]", "no layer of MobileNet has a name or a class that fits 'conv_pv_13'"),
        ("['block5_*']", "no layer of MobileNet has a name or a class that fits 'block5_*'"),
        ("{last: 9, except: [LayerNormalization]}", "fits 'LayerNormalization'"),
        ("{last: 500}", "MobileNet has 87 layers, found last: 500"),
    ],
)
def test_what_there_is_not(refused: Callable[..., dict[str, Any]], trainable: str, says: str) -> None:
    problem = refused(application(trainable), shape=(32, 32, 3))
    assert says in problem["message"]
    if "pv" in trainable:
        assert "conv_pw_13" in problem["suggestion"]


def test_low_rank_weights(build: Callable[..., Any]) -> None:
    built = build(application("false", ", lora_rank: 2"), shape=(32, 32, 3))
    (mobilenet,) = [layer for layer in built.model.layers if getattr(layer, "layers", None)]
    names = {weight.name for weight in mobilenet.trainable_weights}
    assert names == {"lora_kernel_a", "lora_kernel_b"}


def test_what_weight_decay_leaves_alone(build: Callable[..., Any]) -> None:
    import numpy as np

    optimizer = "{AdamW: {learning_rate: 0.0001, weight_decay: 100.0, exclude_from_weight_decay: [bias]}}"
    built = build("  - Flatten\n" + HEAD, optimizer=optimizer)
    kernel, bias = built.model.trainable_weights
    bias.assign(np.ones(bias.shape))
    before = kernel.numpy()
    built.model.optimizer.apply([np.zeros(w.shape, "float32") for w in (kernel, bias)], [kernel, bias])
    np.testing.assert_array_equal(bias.numpy(), np.ones(bias.shape))
    np.testing.assert_allclose(kernel.numpy(), before * (1 - 0.01), rtol=1e-4)
