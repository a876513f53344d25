"""`calibrate`: chosen on validation, kept with the run, used by everything after."""

from __future__ import annotations

import json

import numpy as np
import pytest

from bigmodel_cli.cli.main import run as bigmodel_main
from bigmodel_cli.errors import ConfigError, UsageError
from bigmodel_cli.inference.evaluate import Request, evaluate_run
from bigmodel_cli.inference.opened import open_folder
from bigmodel_cli.listener import Silent
from bigmodel_cli.modeling.language import read_config
from bigmodel_cli.new_run import NewRun
from bigmodel_cli.training.train import train

pytestmark = pytest.mark.tf

RARE = """\
name: rare
data:
  source: {npz: {path: data.npz, class_names: [ham, spam]}}
  validation: 0.3
  test: 0.3
  batch_size: 32
model:
  - Dense: {units: 32, activation: relu}
  - Dense: {units: num_classes, activation: softmax}
loss: CategoricalCrossentropy
optimizer: {Adam: {learning_rate: 0.02}}
training: {epochs: 40, device: cpu, steps_per_execution: 10}
"""


class Noting(Silent):
    def __init__(self):
        self.said, self.warnings = [], []

    def say(self, message):
        self.said.append(message)

    def warn(self, message):
        self.warnings.append(message)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Few and overlapping: a network that learns a tenth of spam by heart is too sure."""
    folder = tmp_path_factory.mktemp("rare")
    rng = np.random.default_rng(1)
    labels = (np.arange(900) % 10 == 0).astype(int)
    points = (rng.standard_normal((900, 6)) + 0.9 * labels[:, None]).astype(np.float32)
    np.savez(folder / "data.npz", x=points, y=labels)
    (folder / "c.yaml").write_text(RARE)
    return folder


def trained(folder, *words):
    listener = Noting()
    config = read_config(folder / "c.yaml", words)
    result = train(config, NewRun(folder / "runs", config.experiment.name), [listener])
    return result, listener


@pytest.fixture(scope="module")
def decided(folder):
    return trained(folder, "calibrate={threshold: f1}", "training.checkpoint.monitor=accuracy")


def test_calibration_improves_what_it_is_for_on_the_test_split(decided):
    result, _ = decided
    document = json.loads(result.run.evaluation("test").read_text())
    without = document["decision"]["without"]
    assert document["scores"]["log_loss"] < 0.8 * without["log_loss"]
    assert document["scores"]["expected_calibration_error"] < without["expected_calibration_error"]
    assert document["macro"]["f1"] > without["macro.f1"]


def test_the_rule_is_kept_and_said(decided):
    result, listener = decided
    rule = json.loads(result.run.decision.read_text())
    assert rule["temperature"] > 1.5 and rule["positive"] == "spam" and 0 < rule["threshold"] < 0.5
    assert (rule["chosen_for"], rule["split"], rule["examples"]) == ("f1", "validation", 270)
    assert rule["after"]["log_loss"] < rule["before"]["log_loss"]
    assert rule["after"]["f1"] > rule["before"]["f1"]
    assert "decision.json" in json.loads(result.run.record.read_text())["files"]
    (line,) = [line for line in listener.said if line.startswith("decision: ")]
    before, after = rule["before"]["log_loss"], rule["after"]["log_loss"]
    assert f"spam from a probability of {rule['threshold']:.3g} on (accuracy" in line
    assert f"log_loss {before:.4f} → {after:.4f}" in line


def test_loss_and_metrics_are_of_the_models_own_outputs(decided):
    document = json.loads(decided[0].run.evaluation("test").read_text())
    assert document["metrics"]["loss"] == pytest.approx(document["decision"]["without"]["log_loss"], rel=1e-4)


def test_evaluating_again_uses_the_rule(decided):
    run = decided[0].run
    before = json.loads(run.evaluation("test").read_text())
    again = evaluate_run(open_folder(run), Request(offline=True), Silent()).document
    assert again["decision"] == before["decision"]
    assert again["scores"] == pytest.approx(before["scores"])


def test_predict_decides_by_the_rule(decided, tmp_path, capfd):
    run = decided[0].run
    opened = open_folder(run)
    with np.load(run.path.parents[2] / "data.npz") as arrays:
        np.save(tmp_path / "new.npy", arrays["x"][:200])
    code = bigmodel_main(["predict", str(tmp_path / "new.npy"), "--run", str(run.path), "--json"])
    printed = capfd.readouterr()
    predictions = json.loads(printed.out)["predictions"]
    assert code == 0
    assert f"decided for spam from a probability of {opened.rule.threshold:.3g} on" in printed.err
    changed = 0
    for prediction in predictions:
        top = {row["class"]: row["probability"] for row in prediction["top"]}
        is_spam = top["spam"] >= opened.rule.threshold
        assert prediction["prediction"] == ("spam" if is_spam else "ham")
        assert sum(top.values()) == pytest.approx(1)
        changed += is_spam and top["spam"] < 0.5
    assert changed


def test_a_bound_that_nothing_reaches_is_said(tmp_path):
    """Examples that are all the same have one probability, and a tenth of them is spam."""
    np.savez(
        tmp_path / "data.npz", x=np.zeros((900, 6), np.float32), y=(np.arange(900) % 10 == 0).astype(int)
    )
    (tmp_path / "c.yaml").write_text(RARE)
    result, listener = trained(tmp_path, "calibrate={threshold: precision >= 0.9}", "training.epochs=1")
    assert listener.warnings == [
        "calibrate: no threshold reaches precision >= 0.9 on the validation split; the closest was taken"
    ]
    assert json.loads(result.run.decision.read_text())["after"]["precision"] == pytest.approx(0.1)


def test_outputs_that_are_no_probabilities_are_left_alone(folder):
    words = [
        "model.1.Dense.activation=linear",
        "loss=MeanSquaredError",
        "calibrate={}",
        "training.epochs=1",
    ]
    result, listener = trained(folder, *words)
    assert listener.warnings == [
        "calibrate: the model's outputs are no probabilities that sum to 1, so nothing was chosen"
    ]
    assert not result.run.decision.exists()


@pytest.mark.parametrize(
    ("words", "says", "hint"),
    [
        (
            ["calibrate={threshold: f1, positive: spma}"],
            "calibrate.positive: the data has no class 'spma'",
            "spam",
        ),
        (
            ["expect={per_class.recall.hma: '>= 0.5'}"],
            "expect: per_class.recall.hma: the data has no class",
            "ham",
        ),
    ],
)
def test_a_class_that_the_data_has_not_is_found_before_training(folder, words, says, hint):
    with pytest.raises(UsageError, match=says) as caught:
        trained(folder, *words)
    assert caught.value.hint == f"did you mean {hint}?"


def test_a_threshold_for_several_classes_needs_a_name(tmp_path):
    np.savez(tmp_path / "data.npz", x=np.zeros((60, 2), np.float32), y=np.arange(60) % 3)
    (tmp_path / "c.yaml").write_text(RARE.replace(", class_names: [ham, spam]", ""))
    with pytest.raises(UsageError, match="a threshold is for one class, and there are 3"):
        trained(tmp_path, "calibrate={threshold: f1}")


def test_calibrate_is_for_classes(tmp_path):
    np.savez(tmp_path / "data.npz", x=np.zeros((60, 2), np.float32), y=np.linspace(0, 1, 60))
    text = RARE.replace(", class_names: [ham, spam]", "").replace("num_classes, activation: softmax", "1")
    (tmp_path / "c.yaml").write_text(text.replace("CategoricalCrossentropy", "MeanSquaredError"))
    with pytest.raises(UsageError, match="calibrate is for classes; the labels of npz are numbers"):
        trained(tmp_path, "calibrate={}")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["calibrate={}", "data.validation=0"], "chooses on the validation split, and data.validation: 0"),
        (["calibrate={positive: spam}"], "positive has no effect without a threshold"),
        (
            ["calibrate={temperature: false}"],
            "temperature: false without a threshold leaves nothing to choose",
        ),
        (["calibrate={threshold: best}"], "expected f1, balanced_accuracy, or a bound"),
        (["calibrate={threshold: precision >= 90}"], "expected f1, balanced_accuracy, or a bound"),
        (["expect={macro.f2: '>= 1'}"], "nothing produces 'macro.f2'"),
    ],
)
def test_what_check_refuses(folder, words, says):
    with pytest.raises(ConfigError, match=says):
        read_config(folder / "c.yaml", words)


@pytest.mark.slow
@pytest.mark.data
def test_calibration_improves_log_loss_on_mnist(shared_data, tmp_path):
    """A small network that has learned 3,000 digits by heart."""
    with np.load(shared_data("mnist/mnist.npz")) as arrays:
        np.savez(
            tmp_path / "data.npz",
            x_train=arrays["x_train"][:5000],
            y_train=arrays["y_train"][:5000],
            x_test=arrays["x_test"],
            y_test=arrays["y_test"],
        )
    (tmp_path / "c.yaml").write_text(
        """\
name: digits
data: {source: {npz: {path: data.npz}}, validation: 0.4, batch_size: 64}
preprocessing: [{Rescaling: {scale: 1/255}}]
model: [Flatten, {Dense: {units: 128, activation: relu}}, {Dense: {units: num_classes, activation: softmax}}]
loss: CategoricalCrossentropy
optimizer: {Adam: {learning_rate: 3e-3}}
calibrate: {}
training: {epochs: 15, device: cpu, checkpoint: {monitor: accuracy}}
"""
    )
    result, _ = trained(tmp_path)
    document = result.document
    without = document["decision"]["without"]
    assert document["metrics"]["accuracy"] == without["accuracy"] > 0.9
    assert document["scores"]["log_loss"] < 0.95 * without["log_loss"]
    assert document["scores"]["expected_calibration_error"] < without["expected_calibration_error"]
