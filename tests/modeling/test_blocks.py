"""Our blocks: repeat, residual and branches, against the same graph written by hand."""

from __future__ import annotations

import pytest

from bigmodel_cli.modeling.blocks import block_options

pytestmark = pytest.mark.tf

FLAT = {"shape": (5,), "dtype": "float32"}
SOFTMAX = "  - Dense: {units: num_classes, activation: softmax}\n"
LAST = 10 * 5 + 10


def test_the_blocks_that_there_are():
    assert set(block_options()) == {
        *(
            "branches",
            "cross",
            "factorization_machine",
            "fpn",
            "masked_pooling",
            "repeat",
            "residual",
            "saved_model",
        ),
        *("tied_vectors", "two_towers"),
        *("token_and_position", "token_convolutions", "token_logits", "transformer", "transformer_decoder"),
        *("answer_span", "unet", "word_characters", "word_matches", "word_vectors"),
    }
    for name, block in block_options().items():
        assert block.example.startswith(f"{name}: ") and block.__doc__


def test_repeat_has_weights_of_its_own_each_time(build):
    text = "  - repeat: {times: 3, layers: [{Dense: {units: 5}}, {Activation: {activation: relu}}]}\n"
    model = build(text + SOFTMAX, **FLAT).model
    assert model.count_params() == 3 * (5 * 5 + 5) + LAST
    assert [type(layer).__name__ for layer in model.layers].count("Activation") == 3


def test_repeat_inside_repeat(build):
    text = "  - repeat: {times: 2, layers: [{repeat: {times: 3, layers: [{Dense: {units: 5}}]}}]}\n"
    assert build(text + SOFTMAX, **FLAT).model.count_params() == 6 * 30 + LAST


def test_residual_adds_what_went_in(build):
    import keras
    import numpy as np

    text = "  - residual: {layers: [{Dense: {units: 5, kernel_initializer: zeros}}]}\n"
    model = build(text + SOFTMAX, **FLAT).model
    block = keras.Model(model.input, model.layers[-1].input)
    features = np.random.default_rng(0).random((3, 5), np.float32)
    np.testing.assert_allclose(block(features), features)


def test_a_shortcut_brings_the_shapes_together(build):
    dense = "{Dense: {units: 7}}"
    text = f"  - residual: {{layers: [{dense}, {dense}], shortcut: [{dense}]}}\n"
    assert build(text + SOFTMAX, **FLAT).model.count_params() == (5 * 7 + 7) * 2 + (7 * 7 + 7) + 7 * 10 + 10


def test_without_a_shortcut_other_shapes_are_refused_at_the_block(refused):
    problem = refused("  - residual: {layers: [{Dense: {units: 7}}]}\n" + SOFTMAX, **FLAT)
    assert (problem["line"], problem["column"], problem["path"]) == (5, 5, "model.0.residual")
    assert problem["message"] == (
        "the main path ends with shape (None, 7), the shortcut with (None, 5); "
        "they can be added only if they are equal"
    )
    assert problem["suggestion"].startswith("give a shortcut")


@pytest.mark.parametrize(
    ("merge", "width"), [("", 9), ("merge: Concatenate", 9), ("merge: {Concatenate: {axis: -1}}", 9)]
)
def test_branches_are_concatenated(build, merge, width):
    more = f", {merge}" if merge else ""
    text = f"  - branches: {{paths: [[{{Dense: {{units: 4}}}}], []]{more}}}\n"
    model = build(text + SOFTMAX, **FLAT).model
    assert model.layers[-1].input.shape == (None, width)


def test_branches_can_be_added(build):
    text = "  - branches: {paths: [[{Dense: {units: 4}}], [{Dense: {units: 4}}]], merge: Add}\n"
    model = build(text + SOFTMAX, **FLAT).model
    assert model.layers[-1].input.shape == (None, 4)


def test_branches_that_cannot_be_merged_point_at_the_merge(refused):
    text = "  - branches: {paths: [[{Dense: {units: 4}}], [{Dense: {units: 3}}]], merge: Add}\n"
    problem = refused(text + SOFTMAX, **FLAT)
    assert problem["line"] == 5 and problem["path"] == "model.0.branches.merge"
    assert "Keras cannot build Add" in problem["message"]


def test_a_mistake_inside_a_block_points_at_the_step(refused):
    text = "  - repeat:\n      times: 2\n      layers:\n        - Conv2D: {filters: 2, kernel_size: 3}\n"
    problem = refused(text + SOFTMAX, **FLAT)
    assert (problem["line"], problem["path"]) == (8, "model.0.repeat.layers.0.Conv2D")


def test_names_inside_a_block_stay_inside(refused):
    text = (
        "  - repeat: {times: 1, layers: [{Dense: {name: inner, units: 5}}]}\n"
        "  - Add: {inputs: [inner, previous]}\n"
    )
    assert "no step above is named 'inner'" in refused(text + SOFTMAX, **FLAT)["message"]
