"""Labels on their way to each kind of loss: whole numbers, one-hot rows, 0 and 1, numbers, and mixtures."""

from __future__ import annotations

import pytest

from bigmodel_cli.errors import ConfigError

pytestmark = pytest.mark.tf

LINEAR = "model=[Flatten, {Dense: {units: num_classes}}]"
ONE_OUTPUT = "model=[Flatten, {Dense: {units: 1, activation: sigmoid}}]"
ONE_LOGIT = "model=[Flatten, {Dense: {units: 1}}]"
TWO_CLASSES = "data.source.synthetic.num_classes=2"
NUMBERS = (
    "data.source={synthetic: {shape: [32], num_classes: null, num_examples: 1000}}",
    "~preprocessing",
    "model=[{Dense: {units: 1}}]",
    "loss=MeanSquaredError",
)
LONG = ("training.epochs=12", "optimizer.Adam.learning_rate=0.03")


@pytest.mark.parametrize(
    ("words", "encoding"),
    [
        (("loss=CategoricalCrossentropy",), "one_hot"),
        (("loss=SparseCategoricalCrossentropy",), "integer"),
        (("loss=MeanSquaredError",), "one_hot"),
        ((LINEAR, "loss=CategoricalHinge"), "one_hot"),
        (
            ("loss={CategoricalCrossentropy: {label_smoothing: 0.1}}", "metrics=[accuracy, F1Score]"),
            "one_hot",
        ),
        ((TWO_CLASSES, ONE_OUTPUT, "loss=BinaryCrossentropy", "metrics=[accuracy, AUC]"), "binary"),
        ((TWO_CLASSES, "loss=BinaryCrossentropy"), "one_hot"),
    ],
)
def test_classes_are_encoded_as_the_loss_needs(prepare, words, encoding):
    prepared = prepare(*words, *LONG)
    rows = prepared.run()
    assert prepared.built.tasks.bound["label"].encoding == encoding
    assert rows[-1]["accuracy"] > 0.8 and rows[-1]["val_accuracy"] > 0.6
    assert rows[-1]["loss"] < rows[0]["loss"]


@pytest.mark.parametrize(
    "words",
    [
        (LINEAR, "loss={SparseCategoricalCrossentropy: {from_logits: true}}"),
        (TWO_CLASSES, ONE_LOGIT, "loss={BinaryCrossentropy: {from_logits: true}}"),
        (LINEAR, "loss=MeanSquaredError"),
    ],
)
def test_logits_and_scores_are_evaluated_as_classes(train, words):
    trained = train(*words, *LONG, "data.test=0.2")
    assert trained.result.evaluation.metrics["accuracy"] > 0.8
    predictions = trained.result.evaluation.scored.values
    if "from_logits" in words[-1]:
        assert predictions.sum(axis=-1) == pytest.approx(1)
        assert predictions.min() >= 0


@pytest.mark.parametrize(("outputs", "loss"), [(1, "MeanSquaredError"), (3, "Huber")])
def test_numbers(train, outputs, loss):
    words = [NUMBERS[0].replace("null", f"null, num_outputs: {outputs}"), *NUMBERS[1:]]
    words[2:] = [f"model=[{{Dense: {{units: {outputs}}}}}]", f"loss={loss}", "metrics=[mae, R2Score]"]
    trained = train(*words, *LONG)
    metrics = trained.result.evaluation.metrics
    assert metrics["r2"] > 0.5
    assert metrics["mean_absolute_error"] == pytest.approx(metrics["mae"], rel=1e-5)
    assert trained.model().output_shape == (None, outputs)
    assert not trained.run.plot("confusion_matrix").exists() and trained.run.plot("curves").exists()


@pytest.mark.parametrize("layer", ["MixUp", "CutMix"])
def test_mixing_of_labels(prepare, layer):
    rows = prepare(f"augmentation=[{layer}, {{GaussianNoise: {{stddev: 0.01}}}}]", *LONG).run()
    assert rows[-1]["val_loss"] < rows[0]["val_loss"] and rows[-1]["accuracy"] > 0.6


@pytest.mark.parametrize(
    "words",
    [
        ("loss=SparseCategoricalCrossentropy",),
        (TWO_CLASSES, ONE_OUTPUT, "loss=BinaryCrossentropy"),
    ],
)
@pytest.mark.parametrize("layer", ["MixUp", "CutMix"])
def test_mixing_needs_one_hot_labels(train, tmp_path, layer, words):
    with pytest.raises(ConfigError) as caught:
        train(f"augmentation=[{layer}]", *words)
    (problem,) = caught.value.problems
    assert problem["path"] == "augmentation.0"
    assert problem["message"] == f"{layer} mixes labels, which needs a loss over one-hot labels"
    assert problem["suggestion"].startswith("write loss: CategoricalCrossentropy")
    assert not (tmp_path / "runs").exists()
