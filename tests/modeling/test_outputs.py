"""The model's output against loss and labels, before the first batch."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.tf

FLAT = {"shape": (4,), "dtype": "float32"}


@pytest.mark.parametrize(
    ("units", "classes", "loss", "encoding"),
    [
        (3, 3, "CategoricalCrossentropy: {from_logits: true}", "one_hot"),
        (3, 3, "SparseCategoricalCrossentropy: {from_logits: true}", "integer"),
        (1, 2, "BinaryCrossentropy: {from_logits: true}", "binary"),
        (2, 2, "CategoricalCrossentropy: {from_logits: true}", "one_hot"),
        (1, None, "MeanSquaredError: {}", "number"),
    ],
)
def test_what_fits(build, units, classes, loss, encoding):
    built = build(f"  - Dense: {{units: {units}}}\n", classes=classes, loss=f"{{{loss}}}", **FLAT)
    assert built.tasks.bound["label"].encoding == encoding


@pytest.mark.parametrize(
    ("steps", "classes", "loss", "says", "suggestion"),
    [
        (
            "  - Dense: {units: 4, activation: softmax}\n",
            3,
            "CategoricalCrossentropy",
            "the model's output has shape (None, 4); CategoricalCrossentropy over the data's 3 classes needs "
            "(None, 3)",
            "write units: num_classes",
        ),
        (
            "  - Reshape: {target_shape: [2, 2]}\n  - Dense: {units: 3, activation: softmax}\n",
            3,
            "CategoricalCrossentropy",
            "the model's output has shape (None, 2, 3); 3 classes need (None, 3)",
            "add Flatten or GlobalAveragePooling2D",
        ),
        (
            "  - Dense: {units: 1, activation: sigmoid}\n",
            3,
            "BinaryCrossentropy",
            "the model's output has shape (None, 1)",
            "write units: num_classes",
        ),
        (
            "  - Dense: {units: 3}\n",
            None,
            "MeanSquaredError",
            "the labels are numbers of shape (1,), which needs (None, 1)",
            "end the model with {Dense: {units: 1}}",
        ),
        (
            "  - Dense: {units: num_classes}\n",
            None,
            "MeanSquaredError",
            "num_classes is not known: the labels of this data are numbers, not classes",
            "write the number of outputs",
        ),
    ],
)
def test_what_does_not(refused, steps, classes, loss, says, suggestion):
    problem = refused(steps, classes=classes, loss=loss, **FLAT)
    assert says in problem["message"]
    assert problem["suggestion"].startswith(suggestion)
    assert (problem["file"], problem["line"]) == ("c.yaml", 4 + steps.count("\n"))


def test_several_numbers(build, refused):
    built = build("  - Dense: {units: 3}\n", classes=None, loss="MeanSquaredError", target_shape=(3,), **FLAT)
    assert built.tasks.bound["label"].encoding == "number"
    problem = refused(
        "  - Dense: {units: 2}\n", classes=None, loss="MeanSquaredError", target_shape=(3,), **FLAT
    )
    assert "which needs (None, 3)" in problem["message"]


def test_the_last_step_of_a_repeat_is_meant(refused):
    text = "  - repeat: {times: 2, layers: [Flatten, {Dense: {units: 7, activation: softmax}}]}\n"
    problem = refused(text, classes=3, **FLAT)
    assert problem["path"] == "model.0.repeat.layers.1.Dense"
