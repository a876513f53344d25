"""How a run is executed where only a measurement can tell."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from bigmodel_cli.config.schema import Training
from bigmodel_cli.errors import UsageError
from bigmodel_cli.listener import Silent
from bigmodel_cli.training.plan import Trial, alternatives, make_plan
from bigmodel_cli.training.trial import MIN_GAIN

pytestmark = pytest.mark.tf

CPU = Training(device="cpu")
LONG = "training.epochs=1000000"


@pytest.fixture(autouse=True)
def patient(monkeypatch):
    """In a long run every trial is worth its time, also on a slow machine."""
    monkeypatch.setattr("bigmodel_cli.training.trial.MOST_SECONDS", 1000.0)


@pytest.fixture
def prepared(config):
    """A config with words of a command line, made ready to train."""
    made = []

    def make(*words):
        from bigmodel_cli.inference.run_data import load_splits
        from bigmodel_cli.training.prepared import prepare

        experiment = config("training.steps_per_execution=auto", *words).experiment
        made.append(prepare(experiment, load_splits(experiment, Silent(), offline=True), Silent()))
        return made[-1]

    yield make
    for item in made:
        item.close()


@pytest.fixture
def bfloat16(monkeypatch):
    """A processor of which is said that it has bfloat16, though TensorFlow may have to do without."""
    monkeypatch.setattr("bigmodel_cli.training.plan.has_bfloat16", lambda: True)


def test_what_is_compared(monkeypatch):
    monkeypatch.setattr("bigmodel_cli.training.plan.has_bfloat16", lambda: False)
    assert alternatives(make_plan(CPU), CPU) == [{"jit_compile": True}]
    monkeypatch.setattr("bigmodel_cli.training.plan.has_bfloat16", lambda: True)
    plan = make_plan(CPU)
    assert alternatives(plan, CPU) == [{"precision": "mixed_bfloat16"}, {"jit_compile": True}]
    pinned = CPU.model_copy(update={"precision": "float32", "jit_compile": False})
    assert alternatives(make_plan(pinned), pinned) == []
    exact = CPU.model_copy(update={"deterministic": True})
    assert alternatives(plan, exact) == []
    # What a GPU begins with is XLA.
    assert alternatives(replace(plan, jit_compile=True), CPU)[-1] == {"jit_compile": False}


@pytest.mark.usefixtures("bfloat16")
def test_the_fastest_is_taken_and_all_are_recorded(prepared):
    ready = prepared(LONG)
    plain, half, compiled = ready.plan.trials
    assert (plain.precision, plain.jit_compile) == ("float32", False)
    assert (half.precision, half.jit_compile) == ("mixed_bfloat16", False)
    assert compiled.jit_compile
    times = [trial.milliseconds for trial in ready.plan.trials]
    assert all(time is not None and 0 < time < 1000 for time in times)
    best = plain
    for trial in (half, compiled):
        if trial.milliseconds < (1 - MIN_GAIN) * best.milliseconds:
            best = trial
    assert (ready.plan.precision, ready.plan.jit_compile) == (best.precision, best.jit_compile)
    assert (ready.experiment.training.precision, ready.experiment.training.jit_compile) == (
        best.precision,
        best.jit_compile,
    )
    assert ready.built.model.outputs[0].dtype == "float32"
    described = ready.plan.describe_trials()
    assert f"float32 {plain.milliseconds:.3g} ms per step, mixed_bfloat16 " in described
    assert f"with XLA {compiled.milliseconds:.3g} ms per step" in described


@pytest.mark.usefixtures("bfloat16")
def test_a_short_run_is_not_worth_a_trial(train):
    trained = train()
    plain, half, compiled = trained.record["plan"]["trials"]
    assert plain["milliseconds"] > 0 and plain["reason"] is None
    for trial in (half, compiled):
        assert trial["milliseconds"] is None
        assert trial["reason"].startswith("trying it takes about ")
        assert trial["reason"].endswith("and this run is worth 0.0 s")
    assert trained.record["plan"]["precision"] == "float32"
    assert "measured" not in trained.run.log.read_text()


@pytest.mark.usefixtures("bfloat16")
def test_a_trial_leaves_weights_and_data_order_alone(prepared, monkeypatch):
    # Nothing is ever faster by as much as this.
    monkeypatch.setattr("bigmodel_cli.training.trial.MIN_GAIN", 1.0)
    tried = prepared(LONG, "model.1.Dense.units=5")
    assert len(tried.plan.trials) == 3 and tried.plan.trials[2].milliseconds
    untried = prepared(
        LONG, "model.1.Dense.units=5", "training.precision=float32", "training.jit_compile=false"
    )
    assert len(untried.plan.trials) == 1
    variables = tried.training.variables(), untried.training.variables()
    assert [variable.path for variable in variables[0]] == [variable.path for variable in variables[1]]
    for mine, other in zip(*variables, strict=True):
        np.testing.assert_array_equal(mine.numpy(), other.numpy(), err_msg=mine.path)


def test_what_xla_cannot_compile_runs_without_it(prepared, monkeypatch):
    """As on a GPU, where XLA is what a run begins with."""

    def with_xla(training, _cluster):
        return replace(make_plan(training), jit_compile=True)

    monkeypatch.setattr("bigmodel_cli.training.prepared.make_plan", with_xla)
    ready = prepared("model.0=RandomRotation: {factor: 0.1}", "model.1=Flatten")
    failed, plain = ready.plan.trials
    assert (failed.jit_compile, failed.milliseconds) == (True, None)
    assert failed.reason == "ImageProjectiveTransformV3 is an operation that XLA lacks"
    assert not plain.jit_compile and plain.milliseconds
    assert not ready.plan.jit_compile and ready.experiment.training.jit_compile is False


def test_what_was_asked_for_and_fails_is_an_error(prepared):
    with pytest.raises(UsageError) as raised:
        prepared("model.0=RandomRotation: {factor: 0.1}", "model.1=Flatten", "training.jit_compile=true")
    assert raised.value.message == (
        "training.jit_compile: XLA cannot compile this model: "
        "ImageProjectiveTransformV3 is an operation that XLA lacks"
    )
    assert raised.value.hint == "write training.jit_compile=false, or auto"


def test_augmentation_stays_out_of_xla(train):
    """Turning and shifting images has no operation there."""
    trained = train("augmentation=[RandomRotation: {factor: 0.1}]", "training.jit_compile=true")
    assert trained.record["plan"]["jit_compile"] is True and len(trained.metrics["loss"]) == 3


def test_how_a_trial_reads():
    assert Trial("float32", False, 12.345).describe() == "float32 12.3 ms per step"
    assert Trial("mixed_bfloat16", True, 0.5).describe() == "mixed_bfloat16 with XLA 0.5 ms per step"
    assert json.loads(json.dumps(make_plan(CPU).as_json()))["trials"] == []
