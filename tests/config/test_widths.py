"""Blocks for tokens, checked before TensorFlow is there."""

from __future__ import annotations

import pytest

MODEL = """\
data: {{source: digits}}
optimizer: Adam
loss: SparseCategoricalCrossentropy
model:
{steps}
  - masked_pooling
  - Dense: {{units: 10, activation: softmax}}
"""
TOKENS = "  - token_and_position: {vocabulary_size: 9, width: 18, length: 8}\n"


@pytest.mark.parametrize(
    ("steps", "line", "path", "message"),
    [
        (
            TOKENS + "  - transformer: {heads: 4}",
            6,
            "model.1.transformer.heads",
            "expected a number that divides the width 18, found 4; 1, 2, 3, 6, 9 and 18 do",
        ),
        (
            "  - Embedding: {input_dim: 9, output_dim: 10}\n  - Dropout: {rate: 0.1}\n"
            "  - repeat: {times: 2, layers: [{transformer: {heads: 4}}]}",
            7,
            "model.2.repeat.layers.0.transformer.heads",
            "expected a number that divides the width 10, found 4; 1, 2, 5 and 10 do",
        ),
        (
            TOKENS + "  - transformer: {heads: 4, width: 30}",
            6,
            "model.1.transformer.heads",
            "expected a number that divides the width 30, found 4; 1, 2, 3, 5, 6, 10, 15 and 30 do",
        ),
        (
            TOKENS + "  - transformer: {heads: 6, key_value_heads: 4}",
            6,
            "model.1.transformer.key_value_heads",
            "expected a number that divides the 6 heads, found 4; 1, 2, 3 and 6 do",
        ),
        (
            TOKENS + "  - transformer: {heads: 6, positions: rotary}",
            6,
            "model.1.transformer.positions",
            "rotary turns pairs of features, and each of the 6 heads has 3; "
            "write a width that 2 × heads divides",
        ),
        (
            TOKENS + "  - transformer_decoder: {heads: 6}",
            6,
            "model.1.transformer_decoder",
            "transformer_decoder takes 2 inputs (the tokens so far and what an encoder made of the other "
            "text), and gets 1",
        ),
        (
            "  - token_and_position: {vocabulary_size: many, width: 8}",
            5,
            "model.0.token_and_position.vocabulary_size",
            "expected an integer, found the text 'many'",
        ),
        (
            "  - token_and_position: {vocabulary_size: 0, width: 8}",
            5,
            "model.0.token_and_position.vocabulary_size",
            "expected at least 1, found 0",
        ),
    ],
)
def test_what_does_not_fit_is_told_at_its_place(refused, steps, line, path, message):
    (problem,) = refused(MODEL.format(steps=steps))
    assert (problem["line"], problem["path"], problem["message"]) == (line, path, message)


def test_widths_that_are_not_known_are_left_to_keras(load):
    steps = TOKENS + "  - Conv1D: {filters: 16, kernel_size: 3}\n  - transformer: {heads: 4}"
    assert len(load(MODEL.format(steps=steps)).experiment.model) == 5
