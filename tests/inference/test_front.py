"""Lookups in NumPy answer as Keras's layers do, whatever their options and whatever they are given."""

from __future__ import annotations

import json

import numpy as np
import pytest

from bigmodel_cli.errors import DataError
from bigmodel_cli.inference.front import Front, Lookup, read_front
from bigmodel_cli.kinds.cells import Held

pytestmark = pytest.mark.tf

WORDS = ["red", "green", "", "blue", "Ünknown", "red", "red green", "[UNK]", " red"]
TEXTS = [
    "The red fox, the RED fox!",
    "",
    "fox",
    "Ünder der Brücke: ÄÖ fox_red (red) the\tred\nfox",
    "it's a {fox} ~ [red] `the` <fox>",
    "!!!",
    "a  b   c the red fox red fox the the the the the",
]


def held(texts):
    names = list(dict.fromkeys(text for text in texts if text))
    return Held(
        np.array([names.index(text) if text else len(names) for text in texts], np.int32), tuple(names)
    )


def model_of(layer, kind="string"):
    import keras

    inputs = keras.Input((), dtype=kind, name="column")
    taken = inputs if kind == "string" else keras.ops.expand_dims(inputs, -1)
    return keras.Model({"column": inputs}, keras.ops.cast(layer(taken), "float32"))


def both(layer, column, kind="string"):
    """What Keras gives, and what NumPy gives from what is written of the layer."""
    import tensorflow as tf

    from bigmodel_cli.modeling.lookups import behind_lookups

    model = model_of(layer, kind)
    behind = behind_lookups(model)
    assert behind.numbers == ()
    front = Front({name: Lookup(**described) for name, described in behind.lookups.items()})
    expected = np.asarray(model({"column": tf.constant(column.values())}))
    given = front.run({"column": column})
    return expected, front, np.asarray(behind.back({name: given[name] for name in behind.back.input}))


@pytest.mark.parametrize(
    "options",
    [
        {"output_mode": "one_hot"},
        {"output_mode": "one_hot", "mask_token": ""},
        {"output_mode": "int", "mask_token": ""},
        {"output_mode": "int"},
        {"output_mode": "one_hot", "mask_token": "red", "max_tokens": 7, "pad_to_max_tokens": True},
    ],
)
def test_words(options):
    from keras import layers

    layer = layers.StringLookup(**options)
    layer.adapt(np.array(["red", "red", "green", "blue", ""]))
    expected, _, found = both(layer, held(WORDS))
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    "options",
    [
        {"output_mode": "int"},
        {"output_mode": "int", "output_sequence_length": 3},
        {"output_mode": "int", "split": "character", "output_sequence_length": 9},
        {"output_mode": "int", "ngrams": 2},
        {"output_mode": "count", "ngrams": (1, 3)},
        {"output_mode": "multi_hot"},
        {"output_mode": "multi_hot", "max_tokens": 40, "pad_to_max_tokens": True},
        {"output_mode": "count", "standardize": "lower"},
        {"output_mode": "count", "standardize": None},
        {"output_mode": "int", "standardize": "strip_punctuation"},
    ],
)
def test_texts(options):
    from keras import layers

    layer = layers.TextVectorization(**options)
    layer.adapt(np.array(TEXTS[:5]))
    expected, _, found = both(layer, held([*TEXTS, "new words", TEXTS[0]]))
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("mode", ["int", "one_hot", "multi_hot", "count"])
def test_whole_numbers(mode):
    from keras import layers

    layer = layers.IntegerLookup(output_mode=mode)
    layer.adapt(np.array([[3], [3], [-7], [0]]))
    column = Held(np.array([3, -7, 0, 5, 3.9, -1], np.float32))
    expected, _, found = both(layer, column, "float32")
    np.testing.assert_array_equal(found, expected)


def test_a_word_that_a_layer_refuses_is_an_error():
    from keras import layers

    _, front, found = both(layers.StringLookup(vocabulary=["a", "b"], num_oov_indices=0), held(["b", "a"]))
    assert found.tolist() == [1.0, 0.0]
    with pytest.raises(DataError, match="column: 'c' is not known"):
        front.run({"column": held(["a", "c"])})


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda layers: layers.StringLookup(vocabulary=["a"], num_oov_indices=3), "several num_oov_indices"),
        (lambda layers: layers.TextVectorization(vocabulary=["a"], split=None), "split None"),
        (lambda layers: layers.Hashing(5, output_mode="one_hot"), "Hashing takes texts"),
        (lambda layers: layers.StringLookup(vocabulary=["a"], output_mode="multi_hot"), "all rows for one"),
        (
            lambda layers: layers.TextVectorization(
                vocabulary=["a"], idf_weights=[1.0], output_mode="tf_idf"
            ),
            "output_mode tf_idf",
        ),
    ],
)
def test_what_numpy_does_not_compute_is_said(make, reason):
    from keras import layers

    from bigmodel_cli.modeling.lookups import NoLookup, behind_lookups

    with pytest.raises(NoLookup, match=reason):
        behind_lookups(model_of(make(layers)))


def test_it_is_written_and_read(tmp_path):
    lookup = Lookup("work", ["a", "ü"], 1, 0, "", -1, "one_hot", 3, 1, "float32")
    front = Front({"features_1": lookup}, ["age"])
    column = held(["ü", "?", ""])
    assert front.run({"work": column})["features_1"].tolist() == [[0, 0, 1], [1, 0, 0], [0, 0, 0]]
    path = tmp_path / "front.json"
    path.write_text(front.content(), "utf-8")
    assert read_front(path) == front
    document = json.loads(path.read_text("utf-8"))
    for damaged in ({**document, "version": 2}, {**document, "made": 3}, {"version": 1}, []):
        path.write_text(json.dumps(damaged))
        with pytest.raises(DataError, match=r"front\.json"):
            read_front(path)


def test_columns_of_numbers_pass_and_what_is_behind_keeps_the_names_of_inputs(tmp_path):
    import keras

    from bigmodel_cli.inference.engines import RowEngine
    from bigmodel_cli.inference.export import export, named_converter
    from bigmodel_cli.inference.litert import LiteRTEngine
    from bigmodel_cli.modeling.lookups import behind_lookups

    # The order of names is neither that of inputs nor that of outputs.
    inputs = {name: keras.Input((), dtype=kind, name=name) for name, kind in KINDS.items()}
    lookup = keras.layers.StringLookup(vocabulary=["a", "b"], output_mode="one_hot")
    numbers = [keras.ops.expand_dims(inputs[name], -1) for name in ("zeta", "beta")]
    row = keras.layers.Concatenate()([*numbers, lookup(inputs["alpha"])])
    outputs = {name: keras.layers.Dense(1, name=name)(row) for name in ("second", "first", "third")}
    model = keras.Model(inputs, outputs)
    behind = behind_lookups(model)
    assert set(behind.numbers) == {"zeta", "beta"}
    export(behind.back, tmp_path / "m.tflite", named_converter)
    front = Front({name: Lookup(**described) for name, described in behind.lookups.items()})
    engine = RowEngine(front, LiteRTEngine(tmp_path / "m.tflite"))
    columns = {
        "zeta": Held(np.arange(9, dtype=np.float32)),
        "alpha": held(list("abcabcabc")),
        "beta": Held(np.arange(9, dtype=np.float32)[::-1].copy()),
    }
    for count in (9, 2, 9):
        some = {name: column.take(np.arange(count)) for name, column in columns.items()}
        found = engine.predict(some)
        expected = model({name: keras.ops.convert_to_tensor(one.values()) for name, one in some.items()})
        assert found.keys() == expected.keys()
        for name, values in expected.items():
            np.testing.assert_allclose(found[name], np.asarray(values), atol=1e-5)


KINDS = {"zeta": "float32", "alpha": "string", "beta": "float32"}
