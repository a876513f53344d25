"""Tied weights: the vectors that tokens go in by say how likely each is behind the last layer."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from bigmodel_cli.config.dump import to_yaml
from bigmodel_cli.errors import ConfigError
from bigmodel_cli.kinds.tokens.kind import TokensKind
from bigmodel_cli.modeling.build import build_model
from bigmodel_cli.modeling.language import read_config
from bigmodel_cli.signature import Signature
from bigmodel_cli.tasks.generation.task import Generation
from bigmodel_cli.vocabulary.letters import Letters

pytestmark = pytest.mark.tf

CONFIG = """\
data: {source: {text_files: {path: a.txt, length: 6}}}
model:
FIRST
  - transformer: {layers: 1, heads: 2, causal: true}
  - token_logits
loss: {SparseCategoricalCrossentropy: {from_logits: true}}
optimizer: {SGD: {learning_rate: 0.5}}
metrics: []
"""
TIED = "  - token_and_position: {width: 8, tied: true}"


@pytest.fixture
def built(tmp_path):
    def build(first=TIED, loss="{from_logits: true}"):
        (tmp_path / "c.yaml").write_text(CONFIG.replace("FIRST", first).replace("{from_logits: true}", loss))
        letters = Letters("characters", "\n abcde")
        signature = Signature.of(TokensKind(6, letters), Generation(6, letters))
        return build_model(read_config(tmp_path / "c.yaml").experiment, signature, total_steps=1).model

    return build


def test_vectors_are_there_once_and_learn_from_both_ends(built):
    model = built()
    tables = [weight for weight in model.weights if tuple(weight.shape) in ((7, 8), (8, 7))]
    assert len(tables) == 1
    import keras
    import tensorflow as tf

    ids = np.array([[2, 3, 4, 5, 6, 0]], np.int32)
    hidden = keras.Model(model.input, model.layers[-1].output)
    table = tables[0].numpy()
    expected = np.asarray(hidden(ids)) @ table.T
    assert np.allclose(np.asarray(model(ids)), expected, atol=1e-5)
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(model(ids)[..., 1])
    gradient = tf.convert_to_tensor(tape.gradient(loss, tables[0]._value))
    # Token 1 is not among those that went in.
    assert np.abs(gradient.numpy()[1]).max() > 0 and np.abs(gradient.numpy()[2]).max() > 0


def test_is_plain_keras(built, tmp_path):
    model = built()
    model.save(tmp_path / "m.keras")
    ids = np.arange(6, dtype=np.int32)[None] % 7
    np.save(tmp_path / "expected.npy", np.asarray(model(ids)))
    code = (
        "import sys; sys.modules['bigmodel_cli'] = None\n"
        "import keras, numpy as np\n"
        "model = keras.models.load_model(sys.argv[1] + '/m.keras')\n"
        "found = np.asarray(model(np.arange(6, dtype=np.int32)[None] % 7))\n"
        "assert np.abs(found - np.load(sys.argv[1] + '/expected.npy')).max() < 1e-6"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True)


def test_tokens_are_kept_while_it_writes(built):
    from bigmodel_cli.inference.generating.stepping import kept_tokens

    assert kept_tokens(built(), are_logits=True) is not None


@pytest.mark.parametrize(
    ("first", "says"),
    [
        ("  - token_and_position: {width: 8}", "no vectors of tokens above are tied"),
        (f"{TIED}\n  - Dense: {{units: 4}}", r"expected tokens of shape \(batch, tokens, 8\)"),
        (f"{TIED}\n{TIED[:-1]}, inputs: [input]}}", "of another token_and_position are tied already"),
    ],
)  # fmt: skip
def test_what_cannot_be_tied_is_refused(built, first, says):
    with pytest.raises(ConfigError, match=says):
        built(first)


def test_its_outputs_are_logits(built):
    with pytest.raises(ConfigError, match="from_logits"):
        built(loss="{}")


def test_a_config_says_so(built, tmp_path):
    built()
    assert "tied: true" in to_yaml(read_config(tmp_path / "c.yaml").experiment)
