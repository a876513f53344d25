"""How a run is executed where only a measurement can tell."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import numpy as np
import pytest

from bigmodel_cli.config.schema import Training
from bigmodel_cli.errors import ConfigError, DataError, ResourceError, UsageError
from bigmodel_cli.listener import Silent
from bigmodel_cli.training.plan import Trial, alternatives, make_plan
from bigmodel_cli.training.trial import MIN_GAIN
from bigmodel_cli.training.worth import remembered

pytestmark = pytest.mark.tf

CPU = Training(device="cpu")
LONG = "training.epochs=1000000"
AUTO = ("training.precision=auto", "training.jit_compile=auto")


@pytest.fixture
def prepared(config):
    """A config with words of a command line, made ready to train."""
    made = []

    def make(*words):
        from bigmodel_cli.inference.run_data import load_splits
        from bigmodel_cli.training.prepared import prepare

        experiment = config("training.steps_per_execution=auto", *AUTO, *words).experiment
        made.append(prepare(experiment, load_splits(experiment, Silent(), offline=True), Silent()))
        return made[-1]

    yield make
    for item in made:
        item.close()


@pytest.fixture
def bfloat16(processor):
    """A processor of which is said that it has bfloat16, though TensorFlow may have to do without."""
    processor("avx512_bf16")


# What depends on the processor is tried on one without bfloat16 and on those with it.
EACH_PROCESSOR = pytest.mark.parametrize(
    "flags", [(), ("avx512_bf16",), ("avx512_bf16", "amx_bf16")], ids=str
)


@EACH_PROCESSOR
def test_what_is_compared(processor, flags):
    processor()
    assert alternatives(make_plan(CPU), CPU) == [{"jit_compile": True}]
    processor("avx2", *flags)
    if not flags:
        return
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
    assert (ready.settled.training.precision, ready.settled.training.jit_compile) == (
        best.precision,
        best.jit_compile,
    )
    assert ready.built.model.outputs[0].dtype == "float32"
    described = ready.plan.describe_trials()
    assert f"float32 {plain.milliseconds:.3g} ms per step, mixed_bfloat16 " in described
    assert f"with XLA {compiled.milliseconds:.3g} ms per step" in described


@pytest.mark.usefixtures("bfloat16")
def test_a_short_run_is_not_worth_a_trial(train):
    trained = train(*AUTO)
    plain, half, compiled = trained.record["plan"]["trials"]
    assert plain["milliseconds"] > 0 and plain["reason"] is None
    for trial in (half, compiled):
        assert trial["milliseconds"] is None
        assert trial["reason"].startswith("trying it takes about ")
        assert re.search(r", and is expected to save 0\.\d s$", trial["reason"])
    assert 0 < trial["expected"] < 1
    assert trained.record["plan"]["precision"] == "float32"
    assert "measured" not in trained.run.log.read_text()


@pytest.mark.usefixtures("bfloat16")
def test_what_a_trial_has_shown_is_remembered_unless_results_are_to_repeat(prepared, deterministic):
    prepared(LONG, deterministic)
    assert remembered() == []
    half, compiled = prepared(LONG).plan.trials[1:]
    assert [shown.change for shown in remembered()] == ["bfloat16 in avx512", "xla on cpu"]
    assert {shown.kind for shown in remembered()} == {"products"}
    again = prepared(LONG).plan.trials[1:]
    assert (again[0].expected != half.expected) and (again[1].expected != compiled.expected)


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
    assert [*variables[0]] == [*variables[1]]
    for name, mine in variables[0].items():
        np.testing.assert_array_equal(mine.numpy(), variables[1][name].numpy(), err_msg=name)


@EACH_PROCESSOR
def test_what_xla_cannot_compile_runs_without_it(prepared, monkeypatch, processor, flags):
    """As on a GPU, where XLA is what a run begins with."""
    processor(*flags)

    def with_xla(training, _cluster):
        return replace(make_plan(training), jit_compile=True)

    monkeypatch.setattr("bigmodel_cli.training.prepared.make_plan", with_xla)
    ready = prepared("model.0=RandomRotation: {factor: 0.1}", "model.1=Flatten")
    failed, plain, *untried = ready.plan.trials
    # Where the processor has bfloat16, the run is too short to try it.
    assert [trial.precision for trial in untried] == ["mixed_bfloat16"] * bool(flags)
    assert all(trial.milliseconds is None for trial in untried)
    assert (failed.jit_compile, failed.milliseconds) == (True, None)
    assert failed.reason == "ImageProjectiveTransformV3 is an operation that XLA lacks"
    assert not plain.jit_compile and plain.milliseconds
    assert not ready.plan.jit_compile and ready.settled.training.jit_compile is False


@pytest.fixture
def half_fails(monkeypatch, bfloat16):
    """Lets the building of a candidate in half precision fail with an error."""
    from bigmodel_cli.training import candidate

    plain = candidate.build_model

    def call(error):
        def build(*arguments, **options):
            import keras

            if keras.config.dtype_policy().name == "mixed_bfloat16":
                if callable(error):
                    error()
                raise error
            return plain(*arguments, **options)

        monkeypatch.setattr(candidate, "build_model", build)

    return call


def refused_by_keras():
    import keras

    keras.layers.Dense(3)(keras.Input(()))


def refused_by_tensorflow():
    import tensorflow as tf

    tf.raw_ops.MatMul(a=tf.ones((2, 2)), b=tf.ones((3, 3)))


def test_what_cannot_be_built_leaves_the_precision_as_it_was(prepared, half_fails):
    import keras

    half_fails(refused_by_keras)
    ready = prepared(LONG, "training.jit_compile=false")
    plain, half = ready.plan.trials
    assert plain.milliseconds and half.milliseconds is None
    assert "of layer 'dense' is incompatible" in half.reason
    assert ready.plan.precision == "float32" == keras.config.dtype_policy().name
    assert {layer.compute_dtype for layer in ready.built.model.layers[1:]} == {"float32"}


def test_bad_data_are_not_called_slow(prepared, half_fails):
    half_fails(DataError("cat/7.jpg: damaged"))
    with pytest.raises(DataError, match=r"cat/7\.jpg"):
        prepared(LONG, "training.jit_compile=false")


def called_wrongly():
    from bigmodel_cli.training.trial import steps_per_execution

    steps_per_execution(None, "0")


def fails_with(error):
    def fail():
        raise error

    return fail


@pytest.mark.parametrize(
    ("work", "cannot"),
    [
        (refused_by_keras, True),
        (refused_by_tensorflow, True),
        (fails_with(ConfigError("no layer like that\nc.yaml:1:1")), True),
        (fails_with(MemoryError("no room")), True),
        (called_wrongly, False),
        (fails_with(DataError("cat/7.jpg: damaged")), False),
        (fails_with(ResourceError("the disk is full")), False),
        (fails_with(AttributeError("a mistake of ours")), False),
        (fails_with(KeyError("and another one")), False),
        (fails_with(AssertionError("cannot be")), False),
    ],
)
def test_what_cannot_be_executed_is_no_mistake_of_ours(work, cannot):
    from bigmodel_cli.training.trial import _cannot_be_executed

    with pytest.raises(Exception) as caught:
        work()
    assert _cannot_be_executed(caught.value) is cannot


def test_bad_data_is_not_what_xla_lacks(prepared, monkeypatch):
    """What was asked for is named only where it is what failed."""

    def unreadable(_training):
        raise DataError("cat/7.jpg: damaged")

    monkeypatch.setattr("bigmodel_cli.training.trial.step_seconds", unreadable)
    with pytest.raises(DataError, match=r"cat/7\.jpg"):
        prepared("training.jit_compile=true")


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
