"""A token more costs one token: what is kept of earlier ones gives what the whole window gives."""

from __future__ import annotations

import numpy as np
import pytest

from bigmodel_cli.inference.generating.sampling import Sampling
from bigmodel_cli.inference.generating.stepping import WholeWindows, kept_tokens, window_of

pytestmark = pytest.mark.tf

LENGTH, SIZE = 12, 20
# Each token may come first.
ANY = np.zeros(SIZE, np.float32)
BLOCKS = {
    "learnt places": ("positions: learnt", "causal: true, dropout: 0.1"),
    "rotary, grouped, gated": (
        "positions: none",
        "causal: true, positions: rotary, key_value_heads: 2, gated: true, normalization: RMSNormalization",
    ),
    "sines, post": ("positions: sinusoidal", "causal: true, norm: post, width: 24"),
}


def with_head(tensor, inputs):
    import keras

    keras.utils.set_random_seed(1)
    return keras.Model(inputs, keras.layers.Dense(SIZE, kernel_initializer="glorot_normal")(tensor))


@pytest.fixture(params=BLOCKS)
def transformer(request, build):
    tokens, options = BLOCKS[request.param]
    whole = build(
        f"  - token_and_position: {{vocabulary_size: {SIZE}, width: 16, mask_zero: false, {tokens}}}\n"
        f"  - transformer: {{layers: 2, heads: 4, {options}}}\n"
        "  - masked_pooling: {mode: mean}\n  - Dense: {units: num_classes, activation: softmax}\n",
        shape=(LENGTH,),
        dtype="int32",
        loss="SparseCategoricalCrossentropy",
    ).model
    last = [layer for layer in whole.layers if layer.name.startswith("transformer")][-1]
    return with_head(last.output, whole.input)


@pytest.fixture
def recurrent():
    import keras

    ids = keras.Input((LENGTH,), dtype="int32")
    tensor = keras.layers.Embedding(SIZE, 8)(ids)
    tensor = keras.layers.GRU(9, return_sequences=True)(tensor)
    return with_head(keras.layers.LSTM(7, return_sequences=True)(tensor), ids)


def same_texts(model):
    """Both ways write the same over several windows, greedily and drawn, all at once and in pieces."""
    quick, whole = kept_tokens(model, are_logits=True), WholeWindows(model, are_logits=True)
    assert quick is not None
    context = np.array([[1, 2, 3], [4, 5, 6]], np.int32)
    for sampling in (Sampling(0.0), Sampling(1.5, top_k=9, top_p=0.95, seed=3)):
        drawn = sampling.drawn(2, 4 * LENGTH)
        expected = whole.begin(context, sampling).tokens(drawn, ANY)
        begun = quick.begin(context, sampling)
        pieces = [
            begun.tokens(drawn[:, start : start + LENGTH], ANY) for start in range(0, 4 * LENGTH, LENGTH)
        ]
        assert np.array_equal(np.concatenate(pieces, axis=1), expected)
        long = expected[:, : 2 * LENGTH + 3]
        assert np.array_equal(
            quick.begin(long, sampling).tokens(drawn[:, :LENGTH], ANY),
            whole.begin(long, sampling).tokens(drawn[:, :LENGTH], ANY),
        )
    return expected


def test_transformers_write_the_same_either_way(transformer):
    assert len(np.unique(same_texts(transformer))) > 3


def test_recurrent_models_write_the_same_either_way(recurrent):
    assert len(np.unique(same_texts(recurrent))) > 3


def test_beams_find_the_likeliest_of_all_texts(transformer):
    import itertools

    import tensorflow as tf

    from bigmodel_cli.inference.generating.beams import Beams
    from bigmodel_cli.inference.generating.writing import Wanted, Writer
    from bigmodel_cli.vocabulary.letters import Letters

    known = Letters("characters", "abcdefghijklmnopqrst")
    pairs = np.array(list(itertools.product(range(SIZE), repeat=2)))
    windows = np.zeros((len(pairs), LENGTH), np.int32)
    windows[:, :3], windows[:, 3:5] = known.encode("abc", "t"), pairs
    likely = tf.nn.log_softmax(transformer(windows)).numpy()
    rows = np.arange(len(pairs))
    sums = likely[rows, 2, pairs[:, 0]] + likely[rows, 3, pairs[:, 1]]
    order = np.argsort(-sums)[:3]
    expected = [known.decode(pairs[row]) for row in order]
    for keeps in (True, False):
        writer = Writer(transformer, known, are_logits=True, keeps=keeps)
        found = writer.write("abc", Wanted(2, 3, beams=Beams(SIZE, 1.0)))
        assert [text.text for text in found] == expected
        scores = np.array([text.score for text in found])
        np.testing.assert_allclose(scores, sums[order] / (7 / 6), atol=1e-4)
        # Over several windows each of one beam is the likeliest token.
        long = Wanted(3 * LENGTH, sampling=Sampling(0.0))
        (greedy,) = writer.write("abc", long)
        (one,) = writer.write("abc", Wanted(3 * LENGTH, beams=Beams(1, 1.0)))
        assert one.text == greedy.text


def test_one_graph_writes_for_all_seeds_and_temperatures(recurrent, monkeypatch):
    quick, traced = kept_tokens(recurrent, are_logits=True), []
    write = quick._write
    monkeypatch.setattr(quick, "_write", lambda most, *rest: traced.append(most) or write(most, *rest))
    for options in ({"seed": 1}, {"seed": 2}, {"temperature": 0.3, "top_p": 0.5}, {"top_k": 3}, {"top_k": 4}):
        sampling = Sampling(**options)
        quick.begin(np.array([[1, 2]], np.int32), sampling).tokens(sampling.drawn(1, 4), ANY)
    assert traced == [SIZE, 4]


def test_what_looks_at_several_places_is_computed_whole():
    import keras

    ids = keras.Input((LENGTH,), dtype="int32")
    tensor = keras.layers.Embedding(SIZE, 8)(ids)
    convolved = keras.layers.Conv1D(8, 3, padding="causal")(tensor)
    assert kept_tokens(with_head(convolved, ids), are_logits=True) is None
    # An operation that nobody thought of gives something else, and is found by that.
    averaged = tensor + keras.ops.mean(tensor, axis=1, keepdims=True)
    assert kept_tokens(with_head(averaged, ids), are_logits=True) is None


def test_a_window_is_all_that_fits_and_then_goes_on_with_its_end():
    lengths = [window_of(np.zeros((1, count)), 8).shape[1] for count in range(1, 20)]
    assert lengths == [1, 2, 3, 4, 5, 6, 7, 8, 4, 5, 6, 7, 8, 4, 5, 6, 7, 8, 4]


def test_what_is_drawn_keeps_to_top_k_and_top_p():
    import tensorflow as tf

    shares = np.array([[0.5, 0.3, 0.15, 0.05]], np.float32)
    likely = tf.constant(np.tile(np.log(shares), (4000, 1)))
    drawn = np.random.default_rng(0).random(4000).astype(np.float32)

    def found(**options):
        tokens = Sampling(1.0, **options).token(likely, tf.constant(drawn)).numpy()
        return np.bincount(tokens, minlength=4) / 4000

    np.testing.assert_allclose(found(), shares[0], atol=0.03)
    np.testing.assert_allclose(found(top_k=2), [0.625, 0.375, 0, 0], atol=0.03)
    np.testing.assert_allclose(found(top_p=0.85), [0.526, 0.316, 0.158, 0], atol=0.03)
    np.testing.assert_allclose(found(top_p=0.1), [1, 0, 0, 0])
    for lowest in (0.0, 1e-45, 1e-30):
        assert Sampling(lowest).token(likely, tf.constant(drawn)).numpy().max() == 0
    # The last number that rounding allows is still one that counts.
    edge = tf.constant(np.full(4000, np.nextafter(np.float32(1), np.float32(0)), np.float32))
    assert Sampling(1.0, top_p=0.85).token(likely, edge).numpy().max() == 2


def test_a_text_is_drawn_alike_however_many_there_are():
    sampling = Sampling(seed=4)
    assert np.array_equal(sampling.drawn(3, 8)[:2, :5], sampling.drawn(2, 5))
    assert not np.array_equal(sampling.drawn(1, 8), Sampling(seed=5).drawn(1, 8))
