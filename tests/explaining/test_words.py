"""Which words a prediction rests on, on a model whose truth is known: a weight for each word."""

from __future__ import annotations

import numpy as np
import pytest

from bigmodel_cli.config.reading import Reading
from bigmodel_cli.explaining.rows import effects as effects_of_rows
from bigmodel_cli.explaining.rows.faded import FadedRow
from bigmodel_cli.explaining.rows.network import RowNetwork
from bigmodel_cli.explaining.rows.page import marked
from bigmodel_cli.explaining.rows.word_gradients import word_gradients
from bigmodel_cli.explaining.rows.words import MOST_WORDS, WordEffect, word_effects
from bigmodel_cli.kinds.number.kind import NumberKind
from bigmodel_cli.kinds.text.cells import TextCells
from bigmodel_cli.kinds.text.kind import TextKind
from bigmodel_cli.signature import Signature
from bigmodel_cli.sources.stores import ArrayStore, CodedStore
from bigmodel_cli.tasks.regression.task import Regression

pytestmark = pytest.mark.tf

WEIGHTS = {"free": 3.0, "prize": 2.0, "the": 0.0, "lunch": -1.5, "免": 4.0, "费": 0.5}


@pytest.fixture(scope="module", params=["words", "characters"])
def network(request):
    """The sum of the weights of all words, and twice the number beside them; with 1 for a letter alone."""
    import keras

    split = "whitespace" if request.param == "words" else "character"
    given = {"text": keras.Input((), dtype="string", name="text"), "size": keras.Input((), name="size")}
    counted = keras.layers.TextVectorization(
        vocabulary=list(WEIGHTS), output_mode="count", split=split, standardize=None
    )(given["text"])
    dense = keras.layers.Dense(1, use_bias=False)
    both = keras.ops.concatenate([counted, keras.ops.expand_dims(given["size"], -1)], axis=-1)
    model = keras.Model(given, dense(both))
    dense.set_weights([np.array([[0.0], *([weight] for weight in WEIGHTS.values()), [2.0]], np.float32)])
    signature = Signature({"text": TextKind(), "size": NumberKind()}, {"y": Regression()})
    return request.param, RowNetwork(model, signature, "y", Reading(None, False, 0.5), 1.0)


def effects(network, text, *, is_coded=False):
    array = np.array([text], object)
    column = CodedStore(np.zeros(1, np.int32), (text,), "t") if is_coded else ArrayStore(array, "t")
    row = {"text": column, "size": ArrayStore(np.ones(1, np.float32), "t")}
    (found,) = word_effects(network, row, "text", TextCells(TextKind()), [0])
    return [(one.word, one.start, pytest.approx(one.effect, abs=1e-5)) for one in found]


@pytest.mark.parametrize("is_coded", [False, True])
def test_each_word_adds_its_weight(network, is_coded):
    split, network = network
    if split == "words":
        found = effects(network, "the free  lunch free\nodd", is_coded=is_coded)
        expected = [
            ("the", 0, 0.0),
            ("free", 4, 3.0),
            ("lunch", 10, -1.5),
            ("free", 16, 3.0),
            ("odd", 21, 0.0),
        ]
    else:
        found = effects(network, "免费免", is_coded=is_coded)
        expected = [("免", 0, 4.0), ("费", 1, 0.5), ("免", 2, 4.0)]
    assert found == expected


def test_a_word_that_was_never_written_leaves_no_space():
    class Told(TextCells):
        def held(self, values):
            told.extend(values)
            raise StopIteration

    told = []
    row = {"text": ArrayStore(np.array([" a  b\nc "], object), "t")}
    with pytest.raises(StopIteration):
        word_effects(None, row, "text", Told(TextKind()), [0])
    assert told == [" a  b\nc ", " b\nc ", " a  c ", " a  b"]


def test_a_text_without_words_has_none(network):
    assert effects(network[1], " ") == effects(network[1], "") == []


def test_of_a_long_text_the_first_words_are_looked_at(network):
    split, network = network
    if split == "words":
        found = effects(network, "the " * MOST_WORDS + "free")
        assert len(found) == MOST_WORDS and {word for word, _, _ in found} == {"the"}


def test_words_are_marked_on_a_page_by_what_they_add():
    words = [WordEffect("<b>free", 0, 2.0), WordEffect("lunch", 9, -1.0), WordEffect("the", 15, 0.0)]
    found = [(one, one.effect) for one in words]
    assert marked("<b>free  lunch\nthe end", found) == (
        '<span style="background:rgba(0, 114, 178,0.75);border-radius:.2em" title="+2">&lt;b&gt;free</span>  '
        '<span style="background:rgba(213, 94, 0,0.38);border-radius:.2em" title="-1">lunch</span><br>'
        '<span style="background:rgba(0, 114, 178,0.00);border-radius:.2em" title="+0">the</span> end'
    )


def test_texts_without_effect_are_not_marked():
    assert "0.00" in marked("a", [(WordEffect("a", 0, 0.0), 0.0)]) and marked("", []) == ""


def by_gradients(network, text):
    row = {"text": ArrayStore(np.array([text], object), "t"), "size": ArrayStore(np.ones(1, np.float32), "t")}
    given = (network, row, "text", TextCells(TextKind()), [0])
    found = word_gradients(*given, word_effects(*given))
    return found if isinstance(found, str) else (found.words[0], found.details[0]["completeness"])


def test_gradients_of_what_is_linear_are_the_weights(network):
    split, network = network
    text, expected = (
        ("the free  lunch free odd", [0, 3, -1.5, 3, 0]) if split == "words" else ("免费", [4, 0.5])
    )
    words, completeness = by_gradients(network, text)
    assert [one.gradient for one in words] == pytest.approx(expected, abs=1e-5)
    assert completeness["score_difference"] == pytest.approx(sum(expected), abs=1e-5)
    assert completeness["error"] < 1e-5


def embedded(ngrams=None):
    """Vectors of tokens, padding left out, and something that is not linear behind them."""
    import keras

    keras.utils.set_random_seed(3)
    given = {"text": keras.Input((), dtype="string", name="text"), "size": keras.Input((), name="size")}
    ids = keras.layers.TextVectorization(
        vocabulary=[*WEIGHTS, "free lunch"], output_sequence_length=6, ngrams=ngrams, standardize=None
    )(given["text"])
    vectors = keras.layers.Embedding(9, 4, embeddings_initializer="normal", mask_zero=True)(ids)
    pooled = keras.layers.GlobalAveragePooling1D()(vectors)
    both = keras.ops.concatenate([pooled, keras.ops.expand_dims(given["size"], -1)], axis=-1)
    score = keras.layers.Dense(1)(keras.layers.Dense(5, activation="tanh")(both))
    signature = Signature({"text": TextKind(), "size": NumberKind()}, {"y": Regression()})
    return RowNetwork(keras.Model(given, score), signature, "y", Reading(None, False, 0.5), 1.0)


def test_gradients_at_the_embeddings_sum_up_to_the_difference():
    network, text = embedded(), "free the  lunch, lunch free"
    words, completeness = by_gradients(network, text)
    assert [one.word for one in words] == ["free", "the", "lunch,", "lunch", "free"]
    assert len({one.gradient for one in words}) > 3
    assert completeness["sum"] == pytest.approx(sum(one.gradient for one in words))
    assert completeness["sum"] == pytest.approx(completeness["score_difference"], rel=0.01)
    # From a text whose tokens have padding's vector, by hand.
    table, (first, bias), (second, last) = (layer.get_weights() for layer in behind(network))
    ends = np.array([[*table[0][0], 1.0], [*table[0][[2, 4, 1, 5, 2]].mean(axis=0), 1.0]])
    padding, whole = (np.tanh(ends @ first + bias) @ second + last)[:, 0]
    assert completeness["score_difference"] == pytest.approx(whole - padding, abs=1e-5)


def test_few_rows_are_computed_at_once_and_give_the_same(monkeypatch):
    """Attention between the tokens of a long text takes much memory for each row."""
    network, text, seen = embedded(), "free the lunch prize " * 20, []
    scores, run = FadedRow.scores, FadedRow._run
    monkeypatch.setattr(
        FadedRow, "scores", lambda self, shares, to: seen.append(len(shares)) or scores(self, shares, to)
    )
    monkeypatch.setattr(
        FadedRow,
        "_run",
        lambda self, given, looked: seen.append(given[0].shape[0]) or run(self, given, looked),
    )
    words, _ = by_gradients(network, text)
    assert max(one for one in seen if one is not None) <= effects_of_rows.ROWS_AT_ONCE < len(words)
    monkeypatch.setattr(effects_of_rows, "ROWS_AT_ONCE", 10_000)
    at_once, _ = by_gradients(network, text)
    assert max(one for one in seen if one is not None) > len(words)
    np.testing.assert_allclose([one.gradient for one in words], [one.gradient for one in at_once], atol=1e-6)


def behind(network):
    import keras

    layers = network.bare_model.layers
    return [one for one in layers if isinstance(one, keras.layers.Embedding | keras.layers.Dense)]


def test_words_whose_tokens_move_have_no_gradients_of_their_own():
    assert by_gradients(embedded(ngrams=2), "the free lunch") == "a word moves the tokens of others"
