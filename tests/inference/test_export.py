"""The export: an export that does not answer as the model does is not kept, and run.json says why."""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import pytest

from bigmodel_cli.config.reading import Reading
from bigmodel_cli.inference import export as exporting
from bigmodel_cli.inference.export import (
    Answers,
    ExportError,
    check_parity,
    export,
    frozen_converter,
    saved_model_converter,
    write_litert,
)
from bigmodel_cli.inference.litert import LiteRTEngine
from bigmodel_cli.inference.loading import load_checkpoint
from bigmodel_cli.inference.run_data import load_splits
from bigmodel_cli.kinds.array.kind import ArrayKind
from bigmodel_cli.listener import Silent
from bigmodel_cli.modeling.language import read_config
from bigmodel_cli.run_folder import RunFolder
from bigmodel_cli.scoring.probabilities import as_scores
from bigmodel_cli.signature import TARGET, Signature
from bigmodel_cli.sources.base import Examples
from bigmodel_cli.sources.stores import ArrayStore
from bigmodel_cli.tasks.classification.task import Classification
from bigmodel_cli.tasks.regression.task import Regression

pytestmark = pytest.mark.tf

RNG = np.random.default_rng(0)


class Noting(Silent):
    def __init__(self):
        self.said = []

    def say(self, message):
        self.said.append(message)


def answers_of(result, split="train"):
    """What a run's model says of a split, by Keras itself."""
    splits = load_splits(read_config(result.run.config).experiment, Silent(), offline=True)
    model = load_checkpoint(result.run, "best")
    examples = splits.parts[split]
    return model, Answers(
        examples,
        {name: model.predict(examples.store.array, verbose=0) for name in splits.signature.targets},
        splits.signature,
        dict.fromkeys(splits.signature.targets, Reading()),
    )


def scores_of(answers):
    """Those of the one target."""
    (scores,) = answers.scores.values()
    return scores


def of_all(scores):
    """By the name that the one target has."""
    return {TARGET: scores}


def test_a_run_records_how_its_export_compared(classes, numbers):
    compared = classes.run.read_record()["litert"]
    assert compared == {"examples": 15, "max_difference": compared["max_difference"], "same_classes": True}
    assert 0 <= compared["max_difference"] < 1e-5
    compared = numbers.run.read_record()["litert"]
    assert compared.keys() == {"examples", "max_difference"} and compared["examples"] == 15


def test_examples_are_spread_over_the_split(classes, tmp_path):
    _, answers = answers_of(classes)
    path = classes.run.litert_model
    assert check_parity(LiteRTEngine(path), answers) == exporting.Parity(
        100, pytest.approx(0, abs=1e-6), True
    )
    asked = []

    class Asked(ArrayStore):
        def read(self, index):
            asked.append(int(index))
            return super().read(index)

    examples = Examples.of(Asked(answers.examples.store.array, "train"), answers.examples.labels)
    check_parity(LiteRTEngine(path), replace(answers, examples=examples))
    assert (asked[0], asked[-1], len(set(asked))) == (0, 119, 100)


def test_an_export_of_another_model_is_found_out(classes):
    model, answers = answers_of(classes)
    for layer in model.layers:
        layer.set_weights([weights + 0.5 for weights in layer.get_weights()])
    others = replace(answers, scores=of_all(model.predict(answers.examples.store.array, verbose=0)))
    with pytest.raises(ExportError, match="the LiteRT model answers differently: by up to 0"):
        check_parity(LiteRTEngine(classes.run.litert_model), others)


@pytest.mark.parametrize(("step", "is_kept"), [(9e-4, True), (1.1e-3, False)])
def test_probabilities_may_differ_by_a_thousandth(classes, step, is_kept):
    _, answers = answers_of(classes)
    moved = replace(answers, scores=of_all(scores_of(answers) + np.array([step, 0, 0])))
    # Only examples that stay clear of a tie, whose class the step cannot change.
    clear = np.flatnonzero(np.ptp(np.sort(scores_of(answers))[:, 1:], axis=1) > 0.01)
    moved = replace(moved, examples=moved.examples.take(clear), scores=of_all(scores_of(moved)[clear]))
    if is_kept:
        assert check_parity(LiteRTEngine(classes.run.litert_model), moved).max_difference == pytest.approx(
            step, rel=0.01
        )
    else:
        with pytest.raises(ExportError, match=r"by up to 0\.0011"):
            check_parity(LiteRTEngine(classes.run.litert_model), moved)


def test_another_class_is_found_out_however_close_the_probabilities_are(tmp_path):
    model, answers = tiny(np.array([[0.0, 1e-4]], np.float32))
    export(model, tmp_path / "m.tflite", frozen_converter)
    assert check_parity(LiteRTEngine(tmp_path / "m.tflite"), answers).same_classes
    swapped = replace(answers, scores=of_all(scores_of(answers)[:, ::-1]))
    with pytest.raises(ExportError) as caught:
        check_parity(LiteRTEngine(tmp_path / "m.tflite"), swapped)
    assert (
        caught.value.message == "the LiteRT model answers differently: with another class for 8 of 8 examples"
    )


def tiny(kernel):
    """A model of one number whose logits are that number times the kernel, with what it says of ones."""
    import keras

    inputs = keras.Input((1,))
    dense = keras.layers.Dense(2, use_bias=False)
    model = keras.Model(inputs, dense(inputs))
    dense.set_weights([kernel])
    ones = np.ones((8, 1), np.float32)
    examples = Examples.of_arrays(ones, np.zeros(8, np.int64), "test")
    signature = Signature.of(ArrayKind((1,), "float32"), Classification(("a", "b")))
    softmax = Reading("softmax")
    return model, Answers(examples, {TARGET: as_scores(ones @ kernel, softmax)}, signature, {TARGET: softmax})


def test_logits_are_compared_as_probabilities(tmp_path):
    model, answers = tiny(np.array([[1000.0, 999.0]], np.float32))
    export(model, tmp_path / "m.tflite", frozen_converter)
    assert check_parity(LiteRTEngine(tmp_path / "m.tflite"), answers).max_difference == 0
    # Among numbers as large as these logits the change is within the tolerance.
    _, changed = tiny(np.array([[1000.0, 999.9]], np.float32))
    with pytest.raises(ExportError, match=r"by up to 0\.206"):
        check_parity(LiteRTEngine(tmp_path / "m.tflite"), changed)


def test_numbers_have_a_relative_tolerance(numbers):
    _, answers = answers_of(numbers)
    largest = np.max(np.abs(scores_of(answers)))
    near, far = (
        replace(answers, scores=of_all(scores_of(answers) + largest * step)) for step in (9e-4, 1.2e-3)
    )
    assert check_parity(LiteRTEngine(numbers.run.litert_model), near).same_classes is None
    with pytest.raises(ExportError, match="by up to"):
        check_parity(LiteRTEngine(numbers.run.litert_model), far)


def sequential(*layers, shape):
    import keras

    outputs = inputs = keras.Input(shape)
    for layer in layers:
        outputs = layer(outputs)
    return keras.Model(inputs, outputs)


def counting():
    """A model with a state that its very call changes, which is no constant."""
    import keras

    class Counting(keras.layers.Layer):
        def build(self, _shape):
            self.calls = self.add_weight(shape=(), initializer="zeros", trainable=False)

        def call(self, inputs):
            return inputs + 0 * self.calls.assign_add(1.0)

    return sequential(Counting(), shape=(4,))


def self_attention():
    import keras

    inputs = keras.Input((6, 4))
    return keras.Model(inputs, keras.layers.MultiHeadAttention(2, 3)(inputs, inputs))


IMAGE, SEQUENCE = (12, 12, 3), (6, 4)
MODELS = {
    "conv": lambda layers: sequential(
        layers.Conv2D(4, 3), layers.BatchNormalization(), layers.ReLU(), shape=IMAGE
    ),
    "depthwise": lambda layers: sequential(
        layers.DepthwiseConv2D(3), layers.GlobalAveragePooling2D(), shape=IMAGE
    ),
    "transposed": lambda layers: sequential(layers.Conv2DTranspose(4, 3), layers.MaxPooling2D(), shape=IMAGE),
    "resizing": lambda layers: sequential(layers.Resizing(7, 5), layers.Rescaling(1 / 255), shape=IMAGE),
    "separable": lambda layers: sequential(layers.SeparableConv2D(4, 3), layers.UpSampling2D(), shape=IMAGE),
    "attention": lambda _layers: self_attention(),
    "unrolled": lambda layers: sequential(layers.LSTM(5, unroll=True), shape=SEQUENCE),
    "conv1d": lambda layers: sequential(
        layers.Conv1D(5, 3, padding="causal"), layers.LayerNormalization(), shape=SEQUENCE
    ),
    "dropout": lambda layers: sequential(
        layers.Flatten(), layers.Dropout(0.5), layers.Dense(3), shape=SEQUENCE
    ),
    "flip": lambda layers: sequential(layers.RandomFlip(), layers.Flatten(), shape=IMAGE),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_both_conversions_compute_what_the_model_does(name, tmp_path):
    import keras

    model = MODELS[name](keras.layers)
    features = RNG.uniform(0, 1, (5, *model.input_shape[1:])).astype(np.float32)
    expected = np.asarray(model(features, training=False))
    for converter in (frozen_converter, saved_model_converter):
        path = tmp_path / f"{converter.__name__}.tflite"
        export(model, path, converter)
        np.testing.assert_allclose(LiteRTEngine(path).predict(features), expected, atol=1e-5)


def answers_on_ones(model):
    ones = np.ones((8, *model.input_shape[1:]), np.float32)
    signature = Signature.of(ArrayKind(model.input_shape[1:], "float32"), Regression())
    examples = Examples.of_arrays(ones, np.zeros(8, np.float32), "test")
    return Answers(examples, {TARGET: model.predict(ones, verbose=0)}, signature, {TARGET: Reading()})


def exported(folder, model, answers=None):
    """What `write_litert` returns, and what it says."""
    listener = Noting()
    record = write_litert(RunFolder(folder), model, answers or answers_on_ones(model), listener)
    return record, listener.said


def test_where_the_faster_conversion_fails_the_other_one_is_tried(tmp_path):
    model = counting()
    with pytest.raises(ExportError, match="LiteRT cannot express this model: "):
        export(model, tmp_path / "m.tflite", frozen_converter)
    assert exported(tmp_path, model) == ({"examples": 8, "max_difference": 0.0}, [])
    assert [path.name for path in tmp_path.iterdir()] == ["model.tflite"]


def refused(folder, model, answers=None):
    """The reason for which there is no export."""
    record, said = exported(folder, model, answers)
    assert said == [f"no LiteRT model, predict will use Keras: {record['reason']}"]
    assert not list(folder.iterdir())
    return record["reason"]


def test_a_model_that_litert_cannot_express_has_no_export(tmp_path):
    import keras

    model = sequential(keras.layers.LSTM(3), shape=SEQUENCE)
    assert refused(tmp_path, model) == "LiteRT cannot express this model: it lacks tf.TensorListReserve"


def test_a_model_that_is_too_large_has_no_export(tmp_path, monkeypatch):
    monkeypatch.setattr(exporting, "MAX_PARAMETERS", 1)
    model, answers = tiny(np.ones((1, 2), np.float32))
    assert refused(tmp_path, model, answers) == "the model has 2 parameters; LiteRT is for at most 1"


def test_an_export_that_answers_differently_is_not_kept(tmp_path):
    model, answers = tiny(np.ones((1, 2), np.float32))
    others = replace(answers, scores=of_all(scores_of(answers) + 0.25))
    assert refused(tmp_path, model, others) == "the LiteRT model answers differently: by up to 0.25"


def test_without_litert_there_is_no_export(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "ai_edge_litert.interpreter", None)
    model, answers = tiny(np.ones((1, 2), np.float32))
    assert refused(tmp_path, model, answers) == "ai-edge-litert is not installed"
