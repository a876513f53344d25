"""Lookups in NumPy answer as Keras's layers do, whatever their options and whatever they are given."""

from __future__ import annotations

import json

import numpy as np
import pytest

from bigmodel_cli.errors import DataError
from bigmodel_cli.inference.front import read_front
from bigmodel_cli.inference.lookups.front import Front, Lookup, UnknownToken
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


def model_of(layer, kind="string", *, has_axis=False):
    import keras

    inputs = keras.Input((), dtype=kind, name="column")
    taken = keras.ops.expand_dims(inputs, -1) if has_axis or kind != "string" else inputs
    return keras.Model({"column": inputs}, keras.ops.cast(layer(taken), "float32"))


def both(layer, column, kind="string", *, has_axis=False):
    """What Keras gives, and what NumPy gives from what is written of the layer."""
    import tensorflow as tf

    from bigmodel_cli.modeling.lookups import behind_lookups

    model = model_of(layer, kind, has_axis=has_axis)
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
        {"output_mode": "int", "num_oov_indices": 3},
        {"output_mode": "int", "num_oov_indices": 3, "mask_token": ""},
        {"output_mode": "one_hot", "num_oov_indices": 4},
        {"output_mode": "one_hot", "num_oov_indices": 4, "mask_token": "", "salt": [3, 2**40]},
        {"output_mode": "int", "num_oov_indices": 2, "mask_token": "", "salt": 7},
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
        {"output_mode": "tf_idf"},
        {"output_mode": "tf_idf", "ngrams": 2, "max_tokens": 40, "pad_to_max_tokens": True},
    ],
)
def test_texts(options):
    from keras import layers

    layer = layers.TextVectorization(**options)
    layer.adapt(np.array(TEXTS[:5]))
    expected, _, found = both(layer, held([*TEXTS, "new words", TEXTS[0]]))
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("mode", ["int", "one_hot", "multi_hot", "count", "tf_idf"])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"num_oov_indices": 3},
        {"num_oov_indices": 3, "mask_token": 0},
        {"num_oov_indices": 3, "oov_method": "farmhash"},
        {"num_oov_indices": 3, "oov_method": "farmhash", "salt": [5, 6]},
    ],
)
def test_whole_numbers(mode, options):
    from keras import layers

    layer = layers.IntegerLookup(output_mode=mode, **options)
    layer.adapt(np.array([[3], [3], [-7], [0]]))
    column = Held(np.array([3, -7, 0, 5, 3.9, -1, 1e6, -12], np.float32))
    expected, _, found = both(layer, column, "float32")
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    "options",
    [
        {"output_mode": "int"},
        {"output_mode": "one_hot"},
        {"output_mode": "one_hot", "mask_value": ""},
        {"output_mode": "int", "mask_value": "red"},
        {"output_mode": "int", "mask_value": "red", "salt": 133},
        {"output_mode": "one_hot", "salt": [133, 2**50]},
        {"output_mode": "count", "mask_value": "fox"},
    ],
)
@pytest.mark.parametrize("bins", [1, 7])
def test_hashed_words(options, bins):
    from keras import layers

    column = held([*WORDS, *TEXTS, "x" * 70, "ü" * 200])
    has_axis = options["output_mode"] != "int"
    expected, _, found = both(layers.Hashing(bins, **options), column, has_axis=has_axis)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("mode", ["multi_hot", "count", "tf_idf"])
@pytest.mark.parametrize("unknown", [1, 3])
def test_words_that_are_counted(mode, unknown):
    from keras import layers

    layer = layers.StringLookup(output_mode=mode, mask_token="", num_oov_indices=unknown)
    layer.adapt(np.array([["red"], ["red"], ["green"], ["blue"], [""]]))
    expected, _, found = both(layer, held(WORDS), has_axis=True)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("mode", ["int", "one_hot", "multi_hot", "count"])
def test_hashed_numbers(mode):
    from keras import layers

    column = Held(np.array([3, -7, 0, 5, 3.9, -1, 1e9], np.float32))
    expected, _, found = both(layers.Hashing(5, output_mode=mode), column, "float32")
    np.testing.assert_array_equal(found, expected)


def test_texts_of_every_length_fall_into_the_buckets_of_tensorflow():
    import tensorflow as tf

    from bigmodel_cli.inference.lookups.front import bucket_of

    # 128 bytes at most stand for all lengths: up to 16, 32, 64 and more, whole words of 8 bytes and not.
    texts = ["".join(chr(97 + (7 * place + size) % 26) for place in range(size)) for size in range(129)]
    count = 2**62 + 57
    fast = tf.strings.to_hash_bucket_fast(texts, count).numpy()
    strong = tf.strings.to_hash_bucket_strong(texts, count, key=[3, 2**60]).numpy()
    assert [bucket_of(text, count, "farmhash", None) for text in texts] == fast.tolist()
    assert [bucket_of(text, count, "farmhash", [3, 2**60]) for text in texts] == strong.tolist()


def test_a_word_that_a_layer_refuses_is_an_error():
    from keras import layers

    _, front, found = both(layers.StringLookup(vocabulary=["a", "b"], num_oov_indices=0), held(["b", "a"]))
    assert found.tolist() == [1.0, 0.0]
    with pytest.raises(UnknownToken, match="column: 'c' is not known"):
        front.run({"column": held(["a", "c"])})


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda layers: layers.StringLookup(vocabulary=["a"], invert=True), "invert"),
        (lambda layers: layers.TextVectorization(vocabulary=["a"], split=None), "split None"),
        (lambda layers: layers.Hashing(5, output_mode="count"), "all rows for one"),
        (lambda layers: layers.StringLookup(vocabulary=["a"], output_mode="multi_hot"), "all rows for one"),
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
    for damaged in ({**document, "version": 4}, {**document, "made": 3}, {"version": 1}, []):
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
