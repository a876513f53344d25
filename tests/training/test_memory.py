"""Memory that runs out: a message with the batch size that failed, and with one that fits."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from bigmodel_cli.errors import DataError, ResourceError
from bigmodel_cli.modeling.backend import is_out_of_memory
from bigmodel_cli.training import memory
from bigmodel_cli.training.gauges import Gauge
from bigmodel_cli.training.memory import Fit, largest_that_fits, naming_memory, train_once

pytestmark = pytest.mark.tf


class Killed(BaseException):
    """What Linux does to a process that takes too much."""


class Machine(Gauge):
    """Memory of a size, of which a step takes some for the model and some for each example."""

    def __init__(self, size, *, usable=None, soft=False, model=100, example=10, seconds=0.0):
        self.size, self.fails_softly = size, soft
        self.limits = {} if usable is None else {"resident": usable}
        self.model, self.example = model, example
        self.used, self.peak, self.tried = model, model, []

    def now(self):
        return {"resident": self.used}

    def peak_of(self, work):
        self.peak = self.used
        work()
        return {"resident": self.peak}

    def step(self, batch_size):
        self.tried.append(batch_size)
        needed = self.model + batch_size * self.example
        if needed > self.size:
            raise MemoryError if self.fails_softly else Killed
        self.peak = max(self.peak, needed)


POWERS = [2**power for power in range(11)]


@pytest.mark.parametrize("size", [105, 110, 111, 130, 500, 740, 741, 5000, 10_340, 10_341, 20_000])
def test_a_host_is_never_asked_for_more_than_it_has(size):
    usable = 100 + int(0.8 * (size - 100))
    machine = Machine(size, usable=usable)
    try:
        fit = largest_that_fits(POWERS, machine.step, machine)
    except Killed:
        # Nothing is known before the first step.
        assert size < 110
        return
    fitting = [power for power in POWERS if 100 + 10 * power <= usable]
    assert fit == Fit(max(fitting, default=None), None if fitting == POWERS else "memory")
    assert max(machine.tried) <= 2 * (fit.size or 1)


@pytest.mark.parametrize(
    ("size", "expected", "tried"),
    [
        (20_000, 1024, POWERS),
        # A quarter more than 512 does not run, so that 512 would be on the edge.
        (5_300, 256, [*POWERS, 640]),
        (7_000, 512, [*POWERS, 640]),
        (105, None, [1]),
    ],
)
def test_a_device_is_tried_until_it_refuses(size, expected, tried):
    machine = Machine(size, soft=True)
    fit = largest_that_fits(POWERS, machine.step, machine)
    assert fit == Fit(expected, None if expected == 1024 else "memory")
    assert machine.tried == tried


def test_a_step_that_takes_long_is_not_doubled(monkeypatch):
    machine = Machine(10**6, usable=10**6)
    monkeypatch.setattr(memory, "_seconds", lambda _step, size: size / 10)
    assert largest_that_fits(POWERS, machine.step, machine, max_seconds=5.0) == Fit(32, "time")
    monkeypatch.setattr(memory, "_seconds", lambda _step, size: {1: 0.1, 2: 0.2, 4: 6.0}[size])
    assert largest_that_fits(POWERS, machine.step, machine, max_seconds=5.0) == Fit(2, "time")


def test_other_errors_are_not_taken_for_a_lack_of_memory():
    machine = Machine(10**6, usable=10**6)

    def step(_):
        raise DataError("a.png: no such file")

    with pytest.raises(DataError, match=r"a\.png"):
        largest_that_fits(POWERS, step, machine)


def exhausted(*_):
    import tensorflow as tf

    raise tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor")


def refused(*arguments):
    with pytest.raises(ResourceError) as caught, naming_memory(*arguments):
        exhausted()
    assert caught.value.exit_code == 5
    return caught.value.message, caught.value.hint


def test_a_half_is_advised_where_nothing_can_be_tried():
    message = "memory ran out while training with data.batch_size 96"
    assert refused(96) == (
        message,
        "try data.batch_size=48; data.batch_size=auto takes the largest that fits",
    )
    hint = "not even a batch of one fits: try a smaller model, smaller images, or mixed precision"
    assert refused(1) == ("memory ran out while training with data.batch_size 1", hint)
    assert refused("auto") == ("memory ran out while training", hint)


@pytest.fixture(scope="module")
def ready(prepare_once):
    return prepare_once()


def test_on_the_host_nothing_is_tried(ready, monkeypatch):
    training = ready.loop.training
    monkeypatch.setattr(training, "run", pytest.fail)
    assert refused(16, lambda: training)[1].startswith("try data.batch_size=8;")


@pytest.mark.parametrize(
    ("most", "hint"),
    [
        (8, "data.batch_size=8 fits"),
        (7, "data.batch_size=4 fits"),
        (1, "data.batch_size=1 fits"),
        (0, "try data.batch_size=1, or a smaller model"),
    ],
)
def test_on_a_device_smaller_batches_are_really_tried(ready, monkeypatch, most, hint):
    """The device is made up; the steps are real."""
    training = ready.loop.training
    before = [variable.numpy() for variable in training.variables().values()]
    run, told = training.run, []

    def limited(chunk):
        return run(chunk) if chunk["sizes"][0] <= most else exhausted()

    monkeypatch.setattr(training, "run", limited)
    monkeypatch.setattr(memory, "make_gauge", lambda: Machine(10**6, soft=True))
    # The margin of a quarter is another test's.
    monkeypatch.setattr(memory, "_with_margin", lambda size, *_: size)
    assert refused(16, lambda: training, told.append)[1] == hint
    assert told == ["memory ran out with batches of 16: looking for a size that fits"]
    for variable, value in zip(training.variables().values(), before, strict=True):
        np.testing.assert_array_equal(variable.numpy(), value)
    assert training.feed.batch_size == 16


def test_one_step_of_another_size(prepare):
    training = prepare().loop.training
    train_once(training, 5)
    assert int(training.built.model.optimizer.iterations) == 1
    train_once(training, 500)
    assert int(training.built.model.optimizer.iterations) == 2


@pytest.mark.parametrize(
    ("name", "message", "expected"),
    [
        ("ResourceExhaustedError", "OOM when allocating tensor", True),
        ("InternalError", "RESOURCE_EXHAUSTED: Out of memory while trying to allocate 9 bytes", True),
        ("InternalError", "CUDA_ERROR_OUT_OF_MEMORY", True),
        ("UnknownError", "CUDNN_STATUS_ALLOC_FAILED", True),
        (
            "AbortedError",
            "Operation received an exception:Status: 1, message: could not create a primitive",
            True,
        ),
        (
            "AbortedError",
            "Operation received an exception:Status: 2, message: could not create a primitive",
            False,
        ),
        ("InvalidArgumentError", "{{function_node f}} Cannot parse tensor from proto: dtype: DT_FLOAT", True),
        ("InvalidArgumentError", "Incompatible shapes: [2] vs. [3]", False),
        ("InternalError", "Blas xGEMM launch failed", False),
    ],
)
def test_what_tensorflow_says_where_memory_runs_out(name, message, expected):
    import tensorflow as tf

    assert is_out_of_memory(getattr(tf.errors, name)(None, None, message)) is expected


def test_what_python_says_where_memory_runs_out():
    assert is_out_of_memory(MemoryError()) and not is_out_of_memory(ValueError("out of memory"))


CONFIG = """\
data: {source: {synthetic: {shape: [64], num_classes: 3, num_examples: 2000}}, batch_size: 512}
model:
  - {RepeatVector: {n: 20000}}
  - GlobalAveragePooling1D
  - {Dense: {units: num_classes, activation: softmax}}
loss: CategoricalCrossentropy
optimizer: Adam
training: {epochs: 1, device: cpu}
"""
# 2 GB of address space above what TensorFlow takes at its start; a batch of 512 takes 2.6 GB.
LIMITED = """\
import resource, sys
from bigmodel_cli.modeling.devices import choose_device
from bigmodel_cli.cli.main import main
from bigmodel_cli.process_memory import status_of_process
choose_device("cpu")
import keras
limit = status_of_process()["VmSize"] + 2 * 2**30
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
main(sys.argv[1:])
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="needs RLIMIT_AS")
class TestRealLimit:
    """No mock: the address space of a process is limited, as `ulimit -v` does."""

    def train(self, folder: Path, *words):
        (folder / "c.yaml").write_text(CONFIG)
        return subprocess.run(
            [sys.executable, "-c", LIMITED, "train", "c.yaml", "--runs-dir", "runs", *words],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=300,
        )

    @pytest.mark.parametrize("steps", ["auto", "1"])
    def test_too_large_a_batch(self, tmp_path, steps):
        done = self.train(tmp_path, f"training.steps_per_execution={steps}")
        assert done.returncode == 5, done.stderr
        assert "Traceback" not in done.stderr
        assert done.stderr.endswith(
            "error: memory ran out while training with data.batch_size 512\n"
            "hint: try data.batch_size=256; data.batch_size=auto takes the largest that fits\n"
        )

    def test_auto_stays_below_the_limit(self, tmp_path):
        done = self.train(tmp_path, "data.batch_size=auto")
        assert done.returncode == 0, done.stderr
        told = r"batch size: (\d+) \(the largest power of two that fits in .* GB; data.batch_size=\1 repeats"
        (size,) = re.findall(told, done.stderr)
        assert size in ("32", "64")
