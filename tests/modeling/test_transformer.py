"""Blocks for tokens: what they compute, that padding changes nothing, and that their file is plain Keras."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytestmark = pytest.mark.tf

VARIANTS = {
    "causal": "causal: true",
    "post, gated": "norm: post, gated: true, activation: silu, dropout: 0.1",
    "rotary, grouped": "positions: rotary, key_value_heads: 2, normalization: RMSNormalization, "
    "use_bias: false",
    "another width": "width: 24, causal: true, feed_forward: 10",
}
TEXTS = np.array([[3, 4, 5, 6, 7, 8], [1, 2, 0, 0, 0, 0], [0] * 6], np.int32)
# Reads a saved model where nothing of ours can be imported.
ELSEWHERE = """\
import sys
sys.path = [path for path in sys.path if "bigmodel" not in path]
sys.meta_path.insert(0, type("Refusing", (), {"find_spec": staticmethod(
    lambda name, *_: (_ for _ in ()).throw(ImportError(name)) if name.startswith("bigmodel") else None)}))
import keras, numpy as np
for number in range(int(sys.argv[1])):
    model = keras.models.load_model(f"{number}.keras", compile=False)
    np.save(f"{number}.npy", model(np.load("texts.npy"), training=False))
"""


@pytest.fixture
def text_model(build):
    """A model of token numbers from lines of YAML, with texts of any length."""

    def call(model: str, length: int | None = None):
        return build(model, shape=(length,), dtype="int32", loss="SparseCategoricalCrossentropy").model

    return call


def steps(tokens: str = "length: 5", transformer: str = "causal: true", pooling: str = "mean") -> str:
    return (
        f"  - token_and_position: {{vocabulary_size: 20, width: 16, mask_zero: true, {tokens}}}\n"
        f"  - transformer: {{layers: 2, heads: 4, {transformer}}}\n"
        f"  - masked_pooling: {{mode: {pooling}}}\n"
        "  - Dense: {units: num_classes, activation: softmax}\n"
    )


def answers(model, texts: np.ndarray) -> np.ndarray:
    return np.asarray(model(texts, training=False))


@pytest.mark.parametrize(
    ("tokens", "pooling"),
    [
        ("length: 5", "mean"),
        ("positions: sinusoidal", "max"),
        ("positions: none, dropout: 0.2", "first"),
        ("length: 3", "last"),
    ],
)
def test_padding_changes_no_answer(text_model, tokens, pooling):
    model = text_model(steps(tokens, VARIANTS["rotary, grouped"], pooling))
    plain = answers(model, TEXTS)
    order = [1, 0, 2, 1]
    padded = np.pad(TEXTS, ((0, 0), (0, 9)))[order]
    assert np.isfinite(plain).all()
    np.testing.assert_allclose(answers(model, padded), plain[order], rtol=0, atol=1e-6)
    alone = np.concatenate([answers(model, text[None, : max(2, np.count_nonzero(text))]) for text in TEXTS])
    np.testing.assert_allclose(alone, plain, rtol=0, atol=1e-6)
    assert np.abs(plain[0] - plain[1]).max() > 1e-4


@pytest.mark.parametrize("transformer", VARIANTS.values(), ids=VARIANTS)
def test_each_kind_of_transformer_leaves_padding_out(text_model, transformer):
    model = text_model(steps(transformer=transformer))
    padded = answers(model, np.pad(TEXTS, ((0, 0), (0, 3))))
    np.testing.assert_allclose(padded, answers(model, TEXTS), rtol=0, atol=1e-6)


def test_what_is_causal_does_not_look_ahead(text_model):
    import keras

    found = {}
    for causal in ("true", "false"):
        model = text_model(steps(transformer=f"causal: {causal}, positions: rotary"))
        inside = keras.Model(model.input, model.get_layer("masking_1").output)
        changed = TEXTS[:1].copy()
        changed[0, 4] = 9
        found[causal] = np.abs(answers(inside, changed) - answers(inside, TEXTS[:1])).max(axis=(0, 2))
    assert found["true"][:4].max() == 0 and found["true"][4:].min() > 1e-5
    assert found["false"].min() > 1e-5


def test_rotary_positions_know_distances_alone(text_model):
    """Attention between two tokens follows from how far apart they are, not from where they stand."""
    from keras import ops

    from bigmodel_cli.modeling.attention import _turned, rotation

    rng = np.random.default_rng(0)
    query, key = rng.normal(size=(2, 1, 1, 1, 8)).astype(np.float32)
    turned = rotation(np.zeros((1, 7, 3), np.float32), 8)
    queries, keys = (_turned(np.repeat(one, 7, axis=2), turned) for one in (query, key))
    scores = np.asarray(ops.matmul(queries, ops.transpose(keys, (0, 1, 3, 2))))[0, 0]
    for distance in range(-6, 7):
        np.testing.assert_allclose(np.diagonal(scores, distance), np.diagonal(scores, distance)[0], atol=1e-5)
    assert scores[0, 1] != pytest.approx(scores[0, 2], abs=1e-3)
    np.testing.assert_allclose(scores[0, 0], float(np.sum(query * key)), atol=1e-5)


def test_attention_is_that_of_keras(text_model):
    """The same weights in Keras's own layer give the same, with padding and groups."""
    import keras

    from bigmodel_cli.modeling.attention import Attention, Heads, allowed, causal_mask

    width, count, groups = 8, 4, 2
    tokens, mask = keras.Input((None, width)), keras.Input((None,), dtype="bool")
    attention = Attention(
        Heads(width, count, groups, 0.0, True), "one", lambda layer, *a, **k: layer(*a, **k)
    )
    ours = keras.Model([tokens, mask], attention.to_itself(tokens, allowed(mask, causal_mask(tokens))))
    rng = np.random.default_rng(0)
    for weight in ours.weights:
        weight.assign(rng.normal(size=weight.shape, scale=0.5))
    theirs = keras.layers.GroupQueryAttention(width // count, count, groups)
    theirs.build((None, None, width), (None, None, width))
    made, bias, out, out_bias = (weight.numpy() for weight in ours.weights)
    cut = [width, width + groups * width // count]
    parts = zip(np.split(made, cut, axis=1), np.split(bias, cut), strict=True)
    size = width // count
    weights = [one.reshape(*one.shape[:-1], -1, size) for pair in parts for one in pair]
    theirs.set_weights([*weights, out.reshape(count, size, width), out_bias])
    values = rng.normal(size=(3, 5, width)).astype(np.float32)
    which = np.array([[1, 1, 1, 1, 1], [1, 1, 0, 0, 0], [1, 0, 0, 0, 0]], bool)
    expected = theirs(values, values, attention_mask=which[:, None], use_causal_mask=True)
    np.testing.assert_allclose(ours([values, which]), expected, atol=1e-5)


def test_sinusoidal_positions_are_those_of_the_paper(text_model):
    import keras

    model = text_model(steps("positions: sinusoidal"))
    inside = keras.Model(model.input, model.get_layer("masking").output)
    table = model.get_layer("token_and_position_tokens").get_weights()[0]
    for place in (0, 3):
        angles = place / 10_000 ** (np.arange(0, 16, 2) / 16)
        waves = np.concatenate([np.sin(angles), np.cos(angles)])
        expected = table[TEXTS[0, place]] * 4 + waves
        np.testing.assert_allclose(answers(inside, TEXTS)[0, place], expected, atol=1e-6)


def test_tokens_behind_the_length_share_the_last_place(text_model):
    import keras

    model = text_model(steps("length: 5"))
    inside = keras.Model(model.input, model.get_layer("masking").output)
    found = answers(inside, np.array([[7, 3, 3, 3, 3, 3, 3]]))[0]
    assert np.array_equal(found[4], found[6]) and not np.array_equal(found[3], found[4])


@pytest.mark.parametrize("mode", ["mean", "max", "first", "last"])
def test_pooling_leaves_padding_out_and_gives_zeros_of_nothing(text_model, mode):
    import keras

    model = text_model(
        "  - Embedding: {input_dim: 20, output_dim: 4, mask_zero: true}\n"
        f"  - masked_pooling: {{mode: {mode}}}\n  - Dense: {{units: num_classes, activation: softmax}}\n"
    )
    table = model.get_layer("embedding").get_weights()[0]
    pooled = answers(keras.Model(model.input, model.layers[-1].input), TEXTS)
    reduced = {"mean": np.mean, "max": np.max, "first": lambda x, axis: x[0], "last": lambda x, axis: x[-1]}[
        mode
    ]
    np.testing.assert_allclose(pooled[0], reduced(table[TEXTS[0]], axis=0), atol=1e-6)
    np.testing.assert_allclose(pooled[1], reduced(table[TEXTS[1, :2]], axis=0), atol=1e-6)
    assert not pooled[2].any()


def test_keras_average_of_a_text_without_tokens_is_no_nan(text_model):
    """`GlobalAveragePooling1D` under a mask divides by the number of tokens; 0 / 0 made every weight NaN."""
    import keras

    head = "  - Embedding: {input_dim: 20, output_dim: 4, mask_zero: true}\n  - GlobalAveragePooling1D\n"
    model = text_model(head + "  - Dense: {units: num_classes, activation: softmax}\n")
    pooled = keras.Model(model.input, model.layers[-1].input)
    plain = keras.Sequential([model.get_layer("embedding"), keras.layers.GlobalAveragePooling1D()])
    expected = answers(plain, TEXTS)
    assert np.isnan(expected[2]).all(), "Keras has mended it: `averaging` can go"
    np.testing.assert_array_equal(answers(pooled, TEXTS)[:2], expected[:2])
    assert not answers(pooled, TEXTS)[2].any()


# Whether padding changes nothing of what comes out, of Keras's layers for sequences.
HEEDING = {
    "GlobalAveragePooling1D": True,
    "GlobalMaxPooling1D": False,
    "Conv1D: {filters: 4, kernel_size: 3, padding: same}": False,
    "GroupNormalization: {groups: 2}": False,
    "LSTM: {units: 4}": True,
    "GRU: {units: 4, go_backwards: true}": True,
    "Bidirectional: {layer: {SimpleRNN: {units: 4}}}": True,
    "RNN: {cell: {StackedRNNCells: {cells: [{LSTMCell: {units: 4}}, {GRUCell: {units: 4}}]}}}": True,
    "MultiHeadAttention: {num_heads: 2, key_dim: 2}": True,
    "AdditiveAttention: {inputs: [tokens, tokens]}": True,
    "BatchNormalization": True,
    "TimeDistributed: {layer: {Dense: {units: 3}}}": True,
}


@pytest.mark.filterwarnings(r"ignore:[\s\S]*does not support masking")
@pytest.mark.parametrize("layer", HEEDING)
def test_who_does_not_heed_padding_is_told(experiment, layer):
    """And no layer makes NaN of a text without tokens, among others or alone."""
    import keras

    from bigmodel_cli.kinds.array.kind import ArrayKind
    from bigmodel_cli.modeling.backend import start
    from bigmodel_cli.modeling.build import build_model
    from bigmodel_cli.signature import Signature
    from bigmodel_cli.tasks.classification.task import Classification

    start(seed=0)
    name = layer.partition(":")[0]
    keeps_places = "Global" not in layer and "units: 4" not in layer
    config = experiment(
        f"  - Embedding: {{name: tokens, input_dim: 20, output_dim: 4, mask_zero: true}}\n  - {layer}\n"
        + ("  - masked_pooling\n" if keeps_places else "")
        + "  - Dense: {units: 2, activation: softmax}\n",
        loss="SparseCategoricalCrossentropy",
    )
    told: list[str] = []
    signature = Signature.of(ArrayKind((None,), "int32"), Classification(("a", "b")))
    model = build_model(config, signature, total_steps=10, warn=told.append).model
    # So that a largest value tells padding, too.
    embedding = next(one for one in model.layers if isinstance(one, keras.layers.Embedding))
    embedding.embeddings.assign(np.concatenate([np.ones((1, 4)), embedding.get_weights()[0][1:]]))
    inside = keras.Model(model.input, model.layers[-1].input)
    for texts in (TEXTS, TEXTS[2:]):
        assert np.isfinite(np.asarray(inside(texts, training=True))).all()
    # The first text fills all places, so that what stands behind its last token is new.
    plain, padded = (answers(inside, texts)[0] for texts in (TEXTS, np.pad(TEXTS, ((0, 0), (0, 4)))))
    assert (np.abs(padded - plain).max() < 1e-6) == HEEDING[layer]
    assert bool(told) != HEEDING[layer]
    if told:
        assert told[0].startswith(f"c.yaml:6:5: {name} takes padding for tokens, as does what follows")


@pytest.mark.parametrize(
    ("told", "looked_up", "inputs", "size", "has_padding"),
    [
        ({"vocabulary_size": 65, "next.vocabulary_size": 65}, {}, None, 65, False),
        ({"num_classes": 3}, {"review.vocabulary_size": 9}, None, 9, True),
        ({"num_classes": 3}, {"review.vocabulary_size": 9, "title.vocabulary_size": 7}, ("title",), 7, True),
        ({"num_classes": 3}, {}, None, None, False),
        ({"num_classes": 3}, {"review.vocabulary_size": 9, "title.vocabulary_size": 7}, None, None, True),
    ],
)
def test_whose_tokens_they_are(told, looked_up, inputs, size, has_padding):
    """The vocabulary is that of what arrives; 0 is padding where it was looked up, else a token."""
    from bigmodel_cli.config.components import Component
    from bigmodel_cli.config.tree import COMMAND_LINE, Place
    from bigmodel_cli.errors import ConfigError
    from bigmodel_cli.modeling.graph import Graph
    from bigmodel_cli.modeling.objects import Objects

    objects = Objects(told)
    objects.numbers |= looked_up
    graph = Graph(objects, {})
    place = Place(COMMAND_LINE, 1, 1, 1, "", Path.cwd())
    graph.current = Component("token_and_position", "blocks", place, ("model", 0), inputs=inputs)
    assert graph.has_padding() == has_padding
    if size is not None:
        assert graph.vocabulary_size(None) == size
        return
    with pytest.raises(ConfigError) as caught:
        graph.vocabulary_size(None)
    (problem,) = caught.value.problems
    assert problem["message"].startswith(f"how many tokens there are is not known: {len(looked_up)} columns")


def test_places_are_kept_with_no_example(text_model):
    """What is computed once for each example is tokens and their mask; places are those of a batch."""
    from bigmodel_cli.modeling.cut import cut_row

    model = text_model(steps("length: 8", VARIANTS["rotary, grouped"]), length=6)
    halves = cut_row(model)
    assert halves is not None
    kept = [(tensor.dtype, tensor.shape[0]) for tensor in halves.back.inputs]
    assert kept.count(("int32", None)) == 1 and set(kept) == {("int32", None), ("bool", None)}
    features = halves.front(TEXTS)
    assert all(len(feature) == len(TEXTS) for feature in features.values())
    np.testing.assert_array_equal(answers(halves.back, features), answers(model, TEXTS))


@pytest.mark.parametrize("layer", ["SimpleRNN", "GRU", "LSTM"])
def test_recurrent_dropout_has_one_mask_for_all_time_steps(text_model, layer):
    """As Gal and Ghahramani 2016 have it: a unit that is dropped is so at every step, and learns nothing."""
    import tensorflow as tf

    model = text_model(
        "  - Embedding: {input_dim: 20, output_dim: 4}\n"
        f"  - {layer}: {{units: 40, dropout: 0.2, recurrent_dropout: 0.5}}\n"
        "  - Dense: {units: num_classes, activation: softmax}\n"
    )
    (recurrent,) = (one for one in model.trainable_variables if one.path.endswith("recurrent_kernel"))
    text = np.random.default_rng(0).integers(1, 20, (1, 30))
    with tf.GradientTape() as tape:
        output = tf.reduce_sum(model(text, training=True)[:, 0])
    slopes = np.asarray(tape.gradient(output, recurrent.value))
    of_gates = np.abs(slopes.reshape(40, -1, 40)).max(axis=2)
    # Were the mask drawn anew at each of 30 steps, hardly one unit would be dropped at all of them.
    dropped = np.count_nonzero(of_gates == 0, axis=0)
    assert ((dropped >= 8) & (dropped <= 32)).all()


def test_the_configs_of_the_page_are_right(tmp_path):
    from bigmodel_cli.modeling.language import read_config

    page = (Path(__file__).resolve().parents[2] / "docs" / "text-blocks.md").read_text("utf-8")
    configs = [text for text in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL) if text.startswith("name:")]
    assert len(configs) >= 2
    for text in configs:
        (tmp_path / "c.yaml").write_text(text)
        assert read_config(tmp_path / "c.yaml").experiment.model


def test_the_files_load_without_bigmodel(text_model, tmp_path):
    np.save(tmp_path / "texts.npy", TEXTS)
    models = [
        text_model(steps(transformer=VARIANTS["rotary, grouped"])),
        text_model(steps("positions: sinusoidal", VARIANTS["post, gated"], "max")),
        text_model(DECODER),
    ]
    for number, model in enumerate(models):
        model.save(tmp_path / f"{number}.keras")
    command = [sys.executable, "-c", ELSEWHERE, str(len(models))]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    for number, model in enumerate(models):
        np.testing.assert_allclose(np.load(tmp_path / f"{number}.npy"), answers(model, TEXTS), atol=1e-6)


DECODER = """\
  - token_and_position: {name: text, vocabulary_size: 20, width: 12, positions: sinusoidal, mask_zero: true}
  - transformer: {name: encoded, layers: 1, heads: 2}
  - transformer_decoder: {inputs: [text, encoded], layers: 2, heads: 4, width: 16, key_value_heads: 2}
  - masked_pooling: {mode: last}
  - Dense: {units: num_classes, activation: softmax}
"""


def test_a_decoder_looks_at_the_other_text_without_its_padding(text_model):
    model = text_model(DECODER)
    plain = answers(model, TEXTS)
    np.testing.assert_allclose(answers(model, np.pad(TEXTS, ((0, 0), (0, 4)))), plain, rtol=0, atol=1e-6)
    assert np.isfinite(plain).all()


def test_cross_attention_sees_what_counts_of_the_other_text_alone(text_model):
    """Nothing of a text without tokens; of another one no padding, whatever stands there."""
    import keras

    from bigmodel_cli.modeling.attention import Attention, Heads, allowed

    tokens, other, mask = keras.Input((None, 8)), keras.Input((None, 6)), keras.Input((None,), dtype="bool")
    attention = Attention(Heads(8, 4, 4, 0.0, False), "cross", lambda layer, *a, **k: layer(*a, **k))
    model = keras.Model([tokens, other, mask], attention.to_other(tokens, other, allowed(mask)))
    rng = np.random.default_rng(0)
    values, others = rng.normal(size=(2, 3, 8)), rng.normal(size=(2, 4, 6))
    which = np.array([[1, 1, 0, 0], [0, 0, 0, 0]], bool)
    found = np.asarray(model([values, others, which]))
    changed = np.where(which[..., None], others, 1e3)
    np.testing.assert_array_equal(np.asarray(model([values, changed, which])), found)
    assert not found[1].any() and np.abs(found[0]).min() > 0
    without = np.asarray(model([values[:1], others[:1, :2], which[:1, :2]]))
    np.testing.assert_allclose(without, found[:1], atol=1e-6)


@pytest.mark.parametrize("activation", [None, "sigmoid"])
def test_losses_and_metrics_leave_padding_out(text_model, activation):
    """Of a number for each token, whatever stands where none is."""
    import tensorflow as tf

    from bigmodel_cli.inference.steps import _activated
    from bigmodel_cli.modeling.masks import with_masks, with_masks_beside

    model = text_model(
        "  - token_and_position: {vocabulary_size: 20, width: 8, positions: sinusoidal, mask_zero: true}\n"
        "  - transformer: {layers: 1, heads: 2}\n  - masked_pooling\n"
        "  - Dense: {units: num_classes, activation: softmax}\n"
    )
    import keras

    inside = keras.Model(model.input, keras.layers.Dense(1)(model.get_layer("masking_1").output))
    compiled = tf.function(
        lambda texts: with_masks_beside({"label": inside(texts, training=False)}), jit_compile=True
    )

    def measured(texts: np.ndarray, targets: np.ndarray) -> tuple[float, float]:
        given = _activated(with_masks(compiled(tf.constant(texts)))["label"], activation)
        metric = keras.metrics.MeanAbsoluteError()
        metric.update_state(targets, given)
        return float(keras.losses.MeanSquaredError()(targets, given)), float(metric.result())

    targets = np.random.default_rng(0).normal(size=(3, 6, 1)).astype(np.float32)
    padded = measured(
        np.pad(TEXTS, ((0, 0), (0, 5))), np.pad(targets, ((0, 0), (0, 5), (0, 0)), constant_values=9)
    )
    assert padded == pytest.approx(measured(TEXTS, targets), abs=1e-6)


@pytest.mark.parametrize(
    ("model", "message", "suggestion"),
    [
        (
            steps(transformer="width: 18"),
            "heads: expected a number that divides the width 18, found 4; 1, 2, 3, 6, 9 and 18 do",
            None,
        ),
        (steps(transformer="key_value_heads: 3"), "key_value_heads: expected a number that divides", None),
        (
            steps(transformer="width: 12, positions: rotary"),
            "positions: rotary turns pairs of features",
            None,
        ),
        (steps("positions: learnt"), "length is not known", "write length: 256"),
        (
            "  - transformer: {layers: 1}\n" + steps(),
            "expected tokens of shape (batch, tokens, features), found shape (None, None)",
            "write token_and_position or Embedding before it",
        ),
    ],
)
def test_what_cannot_be_built_is_refused(refused, model, message, suggestion):
    problem = refused(model, shape=(None,), dtype="int32", loss="SparseCategoricalCrossentropy")
    assert message.partition(": ")[2] in problem["message"] or message in problem["message"]
    assert problem["line"] in (5, 6)
    assert suggestion is None or suggestion in problem["suggestion"]
