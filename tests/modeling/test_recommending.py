"""Blocks of models that recommend, against their formulas, and users that are hidden in training."""

from __future__ import annotations

import numpy as np
import pytest

from bigmodel_cli.modeling.augmentations.hide import Hide

pytestmark = pytest.mark.tf

FLAT = {"shape": (5,), "dtype": "float32"}
SOFTMAX = "  - Dense: {units: num_classes, activation: softmax}\n"


def test_cross_multiplies_what_came_in_with_a_linear_function(build):
    import keras

    model = build("  - cross: {layers: 2}\n" + SOFTMAX, **FLAT).model
    block = keras.Model(model.input, model.layers[-1].input)
    x = np.random.default_rng(0).normal(size=(4, 5)).astype(np.float32)
    expected = x
    for number in (1, 2):
        kernel, bias = model.get_layer(f"cross_{number}").get_weights()
        expected = x * (expected @ kernel + bias) + expected
    np.testing.assert_allclose(block(x), expected, rtol=1e-5, atol=1e-6)
    of_rank = build("  - cross: {layers: 3, rank: 2}\n" + SOFTMAX, **FLAT).model
    assert of_rank.count_params() == 3 * (5 * 2 + 2 * 5 + 5) + 5 * 10 + 10


def test_a_factorization_machine_has_biases_and_products_of_each_two_inputs(build):
    import keras
    from keras import ops

    text = (
        "  - Dense: {name: a, units: 3}\n"
        "  - Dense: {name: b, inputs: [input], units: 2}\n"
        "  - factorization_machine: {inputs: [a, b, input], factors: 4, l2: 0.5, bias_l2: 0.25}\n"
    )
    model = build(text + SOFTMAX, **FLAT).model
    block = keras.Model(model.input, model.layers[-1].input)
    x = np.random.default_rng(1).normal(size=(6, 5)).astype(np.float32)
    fields = [model.get_layer("a")(x), model.get_layer("b")(x), x]
    kernels = {w.path: np.asarray(w) for w in model.weights}
    biases, vectors = (
        [
            ops.matmul(field, kernels[f"factorization_machine_{number}_{what}/kernel"])
            for number, field in enumerate(fields, 1)
        ]
        for what in ("bias", "vector")
    )
    pairs = sum(ops.sum(vectors[i] * vectors[j], -1, keepdims=True) for i in range(3) for j in range(i))
    np.testing.assert_allclose(block(x), sum(biases) + pairs, rtol=1e-4, atol=1e-5)
    squares = sum(float((kernel**2).sum()) for path, kernel in kernels.items() if "_vector" in path)
    assert float(sum(model.losses)) == pytest.approx(0.5 * squares, rel=1e-4)


def test_what_a_factorization_machine_does_not_take_is_refused(refused):
    problem = refused(
        "  - Reshape: {target_shape: [5, 1]}\n  - factorization_machine: {}\n" + SOFTMAX, **FLAT
    )
    assert problem["message"] == "expected numbers of shape (batch, n), found shape (None, 5, 1)"


def test_hidden_places_are_unknown_ones_in_training_alone():
    import keras

    from bigmodel_cli.modeling.changed import Changed

    places = np.arange(2, 20_002, dtype=np.int64)
    keras.utils.set_random_seed(3)
    layer = Changed(Hide(share=0.25))
    hidden = np.asarray(layer(places, training=True))
    assert hidden.dtype == np.int64
    assert set(np.unique(hidden[hidden != places])) == {1}
    assert (hidden == 1).mean() == pytest.approx(0.25, abs=0.01)
    np.testing.assert_array_equal(layer(places), places)
    assert layer(keras.Input((), dtype="int64")).dtype == "int64"


def test_what_is_missing_stays_so_where_places_are_hidden():
    from bigmodel_cli.modeling.changed import Changed

    # The words of lists, which are filled up with 0.
    places = np.tile(np.array([5, 3, 0, 0], np.int64), (200, 1))
    changed = np.asarray(Changed(Hide(share=0.5))(places, training=True))
    assert {tuple(row) for row in changed.tolist()} == {(5, 3, 0, 0), (1, 1, 0, 0)}
    # Without a place for what is missing, 0 is that of unknown words.
    changed = np.asarray(Changed(Hide(share=0.5, unknown=0))(places, training=True))
    assert {tuple(row) for row in changed.tolist()} == {(5, 3, 0, 0), (0, 0, 0, 0)}


def test_only_places_can_be_hidden(refused):
    problem = refused(SOFTMAX, "augmentation: [{hide: {share: 0.1}}]\n", **FLAT)
    assert problem["message"] == "hide takes places in a vocabulary, and gets numbers"
    assert problem["suggestion"] == "put it behind a StringLookup without output_mode, or take it out"
