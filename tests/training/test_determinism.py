"""The same config and seed give the same run: twice, in other processes, from the run's own config."""

from __future__ import annotations

import numpy as np
import pytest

from bigmodel_cli.metrics_file import TIME_COLUMNS, read_metrics
from bigmodel_cli.new_run import NewRun
from bigmodel_cli.training.trial import step_seconds, steps_per_execution

pytestmark = pytest.mark.tf

# Everything that draws random numbers while it trains.
RANDOM = (
    "augmentation=[{RandomTranslation: {height_factor: 0.2, width_factor: 0.2}}, "
    "{GaussianNoise: {stddev: 0.1}}]",
    "model=[{Conv2D: {filters: 4, kernel_size: 3}}, Flatten, {Dropout: {rate: 0.3}}, "
    "{Dense: {units: num_classes, activation: softmax}}]",
    "metrics=[accuracy, F1Score]",
)


def without_times(metrics):
    assert list(metrics)[:5] == ["epoch", "seconds", "examples_per_second", "memory_mb", "learning_rate"]
    return {name: values for name, values in metrics.items() if name not in TIME_COLUMNS}


@pytest.mark.slow
def test_two_processes_agree_to_the_last_digit(train, deterministic, warm, tmp_path):
    """This one, which may have trained other things before, and one that begins anew."""
    words = [deterministic, "training.steps_per_execution=auto", *RANDOM]
    here = without_times(train(*words).metrics)
    runs = tmp_path / "elsewhere"
    ended = warm.run("train", "tiny.yaml", "--runs-dir", runs, *words, folder=tmp_path)
    assert ended.code == 0, ended.output
    (metrics,) = runs.glob("tiny/*/metrics.csv")
    assert without_times(read_metrics(metrics)) == here
    assert len(here["epoch"]) == 3


def test_a_runs_own_config_trains_to_the_same_result(train, deterministic, tmp_path):
    from bigmodel_cli.config.dump import to_yaml
    from bigmodel_cli.listener import Silent
    from bigmodel_cli.modeling.language import read_config
    from bigmodel_cli.training.train import train as train_config

    autos = ["steps_per_execution", "precision", "device", "jit_compile"]
    first = train(deterministic, *(f"training.{name}=auto" for name in autos), *RANDOM)
    again = read_config(first.run.config)
    assert to_yaml(again.experiment) == first.run.config.read_text()
    assert "auto" not in first.run.config.read_text().split("training:")[1]
    second = train_config(again, NewRun(tmp_path / "again", again.experiment.name), [Silent()])
    assert without_times(read_metrics(second.run.metrics)) == without_times(first.metrics)
    assert second.evaluation.metrics == first.result.evaluation.metrics
    assert second.run.config.read_text() == first.run.config.read_text()


@pytest.mark.usefixtures("deterministic")
def test_the_trial_of_steps_per_execution_changes_no_digit(prepare):
    untried = prepare(*RANDOM, "training.steps_per_execution=1")
    expected = [without_times(row) for row in untried.run()]
    tried = prepare(*RANDOM)
    training = tried.loop.training
    tried.loop.steps_per_execution = steps_per_execution(training, step_seconds(training))
    assert tried.loop.steps_per_execution > 1
    assert [without_times(row) for row in tried.run()] == expected


def test_the_trial_gives_every_variable_back(prepare):
    loop = prepare(*RANDOM, "optimizer={Adam: {use_ema: true}}").loop
    training = loop.training
    built = training.built
    variables = [
        *built.model.variables,
        *built.model.optimizer.variables,
        *training.measures.variables(),
        *(variable for augmentation in built.augmentation for variable in augmentation.layer.variables),
    ]
    assert any("seed" in variable.path for variable in variables)
    before = [variable.numpy() for variable in variables]
    assert 0 < step_seconds(training) < 5
    for variable, value in zip(variables, before, strict=True):
        np.testing.assert_array_equal(variable.numpy(), value, err_msg=variable.path)


GOLDEN = {
    "loss": [1.11952055, 1.11853349, 1.0586493],
    "accuracy": [0.324999988, 0.287499994, 0.462500006],
    "val_loss": [1.06528211, 1.00731957, 0.972914517],
}


@pytest.mark.usefixtures("deterministic")
def test_golden_run(prepare):
    import keras
    import tensorflow as tf

    if (keras.__version__, tf.__version__[:4]) != ("3.15.1", "2.21"):
        pytest.skip("recorded with Keras 3.15.1 on TensorFlow 2.21")
    rows = prepare(*RANDOM).run()
    found = {name: [row[name] for row in rows] for name in GOLDEN}
    assert found == {name: pytest.approx(values, rel=1e-5) for name, values in GOLDEN.items()}
