"""`train`: what a run folder has, and how a run ends that goes wrong."""

from __future__ import annotations

import json

import pytest

from bigmodel_cli.errors import ResourceError
from bigmodel_cli.new_run import NewRun
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
    ".lock",
    "checkpoints/best.keras",
    "checkpoints/best.json",
    "checkpoints/last.keras",
    "checkpoints/last.json",
    "evaluation/test.json",
    "evaluation/predictions_test.csv",
    "evaluation/samples_test.json",
    "evaluation/label_problems_test.json",
    "evaluation/label_problems_validation.json",
    "plots/curves.png",
    "plots/speed.png",
    "plots/confusion_matrix.png",
    "plots/per_class.png",
    "plots/roc_pr.png",
    "plots/reliability.png",
    "plots/mistakes.png",
    "plots/least_certain.png",
    "plots/training_samples.png",
    "report.html",
    "example_limits.npz",
}


def test_the_run_folder(complete):
    folder = complete.run.path
    assert {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} == FILES
    assert (folder.parent.name, folder.parents[1].name) == ("tiny", "runs")
    assert complete.run.source_config.read_text() == (folder.parents[2] / "tiny.yaml").read_text()
    assert json.loads(complete.run.labels.read_text()) == ["class_0", "class_1", "class_2"]
    assert "epoch=3" in complete.run.log.read_text()


def test_the_record(complete):
    record = complete.record
    assert record["schema_version"] == 2
    assert (record["name"], record["status"], record["seed"]) == ("tiny", "completed", 3)
    assert record["overrides"][:2] == ["seed=3", "expect.test_accuracy='>= 0%'"]
    assert record["parameters"] == 36 * 8 + 8 + 8 * 3 + 3 == complete.result.parameters
    assert (record["plan"]["device"]["name"], record["plan"]["precision"]) == ("cpu", "float32")
    assert record["plan"]["steps_per_execution"] == 2
    assert {"keras", "python", "bigmodel", "numpy"} <= set(record["versions"])
    assert record["started"] <= record["ended"] and 0 < record["seconds"] < 3600
    assert record["best"] == complete.result.best and record["epochs"] == 3
    assert record["test"] == complete.result.evaluation.metrics
    assert record["gates"][0]["met"] is True


def test_the_record_of_the_data(complete):
    record = complete.record
    splits = record["data"]["splits"]
    sizes = {name: part["examples"] for name, part in splits.items()}
    assert sizes == {"train": 80, "validation": 10, "test": 10}
    assert len({part["sha256"] for part in splits.values()}) == 3
    assert splits["test"]["origin"] == "0.1 of the training part"
    assert record["labels_sha256"] == labels_hash(["class_0", "class_1", "class_2"])
    (kind,) = record["signature"]["inputs"].values()
    assert (kind["kind"], kind["image_size"], kind["color_mode"]) == ("image", [6, 6], "grayscale")
    assert record["signature"]["targets"] == {
        "label": {"task": "classification", "class_names": ["class_0", "class_1", "class_2"]}
    }


def test_the_metrics(complete):
    metrics = complete.metrics
    names = ["loss", "accuracy", "f1_score"]
    times = ["epoch", "seconds", "examples_per_second", "memory_mb", "learning_rate"]
    assert list(metrics) == [*times, *names, *(f"val_{name}" for name in names)]
    assert metrics["epoch"] == [1, 2, 3]
    assert metrics["learning_rate"] == pytest.approx([0.01] * 3)
    assert complete.result.best["monitor"] == "val_accuracy"


def test_two_runs_in_one_second_get_two_folders(tmp_path):
    runs = [NewRun(tmp_path, "tiny").create().path for _ in range(3)]
    assert len(set(runs)) == 3 and all(path.parent == tmp_path / "tiny" for path in runs)


@pytest.mark.plots
def test_without_validation_the_last_epoch_is_the_best(train):
    trained = train("data.validation=0")
    assert trained.result.best["epoch"] == 3 and trained.result.best["monitor"] is None
    assert not any(name.startswith("val_") for name in trained.metrics)
    assert trained.run.plot("curves").exists()


@pytest.mark.plots
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
    assert "DivergedError" in (path / "train.log").read_text()


def test_weights_that_diverge_in_the_last_step_are_noticed(train, tmp_path):
    words = ["optimizer.Adam.learning_rate=1e30", "data.batch_size=500", "training.epochs=1"]
    with pytest.raises(ResourceError, match="training diverged: the loss on the test split is"):
        train(*words, "data.validation=0")
    (path,) = (tmp_path / "runs/tiny").iterdir()
    assert json.loads((path / "run.json").read_text())["status"] == "failed"


@pytest.mark.parametrize("place", ["trial.step_seconds", "session.Loop.run"])
def test_too_little_memory_for_a_step_says_what_to_do(train, monkeypatch, place):
    """The error is made here: TensorFlow waits ten seconds for memory before it gives up."""
    import tensorflow as tf

    def exhausted(*_, **__):
        raise tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor")

    monkeypatch.setattr(f"bigmodel_cli.training.{place}", exhausted)
    with pytest.raises(
        ResourceError, match=r"memory ran out while training with data\.batch_size 16"
    ) as caught:
        train("training.steps_per_execution=auto", "training.jit_compile=auto")
    assert caught.value.hint == "try data.batch_size=8; data.batch_size=auto takes the largest that fits"
