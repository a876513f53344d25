"""A model in two: the front is what nothing in training changes, and all of it that can be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

pytestmark = pytest.mark.tf

FROZEN = "  - Conv2D: {filters: 3, kernel_size: 3, trainable: false}\n"
POOL = "  - GlobalAveragePooling2D\n"
HEAD = "  - Dense: {units: num_classes, activation: softmax}\n"
APPLICATION = (
    "  - MobileNet: {alpha: 0.25, include_top: false, weights: null, pooling: avg, trainable: false}\n"
)
RESIDUAL = (
    "  - residual: {layers: [{Conv2D: {filters: 3, kernel_size: 3, padding: same, trainable: false}}]}\n"
)
# The steps of a model, and the shape of what is computed once; None where nothing is.
CASES = {
    "all that is frozen, with what has no weights behind it": (FROZEN + POOL + HEAD, (3,)),
    "an application": (APPLICATION + "  - Dropout: {rate: 0.5}\n" + HEAD, (256,)),
    "dropout that drops nothing": (FROZEN + POOL + "  - Dropout: {rate: 0.0}\n" + HEAD, (3,)),
    "a block whose ends meet again": (FROZEN + RESIDUAL + POOL + HEAD, (3,)),
    "batch norm in a frozen place": (
        FROZEN + "  - BatchNormalization: {trainable: false}\n" + POOL + HEAD,
        (3,),
    ),
    "batch norm that learns ends it": (FROZEN + "  - BatchNormalization\n" + POOL + HEAD, (30, 30, 3)),
    "batch norm of which only the statistics move ends it": (
        FROZEN + "  - BatchNormalization: {center: false, scale: false}\n" + POOL + HEAD,
        (30, 30, 3),
    ),
    "dropout ends it": (FROZEN + "  - Dropout: {rate: 0.5}\n" + POOL + HEAD, (30, 30, 3)),
    "noise ends it": (FROZEN + "  - GaussianNoise: {stddev: 0.1}\n" + POOL + HEAD, (30, 30, 3)),
    "a random layer of images ends it": (FROZEN + "  - RandomFlip\n" + POOL + HEAD, (30, 30, 3)),
    "a loss of its own ends it": (
        FROZEN + "  - ActivityRegularization: {l2: 0.1}\n" + POOL + HEAD,
        (30, 30, 3),
    ),
    "weights that move without learning end it": (
        FROZEN + "  - SpectralNormalization: {layer: {Dense: {units: 2}}, trainable: false}\n" + POOL + HEAD,
        (30, 30, 3),
    ),
    "what goes around it": (
        "  - Conv2D: {filters: 3, kernel_size: 3, padding: same, trainable: false, name: one}\n"
        "  - Conv2D: {filters: 3, kernel_size: 3, padding: same}\n"
        "  - Add: {inputs: [input, previous]}\n" + POOL + HEAD,
        None,
    ),
    "two frozen paths that meet where it learns": (
        "  - Conv2D: {filters: 3, kernel_size: 3, trainable: false, name: stem}\n"
        "  - Conv2D: {filters: 3, kernel_size: 1, trainable: false, name: one}\n"
        "  - Conv2D: {filters: 3, kernel_size: 1, inputs: stem, name: other}\n"
        "  - Add: {inputs: [one, other]}\n" + POOL + HEAD,
        (30, 30, 3),
    ),
    "noise first": ("  - GaussianNoise: {stddev: 0.1}\n" + FROZEN + POOL + HEAD, None),
    "nothing frozen": ("  - Conv2D: {filters: 3, kernel_size: 3}\n" + POOL + HEAD, None),
    "frozen behind what learns": ("  - Conv2D: {filters: 3, kernel_size: 3}\n" + FROZEN + POOL + HEAD, None),
    "nothing but what has no weights": ("  - Rescaling: {scale: 2}\n" + POOL + HEAD, None),
}


@pytest.mark.parametrize("case", CASES)
def test_where_a_model_is_cut(build: Callable[..., Any], case: str) -> None:
    from bigmodel_cli.modeling.cut import cut

    model, shape = CASES[case]
    built = build(model, shape=(32, 32, 3))
    halves = cut(built.model)
    if shape is None:
        assert halves is None
        return
    assert halves is not None
    assert halves.front.outputs[0].shape == (None, *shape)
    assert not halves.front.trainable_weights
    assert {id(w) for w in halves.back.trainable_weights} == {id(w) for w in built.model.trainable_weights}
    images = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3)).astype("uint8")
    again = halves.back(halves.front(images, training=True), training=False)
    np.testing.assert_array_equal(again, built.model(images, training=False))


def test_a_model_is_not_cut_where_a_mask_would_be_lost(build: Callable[..., Any]) -> None:
    from bigmodel_cli.modeling.cut import cut

    embedding = "  - Embedding: {input_dim: 9, output_dim: 3, mask_zero: true, trainable: false}\n"
    learns = build(embedding + "  - LSTM: {units: 2}\n" + HEAD, shape=(5,), dtype="int64")
    assert cut(learns.model) is None
    pooled = build(embedding + "  - GlobalAveragePooling1D\n" + HEAD, shape=(5,), dtype="int64")
    halves = cut(pooled.model)
    assert halves is not None
    tokens = np.array([[1, 2, 0, 0, 0]])
    np.testing.assert_array_equal(
        halves.back(halves.front(tokens), training=False), pooled.model(tokens, training=False)
    )


def test_what_adapt_has_learnt_is_not_called_frozen(build: Callable[..., Any]) -> None:
    from bigmodel_cli.modeling.cut import cut

    assert cut(build(POOL + HEAD, "preprocessing: [Normalization]\n", shape=(32, 32, 3)).model) is None


def test_pixels_pass_the_front_of_a_row_as_they_are():
    import keras

    from bigmodel_cli.modeling.cut import cut_row

    photo = keras.Input((4, 4, 3), dtype="uint8", name="photo")
    age = keras.Input((), dtype="float32", name="age")
    seen = keras.layers.Rescaling(1 / 255)(keras.ops.cast(photo, "float32"))
    row = keras.layers.Concatenate()(
        [keras.layers.Flatten()(seen), keras.layers.Rescaling(2.0)(keras.ops.expand_dims(age, -1))]
    )
    model = keras.Model({"photo": photo, "age": age}, keras.layers.Dense(2)(row))
    rng = np.random.default_rng(0)
    given = {
        "photo": rng.integers(0, 256, (5, 4, 4, 3)).astype(np.uint8),
        "age": rng.standard_normal(5).astype(np.float32),
    }
    expected = np.asarray(model(given))
    for as_they_are, dtypes in ((["photo"], {"uint8", "float32"}), ([], {"float32"})):
        halves = cut_row(model, as_they_are=as_they_are)
        kept = halves.front(given)
        tensors = list(kept.values()) if isinstance(kept, dict) else [kept]
        assert {str(tensor.dtype.name) for tensor in tensors} == dtypes
        np.testing.assert_allclose(np.asarray(halves.back(kept)), expected, rtol=1e-5)
