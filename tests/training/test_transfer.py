"""`--from`: what another run's weights stand for decides whether they are taken."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bigmodel_cli.training.transfer import Copied, copy_weights

pytestmark = pytest.mark.tf

OURS = ("cat", "dog", "owl")


@pytest.fixture(autouse=True)
def _clear() -> Iterator[None]:
    import keras

    keras.utils.clear_session()
    yield


def dense(units: int = 3, *, normalised: bool = False, trainable: bool = True, seed: int = 0) -> Any:
    """Two dense layers, maybe behind statistics of the data, and batch norm between them."""
    import keras

    keras.utils.set_random_seed(seed)
    inputs = keras.Input((4,))
    outputs = inputs
    if normalised:
        layer = keras.layers.Normalization()
        layer.adapt(np.random.default_rng(seed).normal(seed, 1 + seed, (50, 4)))
        outputs = layer(outputs)
    outputs = keras.layers.Dense(5, name="hidden")(outputs)
    outputs = keras.layers.BatchNormalization(name="norm", trainable=trainable)(outputs)
    outputs = keras.layers.Dense(units, name="head")(outputs)
    model = keras.Model(inputs, outputs)
    for weight in model.get_layer("norm").weights:
        weight.assign(np.random.default_rng(seed).uniform(0.5, 1, weight.shape))
    return model


def words(vocabulary: list[str], *, seed: int = 0) -> Any:
    import keras

    keras.utils.set_random_seed(seed)
    inputs = keras.Input((1,), dtype="string")
    numbers = keras.layers.StringLookup(vocabulary=vocabulary)(inputs)
    embedded = keras.layers.Embedding(4, 2, name="embedding")(numbers)
    outputs = keras.layers.Dense(3, name="head")(keras.layers.Flatten()(embedded))
    return keras.Model(inputs, outputs)


def copied(source: Any, model: Any, theirs: Any = OURS, ours: Any = OURS) -> Copied:
    found = copy_weights(source, model, theirs, ours)
    assert found is not None
    return found


def weights(model: Any, layer: str) -> list[np.ndarray]:
    return [np.array(value) for value in model.get_layer(layer).get_weights()]


def same(one: list[np.ndarray], other: list[np.ndarray]) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def test_what_was_adapted_on_the_new_data_stays() -> None:
    source, model = dense(normalised=True, seed=1), dense(normalised=True, seed=2)
    before = weights(model, "normalization_1")
    assert not same(before, weights(source, "normalization"))
    assert copied(source, model).loaded == ["hidden", "norm", "head"]
    assert same(weights(model, "normalization_1"), before)
    assert same(weights(model, "hidden"), weights(source, "hidden"))


def test_preprocessing_that_only_one_has_does_not_matter() -> None:
    assert copied(dense(), dense(normalised=True, seed=1)).loaded == ["hidden", "norm", "head"]
    assert copied(dense(normalised=True), dense(seed=1)).loaded == ["hidden", "norm", "head"]


@pytest.mark.parametrize(
    ("theirs", "reason"),
    [
        (("cat", "dog", "emu"), "the classes are others"),
        (("a", "b", "c"), "the classes are others"),
        (None, "classes here, numbers there"),
    ],
)
def test_the_head_of_other_classes_of_the_same_number_is_not_taken(theirs: Any, reason: str) -> None:
    source, model = dense(seed=1), dense(seed=2)
    before = weights(model, "head")
    found = copied(source, model, theirs)
    assert (found.loaded, found.new, found.unused) == (["hidden", "norm"], ["head"], ["head"])
    assert found.reasons == {"head": reason}
    assert same(weights(model, "head"), before)


def test_numbers_do_not_take_the_head_of_classes() -> None:
    assert copied(dense(), dense(), OURS, None).reasons == {"head": "numbers here, classes there"}
    assert copied(dense(), dense(), None, None).reasons == {}


def test_the_same_classes_in_another_order_are_taken_by_name() -> None:
    source, model = dense(seed=1), dense(seed=2)
    assert copied(source, model, ("owl", "cat", "dog")).reasons == {}
    examples = np.random.default_rng(0).normal(size=(3, 4)).astype("float32")
    expected = np.array(source(examples))[:, [1, 2, 0]]
    np.testing.assert_allclose(model(examples), expected, rtol=1e-6)


def test_one_form_of_a_name_is_another() -> None:
    assert copied(dense(), dense(), ("cafe\u0301", "dog", "owl"), ("caf\u00e9", "dog", "owl")).reasons == {}


def test_one_output_for_two_classes_is_not_taken_the_wrong_way_round() -> None:
    source, model = dense(1, seed=1), dense(1, seed=2)
    assert copied(source, model, ("dog", "cat"), ("cat", "dog")).reasons == {
        "head": "the classes are in another order"
    }
    assert copied(source, model, ("cat", "dog"), ("cat", "dog")).reasons == {}


def test_an_embedding_of_other_words_is_not_taken() -> None:
    source, model = words(["a", "b", "c"], seed=1), words(["a", "b", "d"], seed=2)
    before = weights(model, "embedding")
    found = copied(source, model)
    assert found.reasons == {"embedding": "the vocabulary is another"}
    assert same(weights(model, "embedding"), before) and found.loaded == ["head"]
    again = words(["a", "b", "c"], seed=3)
    assert copied(source, again).reasons == {}
    assert same(weights(again, "embedding"), weights(source, "embedding"))
    # The same words in another order are other numbers.
    assert copied(source, words(["b", "a", "c"])).reasons == {"embedding": "the vocabulary is another"}


@pytest.mark.parametrize("frozen", [(False, True), (True, False), (False, False)])
def test_batch_norm_comes_with_its_statistics_whether_it_learns_or_not(frozen: tuple[bool, bool]) -> None:
    source, model = (dense(trainable=not one, seed=seed) for seed, one in enumerate(frozen))
    assert copied(source, model).new == []
    named = {w.name: w.numpy() for w in source.get_layer("norm").weights}
    for weight in model.get_layer("norm").weights:
        np.testing.assert_array_equal(weight.numpy(), named[weight.name])
    examples = np.ones((2, 4), "float32")
    np.testing.assert_allclose(model(examples, training=False), source(examples, training=False), rtol=1e-6)


def test_low_rank_weights_begin_anew_beside_what_they_are_beside_of() -> None:
    source, model = dense(seed=1), dense(seed=2)
    model.get_layer("hidden").enable_lora(2)
    assert copied(source, model).new == []
    kernel, bias = weights(source, "hidden")
    ours = {weight.name: weight.numpy() for weight in model.get_layer("hidden").weights}
    assert same([ours["kernel"], ours["bias"]], [kernel, bias])
    assert np.any(ours["lora_kernel_a"])


def test_a_frozen_part_that_gets_nothing_is_warned_of(
    bigmodel: Callable[..., Any], tiny: str, tmp_path: Path
) -> None:
    assert bigmodel("train", tiny, "training.epochs=1").code == 0
    words = ("model.1.Dense.trainable=false", "training.epochs=1")
    taken = bigmodel("train", tiny, *words, "--from", "tiny")
    assert taken.code == 0 and "frozen, and" not in taken.err
    head = "{Dense: {units: num_classes, activation: softmax}}"
    other = f"model=[Flatten, {{Dense: {{units: 7, trainable: false}}}}, {{Dense: {{units: 16}}}}, {head}]"
    left = bigmodel("train", tiny, "training.epochs=1", other, "--from", "tiny")
    assert left.code == 0, left.err
    assert "warning: dense: frozen, and " in left.err
    assert "has no weights that fit, so they keep the random ones" in left.err


def with_heads(*names: str, seed: int) -> Any:
    """A model with a head for each target, all of the same shape."""
    import keras

    keras.utils.set_random_seed(seed)
    inputs = keras.Input((4,))
    hidden = keras.layers.Dense(5, name="hidden")(inputs)
    return keras.Model(inputs, {name: keras.layers.Dense(3, name=name)(hidden) for name in names})


def test_heads_of_several_targets_go_by_the_names_of_targets_and_classes() -> None:
    theirs = {"kind": ("a", "b", "c"), "worth": None, "gone": ("x", "y", "z")}
    ours = {"worth": None, "new": ("a", "b", "c"), "kind": ("c", "a", "b")}
    source, model = with_heads("kind", "worth", "gone", seed=1), with_heads("worth", "new", "kind", seed=2)
    before = weights(model, "new")
    found = copied(source, model, theirs, ours)
    assert (set(found.loaded), found.new) == ({"hidden", "worth", "kind"}, ["new"])
    assert found.unused == ["gone"]
    assert same(weights(model, "worth"), weights(source, "worth"))
    assert same(weights(model, "kind"), [value[..., [2, 0, 1]] for value in weights(source, "kind")])
    assert same(weights(model, "new"), before)


def test_a_head_of_one_target_is_none_of_several() -> None:
    source, model = with_heads("kind", "worth", seed=1), with_heads("label", seed=2)
    before = weights(model, "label")
    found = copied(source, model, {"kind": ("a", "b", "c"), "worth": None}, ("a", "b", "c"))
    assert (found.loaded, found.unused) == (["hidden"], ["kind", "worth"])
    assert same(weights(model, "label"), before)
