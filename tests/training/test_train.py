"""`train`: what a run folder has, how labels meet losses, and what becomes part of the saved model."""

from __future__ import annotations

import json

import numpy as np
import pytest

from bigmodel_cli.errors import ConfigError, ResourceError
from bigmodel_cli.inference.evaluate import load_splits
from bigmodel_cli.listener import Silent
from bigmodel_cli.run_folder import labels_hash

pytestmark = pytest.mark.tf

FILES = {
    "config.yaml",
    "source.yaml",
    "run.json",
    "labels.json",
    "metrics.csv",
    "model.tflite",
    "train.log",
    "checkpoints/best.keras",
    "checkpoints/best.json",
    "checkpoints/last.keras",
    "checkpoints/last.json",
    "evaluation/test.json",
    "evaluation/predictions_test.csv",
    "plots/curves.png",
    "plots/confusion_matrix.png",
}
LINEAR = "model=[Flatten, {Dense: {units: num_classes}}]"
ONE_OUTPUT = "model=[Flatten, {Dense: {units: 1, activation: sigmoid}}]"
TWO_CLASSES = "data.source.synthetic.num_classes=2"
NUMBERS = (
    "data.source={synthetic: {shape: [4], num_classes: null, num_examples: 100}}",
    "~preprocessing",
    "model=[{Dense: {units: 1}}]",
    "loss=MeanSquaredError",
)


def test_the_run_folder(train, tmp_path):
    trained = train("seed=3", "expect.test_accuracy='>= 0%'")
    folder = trained.run.path
    assert {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} == FILES
    assert folder.parent == tmp_path / "runs" / "tiny"
    assert trained.run.source_config.read_text() == (tmp_path / "tiny.yaml").read_text()
    assert json.loads(trained.run.labels.read_text()) == ["class_0", "class_1", "class_2"]
    assert "epoch=3" in trained.run.log.read_text()


def test_the_record(train):
    trained = train("seed=3", "expect.test_accuracy='>= 0%'")
    record = trained.record
    assert record["schema_version"] == 1
    assert (record["name"], record["status"], record["seed"]) == ("tiny", "completed", 3)
    assert record["overrides"] == ["seed=3", "expect.test_accuracy='>= 0%'"]
    assert record["parameters"] == 36 * 8 + 8 + 8 * 3 + 3 == trained.result.parameters
    assert record["plan"]["device"]["name"] == "cpu" and record["plan"]["precision"] == "float32"
    assert record["plan"]["steps_per_execution"] == 2
    assert {"tensorflow", "keras", "python", "bigmodel"} <= set(record["versions"]) | {"tensorflow"}
    assert {name: part["examples"] for name, part in record["data"]["splits"].items()} == {
        "train": 80,
        "validation": 10,
        "test": 10,
    }
    assert len({part["sha256"] for part in record["data"]["splits"].values()}) == 3
    assert record["labels_sha256"] == labels_hash(["class_0", "class_1", "class_2"])
    assert record["signature"]["shape"] == [6, 6, 1] and record["signature"]["dtype"] == "uint8"
    assert record["started"] <= record["ended"] and 0 < record["seconds"] < 60
    assert record["best"] == trained.result.best and record["epochs"] == 3
    assert record["test"] == trained.result.evaluation.metrics
    assert record["gates"][0]["met"] is True


def test_the_metrics(train):
    trained = train("metrics=[accuracy, {F1Score: {average: macro}}]")
    metrics = trained.metrics
    names = ["loss", "accuracy", "f1_score"]
    times = ["epoch", "seconds", "examples_per_second", "learning_rate"]
    assert list(metrics) == [*times, *names, *(f"val_{name}" for name in names)]
    assert metrics["epoch"] == [1, 2, 3]
    assert metrics["learning_rate"] == pytest.approx([0.01] * 3)
    assert trained.result.best["monitor"] == "val_accuracy"


def test_two_runs_in_one_second_get_two_folders(train):
    first, second = train("training.epochs=1"), train("training.epochs=1")
    assert first.run.path != second.run.path
    assert first.run.path.parent == second.run.path.parent


@pytest.mark.parametrize(
    ("words", "metric", "expected"),
    [
        (("loss=CategoricalCrossentropy",), "accuracy", 0.8),
        (("loss=SparseCategoricalCrossentropy",), "accuracy", 0.8),
        ((LINEAR, "loss={SparseCategoricalCrossentropy: {from_logits: true}}"), "accuracy", 0.8),
        ((LINEAR, "loss={CategoricalCrossentropy: {from_logits: true}}"), "accuracy", 0.8),
        ((TWO_CLASSES, ONE_OUTPUT, "loss=BinaryCrossentropy"), "accuracy", 0.8),
        (
            (
                TWO_CLASSES,
                LINEAR.replace("num_classes", "1"),
                "loss={BinaryCrossentropy: {from_logits: true}}",
            ),
            "accuracy",
            0.8,
        ),
        (("loss=MeanSquaredError",), "accuracy", 0.8),
        ((LINEAR, "loss=MeanSquaredError"), "accuracy", 0.8),
        (("loss={CategoricalHinge: {}}",), "accuracy", 0.8),
        (NUMBERS, "r2", 0.5),
        ((*NUMBERS, "loss=Huber", "metrics=[mae, R2Score]"), "r2", 0.5),
    ],
)
def test_labels_are_encoded_as_the_loss_needs(train, words, metric, expected):
    trained = train(*words, "training.epochs=12", "optimizer.Adam.learning_rate=0.03", "data.test=0.2")
    assert trained.result.evaluation.metrics[metric] > expected
    losses = trained.metrics["loss"]
    assert losses[-1] < losses[0]


def test_numbers_of_several_outputs(train):
    words = [NUMBERS[0].replace("null", "null, num_outputs: 3"), *NUMBERS[1:]]
    words[2] = "model=[{Dense: {units: 3}}]"
    trained = train(*words)
    assert trained.model().output_shape == (None, 3)
    assert not trained.run.plot("confusion_matrix").exists() and trained.run.plot("curves").exists()


@pytest.mark.parametrize("layer", ["MixUp", "CutMix"])
def test_mixing_of_labels(train, layer):
    trained = train(f"augmentation=[{layer}, {{RandomFlip: {{mode: horizontal}}}}]", "training.epochs=12")
    assert trained.metrics["val_loss"][-1] < trained.metrics["val_loss"][0]


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


def test_mixed_precision_answers_in_float32(train):
    trained = train("training.precision=mixed_bfloat16")
    model = trained.model()
    assert model.layers[-1].compute_dtype == "float32" and model.output.dtype == "float32"
    assert "bfloat16" in {layer.compute_dtype for layer in model.layers}
    assert trained.record["plan"]["precision"] == "mixed_bfloat16"
    assert np.isfinite(trained.metrics["val_loss"]).all()


def test_normalization_is_adapted_on_the_training_split_alone(train):
    # Augmentation must not be seen by it either.
    words = ["preprocessing=[{Normalization: {axis: -1}}]", "augmentation=[{GaussianNoise: {stddev: 9.0}}]"]
    trained = train(*words, "data.validation=0.3")
    splits = load_splits(trained_experiment(trained), Silent(), offline=True)
    pixels = splits.train.features.astype(np.float64)
    layer = next(layer for layer in trained.model().layers if layer.name.startswith("normalization"))
    np.testing.assert_allclose(np.ravel(layer.mean), pixels.mean(), rtol=1e-5)
    np.testing.assert_allclose(np.ravel(layer.variance), pixels.var(), rtol=1e-4)
    assert abs(splits.validation.features.mean() - pixels.mean()) > 0.1


def trained_experiment(trained):
    from bigmodel_cli.modeling.language import read_config

    return read_config(trained.run.config).experiment


def test_two_adapted_layers_learn_one_after_the_other(train):
    trained = train("preprocessing=[{Rescaling: {scale: 10}}, Normalization, Normalization]")
    first, second = (layer for layer in trained.model().layers if layer.name.startswith("normalization"))
    assert float(np.ravel(first.mean)[0]) > 100
    np.testing.assert_allclose(np.ravel(second.mean), 0, atol=1e-3)
    np.testing.assert_allclose(np.ravel(second.variance), 1, atol=1e-2)


def test_augmentation_is_no_part_of_the_model(train):
    plain = train("training.epochs=1").model()
    augmented = train("training.epochs=1", "augmentation=[{RandomFlip: {mode: horizontal}}]").model()
    assert [type(layer) for layer in augmented.layers] == [type(layer) for layer in plain.layers]
    features = np.arange(72, dtype=np.uint8).reshape(2, 6, 6, 1)
    assert not np.allclose(augmented(features), augmented(features[:, :, ::-1]))


def test_without_validation_the_last_epoch_is_the_best(train):
    trained = train("data.validation=0")
    assert trained.result.best["epoch"] == 3 and trained.result.best["monitor"] is None
    assert not any(name.startswith("val_") for name in trained.metrics)
    assert trained.run.plot("curves").exists()


def test_without_any_held_out_split_training_itself_is_evaluated(train):
    trained = train("data.validation=0", "data.test=0")
    assert trained.result.evaluation.split == "train"
    assert trained.result.evaluation.num_examples == 100


def test_a_run_that_diverges_is_kept_as_failed(train, tmp_path):
    with pytest.raises(ResourceError, match="training diverged: the loss became") as caught:
        train("optimizer.Adam.learning_rate=1e30", "training.steps_per_execution=1")
    assert caught.value.exit_code == 5
    (path,) = (tmp_path / "runs/tiny").iterdir()
    record = json.loads((path / "run.json").read_text())
    assert record["status"] == "failed" and record["error"] == caught.value.message
    assert not (path / "model.tflite").exists() and not (path / "evaluation").exists()
    assert "ResourceError" in (path / "train.log").read_text()


def test_weights_that_diverge_in_the_last_step_are_noticed(train, tmp_path):
    words = ["optimizer.Adam.learning_rate=1e30", "data.batch_size=500", "training.epochs=1"]
    with pytest.raises(ResourceError, match="training diverged: the loss on the test split is"):
        train(*words, "data.validation=0")
    (path,) = (tmp_path / "runs/tiny").iterdir()
    assert json.loads((path / "run.json").read_text())["status"] == "failed"


@pytest.mark.slow
def test_too_little_memory_for_a_step_says_what_to_do(train, tmp_path):
    huge = "model=[{Dense: {units: 1000000}}, {GlobalMaxPooling2D: {}}, {Dense: {units: 3, activation: softmax}}]"
    with pytest.raises(
        ResourceError, match="memory ran out while training with data.batch_size 100000"
    ) as caught:
        train(
            huge, "data.source.synthetic.num_examples=130000", "data.batch_size=100000", "training.epochs=1"
        )
    assert caught.value.hint == "try data.batch_size=50000"
    assert not (tmp_path / "runs").exists()
