"""The export: an export that does not answer as the model does is not kept, and run.json says why."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bigmodel_cli.inference import export as exporting
from bigmodel_cli.inference.evaluate import load_splits
from bigmodel_cli.inference.export import (
    Answers,
    ExportError,
    check_parity,
    export,
    export_run,
    frozen_converter,
    saved_model_converter,
)
from bigmodel_cli.inference.litert import LiteRTEngine
from bigmodel_cli.inference.loading import load_checkpoint
from bigmodel_cli.inference.scores import as_probabilities
from bigmodel_cli.listener import Silent
from bigmodel_cli.modeling.language import read_config
from bigmodel_cli.run_folder import RunFolder
from bigmodel_cli.sources.base import ArrayExamples, Signature

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
    return model, Answers(examples, model.predict(examples.features, verbose=0), splits.signature, False)


def test_a_run_records_how_its_export_compared(classes, numbers):
    compared = classes.run.read_record()["litert"]
    assert compared == {"examples": 15, "max_difference": compared["max_difference"], "same_classes": True}
    assert 0 <= compared["max_difference"] < 1e-5
    compared = numbers.run.read_record()["litert"]
    assert compared.keys() == {"examples", "max_difference"} and compared["examples"] == 15


def test_examples_are_spread_over_the_split(classes, tmp_path):
    model, answers = answers_of(classes)
    path = classes.run.litert_model
    assert check_parity(path, answers) == exporting.Parity(100, pytest.approx(0, abs=1e-6), True)
    asked = []

    class Asked(ArrayExamples):
        def read(self, index):
            asked.append(int(index))
            return super().read(index)

    examples = Asked(answers.examples.features, answers.examples.labels, "train")
    check_parity(path, replace(answers, examples=examples))
    assert (asked[0], asked[-1], len(set(asked))) == (0, 119, 100)


def test_an_export_of_another_model_is_found_out(classes):
    model, answers = answers_of(classes)
    for layer in model.layers:
        layer.set_weights([weights + 0.5 for weights in layer.get_weights()])
    others = replace(answers, scores=model.predict(answers.examples.features, verbose=0))
    with pytest.raises(ExportError, match="the LiteRT model answers differently: by up to 0"):
        check_parity(classes.run.litert_model, others)


@pytest.mark.parametrize(("step", "is_kept"), [(9e-4, True), (1.1e-3, False)])
def test_probabilities_may_differ_by_a_thousandth(classes, step, is_kept):
    _, answers = answers_of(classes)
    moved = replace(answers, scores=answers.scores + np.array([step, 0, 0]))
    # Only examples that stay clear of a tie, whose class the step cannot change.
    clear = np.flatnonzero(np.ptp(np.sort(answers.scores)[:, 1:], axis=1) > 0.01)
    moved = replace(moved, examples=moved.examples.take(clear), scores=moved.scores[clear])
    if is_kept:
        assert check_parity(classes.run.litert_model, moved).max_difference == pytest.approx(step, rel=0.01)
    else:
        with pytest.raises(ExportError, match="by up to 0.0011"):
            check_parity(classes.run.litert_model, moved)


def test_another_class_is_found_out_however_close_the_probabilities_are(tmp_path):
    model, answers = tiny(np.array([[0.0, 1e-4]], np.float32))
    export(model, tmp_path / "m.tflite", frozen_converter)
    assert check_parity(tmp_path / "m.tflite", answers).same_classes
    swapped = replace(answers, scores=answers.scores[:, ::-1])
    with pytest.raises(ExportError) as caught:
        check_parity(tmp_path / "m.tflite", swapped)
    assert caught.value.message == "the LiteRT model answers differently: with another class for 8 of 8 examples"


def tiny(kernel):
    """A model of one number whose logits are that number times the kernel, with what it says of ones."""
    import keras

    inputs = keras.Input((1,))
    dense = keras.layers.Dense(2, use_bias=False)
    model = keras.Model(inputs, dense(inputs))
    dense.set_weights([kernel])
    ones = np.ones((8, 1), np.float32)
    examples = ArrayExamples(ones, np.zeros(8, np.int64), "test")
    signature = Signature((1,), "float32", ("a", "b"))
    return model, Answers(examples, as_probabilities(ones @ kernel, from_logits=True), signature, True)


def test_logits_are_compared_as_probabilities(tmp_path):
    model, answers = tiny(np.array([[1000.0, 900.0]], np.float32))
    export(model, tmp_path / "m.tflite", frozen_converter)
    assert check_parity(tmp_path / "m.tflite", answers).max_difference == 0
    model, answers = tiny(np.array([[1000.0, 999.0]], np.float32))
    # A change that no relative tolerance on logits would notice.
    with pytest.raises(ExportError, match="by up to 0.269"):
        check_parity(tmp_path / "m.tflite", answers)


def test_numbers_have_a_relative_tolerance(numbers):
    _, answers = answers_of(numbers)
    largest = np.max(np.abs(answers.scores))
    near, far = (replace(answers, scores=answers.scores + largest * step) for step in (9e-4, 1.2e-3))
    assert check_parity(numbers.run.litert_model, near).same_classes is None
    with pytest.raises(ExportError, match="by up to"):
        check_parity(numbers.run.litert_model, far)


def layers():
    import keras

    image, sequence = (12, 12, 3), (6, 4)
    return {
        "conv": (image, [keras.layers.Conv2D(4, 3), keras.layers.BatchNormalization(), keras.layers.ReLU()]),
        "depthwise": (image, [keras.layers.DepthwiseConv2D(3), keras.layers.GlobalAveragePooling2D()]),
        "transposed": (image, [keras.layers.Conv2DTranspose(4, 3), keras.layers.MaxPooling2D()]),
        "resizing": (image, [keras.layers.Resizing(7, 5), keras.layers.Rescaling(1 / 255)]),
        "separable": (image, [keras.layers.SeparableConv2D(4, 3), keras.layers.UpSampling2D()]),
        "attention": (sequence, [Attention()]),
        "lstm": (sequence, [keras.layers.LSTM(5)]),
        "gru": (sequence, [keras.layers.Bidirectional(keras.layers.GRU(5))]),
        "conv1d": (sequence, [keras.layers.Conv1D(5, 3, padding="causal"), keras.layers.LayerNormalization()]),
        "dropout": (sequence, [keras.layers.Flatten(), keras.layers.Dropout(0.5), keras.layers.Dense(3)]),
    }


def Attention():  # noqa: N802
    import keras

    class SelfAttention(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.attention = keras.layers.MultiHeadAttention(2, 3)

        def call(self, inputs):
            return self.attention(inputs, inputs)

    return SelfAttention()


@pytest.mark.slow
@pytest.mark.parametrize("name", [*layers()])
def test_the_faster_conversion_computes_what_the_other_does(name, tmp_path):
    import keras

    shape, chain = layers()[name]
    outputs = inputs = keras.Input(shape)
    for layer in chain:
        outputs = layer(outputs)
    model = keras.Model(inputs, outputs)
    features = RNG.uniform(0, 1, (5, *shape)).astype(np.float32)
    expected = np.asarray(model(features, training=False))
    found = {}
    for converter in (frozen_converter, saved_model_converter):
        path = tmp_path / f"{converter.__name__}.tflite"
        try:
            export(model, path, converter)
        except ExportError:
            continue
        found[converter] = LiteRTEngine(path).predict(features)
    print(name, {c.__name__: np.abs(f - expected).max() for c, f in found.items()})
    for answer in found.values():
        np.testing.assert_allclose(answer, expected, atol=1e-5)
    assert frozen_converter in found or saved_model_converter not in found
