"""Components that are written as Python calls are shown as a config writes them."""

from __future__ import annotations

import pytest

from bigmodel_cli.config.catalogue import load_catalogue
from bigmodel_cli.config.python_calls import from_python_call


@pytest.mark.parametrize(
    ("text", "family", "written"),
    [
        ("L2(1e-4)", "regularizers", "{L2: {l2: 1e-4}}"),
        ("l2(0.01)", "regularizers", "{L2: {l2: 0.01}}"),
        ("keras.regularizers.L1L2(l1=1e-5, l2=1e-4)", "regularizers", "{L1L2: {l1: 1e-5, l2: 1e-4}}"),
        ("tf.keras.regularizers.L2()", "regularizers", "L2"),
        ("he_normal(seed=1)", "initializers", "{HeNormal: {seed: 1}}"),
        ("RandomUniform(-0.05, 0.05)", "initializers", "{RandomUniform: {minval: -0.05, maxval: 0.05}}"),
        ("max_norm(2)", "constraints", "{MaxNorm: {max_value: 2}}"),
        ("optimizers.Adam(1e-3, amsgrad=True)", "optimizers", "{Adam: {learning_rate: 1e-3, amsgrad: true}}"),
        (
            "SGD(CosineDecay(0.1, 9), name='no')",
            "optimizers",
            '{SGD: {learning_rate: {CosineDecay: {initial_learning_rate: 0.1, decay_steps: 9}}, name: "no"}}',
        ),
        (
            "layers.Conv2D(8, (3, 3), padding='same', bias_regularizer=l2(1e-4))",
            "layers",
            "{Conv2D: {filters: 8, kernel_size: [3, 3], padding: same, bias_regularizer: {L2: {l2: 1e-4}}}}",
        ),
        ("Dense(units)", "layers", "{Dense: {units: …}}"),
        ("L2(1e-4)", "layers", None),
        ("L2(1, 2, 3)", "regularizers", None),
        ("Mine(3)", "regularizers", None),
        ("L2(", "regularizers", None),
        ("L2", "regularizers", None),
        ("Dense: (3)", "blocks", None),
    ],
)
def test_what_to_write(text, family, written):
    assert from_python_call(text, [family], load_catalogue()) == written
