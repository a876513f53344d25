"""Items by the vectors that a history has of them: one table, which learns from both sides."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from bigmodel_cli.errors import ConfigError
from bigmodel_cli.kinds.category.kind import CategoryKind
from bigmodel_cli.kinds.history.kind import HistoryKind
from bigmodel_cli.modeling.build import build_model
from bigmodel_cli.modeling.language import read_config
from bigmodel_cli.signature import Signature
from bigmodel_cli.tasks.regression.task import Regression

pytestmark = pytest.mark.tf

CONFIG = """\
data: {source: {table: {path: a.csv, target: y}}}
preprocessing:
  history: [StringLookup]
  item: [ITEM]
model:
  - token_and_position: {inputs: [history], width: 4, positions: none}
  - masked_pooling: {name: u, mode: last}
  - tied_vectors: {name: v, inputs: [history, item]}
  - Dot: {inputs: [u, v], axes: 1}
loss: MeanSquaredError
optimizer: SGD
metrics: []
"""
HISTORIES = np.array([["a", "b", ""], ["", "", ""], ["c", "", ""], ["a", "z", "c"]], object)
ITEMS = np.array(["d", "d", "a", ""], object)


class Rows:
    """Training rows, in which d is in no history."""

    def batches(self):
        raise TypeError("rows are read by column")

    def values(self, name, most=None):
        return HISTORIES if name == "history" else np.array(["a", "b", "c", "d"], object)


@pytest.fixture
def built(tmp_path):
    def build(text=CONFIG, item="StringLookup"):
        (tmp_path / "c.yaml").write_text(text.replace("ITEM", item))
        kinds = {"history": HistoryKind("item", 3, "|"), "item": CategoryKind(("a", "b", "c", "d"))}
        signature = Signature(kinds, {"y": Regression()})
        experiment = read_config(tmp_path / "c.yaml").experiment
        return build_model(experiment, signature, total_steps=1, data=Rows()).model

    return build


def outputs(model):
    import tensorflow as tf

    given = {"history": tf.constant(HISTORIES), "item": tf.constant(ITEMS)}
    return np.asarray(model(given)).reshape(-1)


def test_both_sides_have_one_vocabulary_and_one_table(built, tmp_path):
    import keras

    model = built()
    (table,) = (weight.numpy() for weight in model.weights if weight.shape == (6, 4))
    lookups = [layer for layer in model.layers if isinstance(layer, keras.layers.StringLookup)]
    first, second = (layer.get_vocabulary() for layer in lookups)
    assert first == second and set(first) == {"", "[UNK]", "a", "b", "c", "d"}
    row = {name: table[place] for place, name in enumerate(first)}
    expected = [row["b"] @ row["d"], 0, row["c"] @ row["a"], 0]
    np.testing.assert_allclose(outputs(model), expected, atol=1e-6)
    model.save(tmp_path / "m.keras")
    code = (
        "import sys; sys.modules['bigmodel_cli'] = None\n"
        "import keras\n"
        "model = keras.models.load_model(sys.argv[1])\n"
        "assert sum(weight.shape == (6, 4) for weight in model.weights) == 1"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "m.keras")], check=True)


def test_numpy_looks_both_up_before_the_model(built):
    from bigmodel_cli.inference.lookups.front import Lookup, Values
    from bigmodel_cli.modeling.lookups import behind_lookups

    model = built()
    behind = behind_lookups(model)
    columns = {"history": Values.of(HISTORIES), "item": Values.of(ITEMS)}
    made = {name: Lookup(**one) for name, one in behind.lookups.items()}
    given = {name: lookup.run(columns[lookup.column]) for name, lookup in made.items()}
    np.testing.assert_allclose(np.asarray(behind.back(given)).reshape(-1), outputs(model), atol=1e-6)


@pytest.mark.parametrize(
    ("text", "item", "says"),
    [
        (CONFIG.replace("[history, item]", "[item, history]"), "StringLookup", "no token_and_position above"),
        (CONFIG.replace("[history, item]", "[item]"), "StringLookup", "takes 2 inputs"),
        (CONFIG, "{StringLookup: {num_oov_indices: 2}}", "the first has 6 words and the second 7"),
        (CONFIG, "{StringLookup: {output_mode: one_hot}}", "expected whole numbers of shape"),
    ],
)
def test_what_has_other_words_is_refused(built, text, item, says):
    with pytest.raises(ConfigError, match=says):
        built(text, item)
