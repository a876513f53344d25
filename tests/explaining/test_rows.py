"""Explanations of rows, on models whose truth is known: weights that were written down."""

from __future__ import annotations

import numpy as np
import pytest

from bigmodel_cli.config.reading import Reading
from bigmodel_cli.explaining.rows.effects import exchange, integrated_gradients, occlusion
from bigmodel_cli.explaining.rows.importance import importances, row_limit
from bigmodel_cli.explaining.rows.network import RowNetwork
from bigmodel_cli.kinds.category.kind import CategoryKind
from bigmodel_cli.kinds.explain import Places
from bigmodel_cli.kinds.number.kind import NumberKind
from bigmodel_cli.parts import part_of
from bigmodel_cli.scoring.rule import AS_IT_IS
from bigmodel_cli.signature import Signature
from bigmodel_cli.sources.stores import ArrayStore, CodedStore
from bigmodel_cli.tasks.classification.task import Classification
from bigmodel_cli.tasks.explain import Explained
from bigmodel_cli.tasks.regression.task import Regression

pytestmark = pytest.mark.tf

TOWNS = ("Rome", "Oslo", "Bern")
WEIGHTS = {"a": 2.0, "b": -3.0, "noise": 0.0, "Rome": 1.0, "Oslo": -1.0, "Bern": 0.0}
NUMBERS = Reading(None, False, 0.5)


def table(count, seed=0):
    random = np.random.default_rng(seed)
    columns = {
        name: ArrayStore(random.normal(size=count).astype(np.float32), "t") for name in ("a", "b", "noise")
    }
    codes = random.integers(0, 3, count).astype(np.int32)
    return {**columns, "town": CodedStore(codes, TOWNS, "t")}


def truth(columns):
    """What the linear model says."""
    of_towns = np.array([WEIGHTS[name] for name in TOWNS])[columns["town"].array]
    return sum(WEIGHTS[name] * columns[name].array for name in ("a", "b", "noise")) + of_towns


SIGNATURE = Signature(
    {"a": NumberKind(), "b": NumberKind(), "noise": NumberKind(), "town": CategoryKind(TOWNS)},
    {"y": Regression()},
)


def inputs():
    import keras

    numbers = {name: keras.Input((), name=name) for name in ("a", "b", "noise")}
    town = keras.Input((), dtype="string", name="town")
    looked_up = keras.layers.StringLookup(
        vocabulary=list(TOWNS), num_oov_indices=1, output_mode="one_hot", name="lookup"
    )(town)
    parts = [keras.ops.expand_dims(tensor, -1) for tensor in numbers.values()]
    both = keras.ops.concatenate([*parts, keras.ops.cast(looked_up, "float32")], axis=-1)
    return {**numbers, "town": town}, both


@pytest.fixture(scope="module")
def linear():
    import keras

    given, both = inputs()
    dense = keras.layers.Dense(1)
    model = keras.Model(given, dense(both))
    order = ["a", "b", "noise", None, *TOWNS]
    dense.set_weights([np.array([[WEIGHTS.get(name, 0.0)] for name in order]), np.array([0.5])])
    return RowNetwork(model, SIGNATURE, "y", NUMBERS, 1.0)


def test_the_model_is_the_same_in_two_parts(linear):
    columns = table(50)
    encoded = linear.encoded(columns)
    assert encoded.shape == (50, linear.width) == (50, 7)
    assert linear.has_gradients and linear.explained == "output"
    assert linear.outputs(encoded)[:, 0] == pytest.approx(truth(columns) + 0.5, abs=1e-5)
    assert linear.scored(encoded, [0])[:, 0] == pytest.approx(truth(columns) + 0.5, abs=1e-5)


def test_effects_of_a_linear_model_are_its_weights(linear):
    """Both methods must say weight × (value - mean), column by column."""
    background, row = table(200), {name: store.take(np.array([3])) for name, store in table(9, 7).items()}
    exchanged = exchange(linear, row, background)
    of_towns = np.array([WEIGHTS[name] for name in TOWNS])
    expected = {
        name: WEIGHTS[name] * float(row[name].array[0] - background[name].array.mean()) for name in ("a", "b")
    }
    expected |= {"noise": 0.0}
    expected["town"] = float(of_towns[row["town"].array[0]] - of_towns[background["town"].array].mean())
    (occluded,) = occlusion(linear, exchanged, [0])
    (gradients,) = integrated_gradients(linear, exchanged, [0])
    assert dict(occluded.by_column) == pytest.approx(expected, abs=1e-4)
    assert dict(gradients.by_column) == pytest.approx(expected, abs=1e-4)
    assert occluded.errors["noise"] == 0 and 0 < occluded.errors["a"] < 0.3
    whole = gradients.details["completeness"]
    assert whole["sum"] == pytest.approx(whole["score_difference"], abs=1e-4)
    assert sum(gradients.by_column.values()) == pytest.approx(whole["sum"], abs=1e-4)


def measured(columns, labels, **how):
    """Importances against labels, the columns in an order of their own."""
    explained = part_of(Regression(), Explained)
    network = how.pop("network")

    def measure(rows, outputs):
        return explained.measures(labels[rows], outputs[rows].reshape(-1), AS_IT_IS)

    found = importances(network, columns, measure, repeats=20, seed=0, progress=lambda *_: None, **how)
    return {one.column: one for one in found}


def test_importance_of_a_linear_model(linear):
    columns = table(3000)
    labels = truth(columns) + 0.5 + np.random.default_rng(1).normal(0, 0.5, 3000)
    found = measured(columns, labels, network=linear)
    means = {name: one.means["root_mean_squared_error"] for name, one in found.items()}
    assert sorted(means, key=means.get, reverse=True) == ["b", "a", "town", "noise"]
    # Two independent draws of a normal variable differ by √2 of its deviation.
    for name in ("a", "b"):
        expected = np.sqrt(0.25 + 2 * WEIGHTS[name] ** 2) - 0.5
        low, high = found[name].intervals["root_mean_squared_error"]
        assert low < expected < high
        assert low > 0.5
    assert found["noise"].intervals["root_mean_squared_error"] == (0.0, 0.0)


def test_a_column_that_says_nothing_is_worth_nothing(linear):
    """A model that leans on noise a little: on new rows that is worth nothing, and the interval has 0."""
    import keras

    given, both = inputs()
    dense = keras.layers.Dense(1)
    model = keras.Model(given, dense(both))
    weights = np.zeros((7, 1))
    weights[:3, 0] = 2, -3, 0.2
    dense.set_weights([weights, np.zeros(1)])
    network = RowNetwork(model, SIGNATURE, "y", NUMBERS, 1.0)
    hits = 0
    for seed in range(10):
        columns = table(400, seed)
        labels = 2 * columns["a"].array - 3 * columns["b"].array
        labels = labels + np.random.default_rng(seed + 99).normal(0, 1, 400)
        found = measured(columns, labels, network=network)["noise"]
        low, high = found.intervals["root_mean_squared_error"]
        hits += low <= 0 <= high
    assert hits >= 9


def test_an_order_of_columns_changes_nothing(linear):
    columns = table(300)
    labels = truth(columns)
    one = measured(columns, labels, network=linear)
    other = measured(dict(reversed(columns.items())), labels, network=linear)
    assert {name: found.means for name, found in one.items()} == {
        name: found.means for name, found in other.items()
    }


def test_what_is_made_of_two_columns_is_computed_anew():
    import keras

    given, _ = inputs()
    product = keras.ops.expand_dims(given["a"] * given["b"], -1)
    alone = keras.ops.expand_dims(given["noise"], -1)
    dense = keras.layers.Dense(1)
    model = keras.Model(given, dense(keras.ops.concatenate([product, alone], axis=-1)))
    dense.set_weights([np.array([[1.0], [0.0]]), np.zeros(1)])
    network = RowNetwork(model, SIGNATURE, "y", NUMBERS, 1.0)
    columns = table(2000)
    labels = columns["a"].array * columns["b"].array
    found = measured(columns, labels, network=network)
    # The mean square of a·b - a'·b is 2.
    for name in ("a", "b"):
        assert found[name].means["root_mean_squared_error"] == pytest.approx(np.sqrt(2), rel=0.1)
    assert found["town"].means["root_mean_squared_error"] == 0
    row = {name: store.take(np.array([0])) for name, store in columns.items()}
    exchanged = exchange(network, row, {name: store.take(np.arange(50)) for name, store in columns.items()})
    (effects,) = integrated_gradients(network, exchanged, [0])
    assert effects.by_column["a"] == pytest.approx(effects.by_column["b"]), "half of it for either"
    assert sum(effects.by_column.values()) == pytest.approx(effects.details["completeness"]["sum"], abs=1e-5)


@pytest.mark.parametrize("activation", ["sigmoid", None])
def test_embedded_places_have_gradients(activation):
    """Classes by their log-odds, through an embedding: the first part ends behind it."""
    import keras

    given, _ = inputs()
    places = keras.layers.StringLookup(vocabulary=list(TOWNS), num_oov_indices=1)(given["town"])
    embedded = keras.layers.Embedding(4, 2)(places)
    numbers = keras.ops.stack([given["a"], given["b"], given["noise"]], axis=-1)
    hidden = keras.layers.Dense(8, activation="tanh")(keras.ops.concatenate([numbers, embedded], axis=-1))
    model = keras.Model(given, keras.layers.Dense(1, activation=activation)(hidden))
    signature = Signature(SIGNATURE.inputs, {"y": Classification(("no", "yes"))})
    reading = Reading(None if activation else "sigmoid", True, 0.5)
    network = RowNetwork(model, signature, "y", reading, 1.0)
    assert (network.width, network.has_gradients, network.explained) == (5, True, "log-odds")
    columns = table(30)
    outputs = network.outputs(network.encoded(columns))[:, 0]
    odds = np.log(outputs / (1 - outputs)) if activation else outputs
    scores = network.scored(network.encoded(columns), [1, 0])
    assert scores[:, 0] == pytest.approx(odds, abs=1e-4)
    assert scores[:, 1] == pytest.approx(-odds, abs=1e-4)
    row = {name: store.take(np.array([4])) for name, store in columns.items()}
    effects = integrated_gradients(network, exchange(network, row, columns), [1])[0]
    whole = effects.details["completeness"]
    assert whole["error"] < 0.01
    assert sum(effects.by_column.values()) == pytest.approx(whole["sum"], abs=1e-5)
    assert effects.by_column["town"] != 0


def test_of_several_targets_one_is_taken():
    import keras

    given, both = inputs()
    outputs = {name: keras.layers.Dense(1, name=name)(both) for name in ("y", "z_z")}
    model = keras.Model(given, outputs)
    signature = Signature(SIGNATURE.inputs, {"y": Regression(), "z z": Regression()})
    columns = table(20)
    raw = {name: store.values_of(store.array) for name, store in columns.items()}
    import tensorflow as tf

    expected = model({name: tf.constant(values) for name, values in raw.items()})["z_z"]
    network = RowNetwork(model, signature, "z z", NUMBERS, 1.0)
    assert network.outputs(network.encoded(columns)) == pytest.approx(np.asarray(expected), abs=1e-5)


def test_a_row_as_people_read_it():
    row = {
        "a": ArrayStore(np.array([3], np.float32), "t"),
        "b": ArrayStore(np.array([np.nan], np.float32), "t"),
        "town": CodedStore(np.array([1], np.int32), TOWNS, "t"),
    }
    assert part_of(SIGNATURE.kind, Places).values(row) == {"a": 3, "b": None, "town": "Oslo"}


def test_of_rows_that_are_many_numbers_fewer_are_taken():
    assert (row_limit(10), row_limit(10_000), row_limit(10**7)) == (20_000, 5_000, 500)
