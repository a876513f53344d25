"""Features before the last layer: what is common of them, and that every engine gives them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from doc_code import function_of

from bigmodel_cli.inference.compared_features import Compared
from bigmodel_cli.inference.inner import Inner
from bigmodel_cli.inference.rarity import Rarity
from bigmodel_cli.inference.standing import scale_of_each, standing

RNG = np.random.default_rng(0)
FLAT = RNG.normal(size=(3, 6, 96)).astype(np.float32)
# The classes lie in planes of their own, and the last one is wider around its plane.
WIDTHS = np.array([0.1, 0.1, 0.6], np.float32)


def clouds(count, seed):
    """Features whose roots are near the plane of one of three classes, and their labels."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, count)
    inside = rng.normal(size=(count, 6)).astype(np.float32)
    features = np.einsum("ij,ijk->ik", inside, FLAT[labels]) + 3 * labels[:, None]
    noise = rng.normal(size=features.shape) * WIDTHS[labels][:, None]
    roots = (features + noise).astype(np.float32)
    return roots * np.abs(roots), labels


def sure(labels, classes=3):
    return np.eye(classes, dtype=np.float32)[labels]


@pytest.fixture(scope="module")
def inner() -> Inner:
    (learned, labels), (others, held) = clouds(1500, 1), clouds(900, 2)
    return Inner.fit(learned, labels, others, sure(held))


def test_two_in_a_hundred_of_each_class_are_rare(inner):
    features, labels = clouds(3000, 3)
    rare = inner.of(features, sure(labels)) > inner.limit
    # A class that is wider than others is not rarer for it.
    assert all(rare[labels == label].mean() < 0.04 for label in range(3)) and rare.any()


def test_what_is_off_its_class_is_rare_though_a_wider_class_goes_further(inner):
    features, labels = clouds(600, 4)
    roots = Compared().of(features) + np.random.default_rng(5).normal(size=features.shape) * 0.3
    moved = (roots * np.abs(roots)).astype(np.float32)
    rare = inner.of(moved, sure(labels)) > inner.limit
    assert rare[labels < 2].mean() > 0.95
    near, far = (inner.rarity.distances(inner.compared.of(some), sure(labels)) for some in (moved, features))
    assert near[labels < 2].max() < np.median(far[labels == 2])


def test_what_is_along_common_directions_and_far_from_all_examples_is_rare(inner):
    labels = np.random.default_rng(0).integers(0, 2, 300)
    inside = np.where(np.arange(6) == np.arange(300)[:, None] % 6, 6.0, 0.0).astype(np.float32)
    roots = (np.einsum("ij,ijk->ik", inside, FLAT[labels]) + 3 * labels[:, None]).astype(np.float32)
    features = roots * np.abs(roots)
    alone = replace(inner, neighbours=None)
    rare, by_directions = (one.of(features, sure(labels)).mean() for one in (inner, alone))
    assert rare > by_directions + 1


def test_what_is_kept_is_small_and_says_the_same(inner):
    arrays = inner.arrays()
    assert arrays["directions"].dtype == np.float16 and arrays["neighbours_examples"].dtype == np.int8
    again, (features, labels) = Inner.from_arrays(arrays), clouds(300, 6)
    np.testing.assert_array_equal(again.of(features, sure(labels)), inner.of(features, sure(labels)))
    assert again.limit == inner.limit


def test_runs_from_before_neighbours_were_kept_are_compared_as_they_were(inner):
    features, labels = clouds(300, 6)
    kept = {**inner.rarity.arrays(), "limit": np.array(2.5)}
    again = Inner.from_arrays(kept)
    roots = np.sign(features) * np.sqrt(np.abs(features))
    np.testing.assert_array_equal(again.of(features, sure(labels)), inner.rarity.of(roots, sure(labels)))
    assert again.limit == 2.5 and again.neighbours is None


def test_many_classes_of_many_features_keep_fewer_directions():
    rng = np.random.default_rng(0)
    features, labels = rng.normal(size=(100 * 16, 4096)).astype(np.float32), np.repeat(np.arange(100), 16)
    found = Rarity.of_features(features, labels, features[:60], sure(labels[:60], 100))
    assert found.directions.size <= 2**21 and found.directions.shape == (100, 4, 4096)


def test_a_class_without_held_out_examples_has_the_scale_of_all():
    (learned, labels), (others, held) = clouds(1500, 1), clouds(900, 2)
    known = held != 0
    found = Inner.fit(learned, labels, others[known], sure(held[known]))
    roots = found.compared.of(others[known])
    for distances, scale in (
        (found.rarity.distances(roots, sure(held[known])), found.rarity.scale),
        (found.neighbours.distances(roots), found.scale),
    ):
        assert scale.shape == (3, 2)
        assert scale[0, 0] == pytest.approx(np.median(np.log(distances + 1e-3)), rel=1e-3)
        assert min(scale[1:, 1]) / 2 < scale[0, 1] < 2 * max(scale[1:, 1])
    assert found.rarity.scale[2, 0] > found.rarity.scale[1, 0] + 1


def test_a_scale_is_that_of_the_far_half():
    rng = np.random.default_rng(0)
    logs, groups = np.abs(rng.normal(0, 2, 4000)) * np.repeat([1, -0.1], 2000), np.repeat([0, 1], 2000)
    far, near = scale_of_each(np.exp(logs), groups, 2)
    assert standing(np.quantile(np.exp(logs[:2000]), [0.9]), far) == pytest.approx(1.28, abs=0.1)
    # A tail to the near side makes nothing usual that is far.
    assert near[1] < 0.2 < far[1]


def test_few_held_out_examples_set_no_limit():
    (learned, labels), (others, held) = clouds(200, 1), clouds(49, 2)
    assert Inner.fit(learned, labels, others, sure(held)) is None


def test_large_features_do_not_hide_others_and_of_many_some_are_compared():
    np.testing.assert_allclose(Compared().of(np.array([[4.0, -9.0, 0.0]])), [[2.0, -3.0, 0.0]])
    many = Compared().of(np.arange(50_000.0)[None])
    assert many.shape == (1, 4096) and many[0, 0] == 0 and many[0, -1] == pytest.approx(49_999**0.5)


def test_of_maps_means_are_compared_and_both_kinds_count_the_same():
    maps = np.random.default_rng(0).uniform(0, 1, (300, 3, 4, 5)).astype(np.float32)
    found = Compared.fit(maps.reshape(300, -1), (3, 4, 5))
    values = found.of(maps.reshape(300, -1))
    assert values.shape == (300, 5 + 12 + 20 + 15)
    spreads = [part.var(axis=0).sum() for part in (values[:, :17], values[:, 17:])]
    np.testing.assert_allclose(spreads, [1, 1], rtol=1e-3)
    np.testing.assert_allclose(values[0, 0] * found.spreads[0], maps[0, ..., 0].mean() ** 0.5, rtol=1e-5)
    np.testing.assert_allclose(values[0, 17] * found.spreads[1], maps[0, :, 0, 0].mean() ** 0.5, rtol=1e-5)
    # A sequence has one axis of places; what is small everywhere divides by nothing.
    assert Compared.fit(maps.reshape(300, -1), (12, 5)).of(maps.reshape(300, -1)).shape == (300, 5 + 12)
    assert np.isfinite(Compared.fit(0 * maps.reshape(300, -1), (12, 5)).of(maps.reshape(300, -1))).all()
    assert Compared.fit(maps.reshape(300, -1), (60,)).of(maps.reshape(300, -1)).shape == (300, 60)


CONFIG = """\
name: bars
data: {source: {npz: {path: bars.npz}}, batch_size: 32}
preprocessing: [{Rescaling: {scale: 1/255}}]
model:
  - Conv2D: {filters: 8, kernel_size: 5, strides: 2, activation: relu}
  - Flatten
  - Dropout: {rate: 0.1}
  - Dense: {units: num_classes}
  - Softmax
loss: CategoricalCrossentropy
optimizer: {Adam: {learning_rate: 0.01}}
metrics: [accuracy]
training: {epochs: 2, device: cpu}
"""


def bars(count, seed):
    """Bright bars on black, across or down, and which."""
    rng = np.random.default_rng(seed)
    pixels, labels = np.zeros((count, 16, 16, 1), np.uint8), rng.integers(0, 2, count)
    for image, label in zip(pixels, labels, strict=True):
        place = rng.integers(2, 11)
        shown = image if label else image.swapaxes(0, 1)
        shown[2:14, place : place + 3] = rng.integers(180, 255)
    return pixels, labels


def corners(count, seed):
    """As bright, on as much black, and with edges as long: bars with a bend."""
    pixels, _ = bars(count, seed)
    for image in pixels:
        half, other = image[:, :8].copy(), image.swapaxes(0, 1)[:, :8].copy()
        image[:, :8], image[:, 8:] = half, other
    return pixels


def trained(folder, config):
    from bigmodel_cli.listener import Silent
    from bigmodel_cli.modeling.language import read_config
    from bigmodel_cli.new_run import NewRun
    from bigmodel_cli.training.train import train

    pixels, labels = bars(1000, 0)
    np.savez(folder / "bars.npz", x=pixels, y=labels)
    path = folder / "c.yaml"
    path.write_text(config)
    return train(read_config(path), NewRun(folder / "runs", "bars"), [Silent()]).run


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run whose last layer is given some hundred features."""
    return trained(tmp_path_factory.mktemp("bars"), CONFIG)


@pytest.mark.tf
def test_both_engines_give_outputs_and_features(run):
    from bigmodel_cli.inference.engines import open_engine

    pixels, _ = bars(70, 1)
    found = {}
    for wanted in ("litert", "keras"):
        engine = open_engine(run, wanted, warn=pytest.fail).engine
        found[wanted] = engine.look(pixels)
        np.testing.assert_array_equal(found[wanted][0], engine.predict(pixels))
    for one, other in zip(*found.values(), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-4)
    assert found["litert"][0].shape == (70, 2) and found["litert"][1].shape == (70, 6 * 6 * 8)


@pytest.mark.tf
def test_the_first_output_is_the_answer_for_others_too(run):
    from bigmodel_cli.inference.engines import open_engine

    pixels, labels = bars(20, 1)
    found = function_of("run-folder.md", "predict")(str(run.litert_model), pixels)
    np.testing.assert_array_equal(found.argmax(axis=1), labels)
    np.testing.assert_allclose(
        found, open_engine(run, "keras", warn=pytest.fail).engine.predict(pixels), atol=1e-5
    )


@pytest.mark.tf
def test_a_run_says_what_is_unlike_by_its_features(run):
    from bigmodel_cli.inference.engines import open_engine
    from bigmodel_cli.inference.familiar import INNER, read_familiar
    from bigmodel_cli.signature import signature_from_json

    signature = signature_from_json(run.read_record()["signature"])
    familiar = read_familiar(run, signature, pytest.fail)
    assert familiar.looks_inside and familiar.rarity is None
    engine = open_engine(run, "auto", warn=pytest.fail).engine
    reasons = {}
    for name, pixels in (("bars", bars(600, 2)[0]), ("corners", corners(200, 3))):
        scores, inner = engine.look(pixels)
        reasons[name] = familiar.unlike(pixels, scores, inner)
        # An engine that does not give features: the rest is compared.
        assert not any(one.what == INNER for of_one in familiar.unlike(pixels, scores) for one in of_one)
    # The limits are those of so few validation examples that two in a hundred may as well be five.
    assert np.mean([bool(found) for found in reasons["bars"]]) <= 0.06
    assert np.mean([INNER in {one.what for one in found} for found in reasons["corners"]]) >= 0.8


@pytest.mark.tf
def test_what_is_frozen_is_not_computed_again(tmp_path, monkeypatch):
    from bigmodel_cli.inference.engines import open_engine
    from bigmodel_cli.training import likeness

    models, seen = [], []
    computing, of_examples = likeness._computing_features, likeness._features

    def features_of(compute, examples, batch_size):
        seen.append(examples)
        return of_examples(compute, examples, batch_size)

    monkeypatch.setattr(likeness, "_computing_features", lambda one: models.append(one) or computing(one))
    monkeypatch.setattr(likeness, "_features", features_of)
    frozen = CONFIG.replace("strides: 2,", "strides: 2, trainable: false,").replace("epochs: 2", "epochs: 3")
    run = trained(tmp_path, frozen)
    (model,), (train, held_out) = models, seen
    assert model.input.shape[1:] == train.store.shape != (16, 16, 1)
    assert (len(train), len(held_out)) == (800, 100)
    # They are those of the examples themselves.
    pixels, _ = bars(1000, 0)
    _, features = open_engine(run, "litert", warn=pytest.fail).engine.look(pixels)
    _, kept = model(np.stack([train.read(index) for index in range(800)]))
    known = {row.tobytes() for row in np.round(features, 3)}
    assert np.mean([row.tobytes() in known for row in np.round(kept.numpy(), 3)]) > 0.9


@pytest.mark.tf
def test_models_that_do_not_end_in_a_dense_layer_of_vectors_have_no_features():
    import keras

    from bigmodel_cli.modeling.inner import map_shape, with_features

    given = keras.Input((4, 3))
    flat = keras.layers.Flatten()(given)
    dense = keras.layers.Dense(2)
    ends = {
        "a softmax of its own": keras.layers.Softmax()(dense(flat)),
        "an activation": keras.layers.Activation("sigmoid")(dense(flat)),
        "no layer that learns": flat,
        "a convolution": keras.layers.Conv1D(2, 3)(given),
        "a dense layer of sequences": keras.layers.Dense(2)(given),
    }
    found = {name: with_features(keras.Model(given, end)) for name, end in ends.items()}
    assert [name for name, model in found.items() if model is not None] == list(ends)[:2]
    outputs, features = found["an activation"](np.ones((5, 4, 3), np.float32))
    assert outputs.shape == (5, 2) and features.shape == (5, 12)
    assert map_shape(found["an activation"]) == (4, 3)
    dropped = keras.layers.Dense(2)(keras.layers.Dropout(0.5)(keras.layers.Flatten()(given)))
    assert map_shape(with_features(keras.Model(given, dropped))) == (4, 3)
    vector = keras.layers.Dense(2)(keras.layers.Dense(6)(flat))
    assert map_shape(with_features(keras.Model(given, vector))) == ()
    assert with_features(keras.Model(given, [dense(flat), flat])) is None
    other = keras.Input((2,))
    assert (
        with_features(
            keras.Model([given, other], keras.layers.Dense(2)(keras.layers.Concatenate()([flat, other])))
        )
        is None
    )
