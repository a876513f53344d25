"""What tests of several devices and processes share: a config that has a state of every kind, and whole runs
of it in processes of their own, in a network that nobody else is in."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
from warm import Ended, Warm

# 81 training examples: five batches of 16, and one of a single example: fewer than there are replicas.
CONFIG = """\
name: replicas
data:
  source: {synthetic: {shape: [8, 8, 1], num_classes: 3, num_examples: 101}}
  batch_size: 16
  validation: 0.1
  test: 0.1
preprocessing:
  - Rescaling: {scale: 1/255}
model:
  - Conv2D: {filters: 4, kernel_size: 3, use_bias: false}
  - BatchNormalization
  - ReLU
  - GlobalAveragePooling2D
  - Dropout: {rate: 0.0}
  - Dense: {units: num_classes, activation: softmax, kernel_regularizer: {L2: {l2: 0.01}}}
loss: CategoricalCrossentropy
optimizer: {Adam: {learning_rate: 0.01, global_clipnorm: 0.5}}
metrics: [accuracy, AUC]
training: {epochs: 3, precision: float32, jit_compile: false, deterministic: true, steps_per_execution: 3}
"""
# Dropout and augmentation draw on every replica.
RANDOM = (
    "augmentation=[{RandomTranslation: {height_factor: 0.2, width_factor: 0.2}}]",
    "model.4.Dropout.rate=0.3",
)
# Six steps an epoch, of which each third is saved.
LONGER = (*RANDOM, "training.epochs=8", "training.checkpoint.every=3 steps", "training.steps_per_execution=1")


IS_LONG = os.environ.get("BIGMODEL_FAULTS") == "long"


@dataclass(frozen=True)
class Run:
    """A run that was trained in other processes.

    Attributes:
        folder: Where it is.
        said: What they wrote to stderr.
        code: Their exit code.
    """

    folder: Path
    said: str
    code: int

    @property
    def record(self) -> dict[str, Any]:
        return json.loads((self.folder / "run.json").read_text())

    @property
    def rows(self) -> list[dict[str, float]]:
        with (self.folder / "metrics.csv").open() as file:
            return [{key: float(value) for key, value in row.items()} for row in csv.DictReader(file)]

    def weights(self, checkpoint: str = "last") -> list[np.ndarray]:
        import keras

        return keras.models.load_model(self.folder / "checkpoints" / f"{checkpoint}.keras").get_weights()


def require_namespace() -> Sequence[str]:
    """The words before a command that put it into a network of its own, of which it has only the loopback.

    TensorFlow's ports listen on every interface, and have no authentication.
    """
    words = ("unshare", "--net", "--", "sh", "-c", 'ip link set lo up && exec "$@"', "sh")
    able = shutil.which("unshare") and subprocess.run([*words, "true"], capture_output=True).returncode == 0
    if not able:
        pytest.skip("needs the right to make a network namespace (unshare --net), and the program ip")
    return words


@dataclass
class Started:
    """A command that runs."""

    process: Any
    folder: Path
    output: Path

    def said(self) -> str:
        return self.output.read_text(errors="replace")

    def wait_for(self, text: str, seconds: float = 60) -> None:
        """Until it has said something."""
        deadline = time.monotonic() + seconds
        while text not in self.said():
            assert self.process.poll() is None and time.monotonic() < deadline, self.said()
            time.sleep(0.02)

    def workers(self) -> dict[int, int]:
        """Process numbers of the workers by their own number."""
        found = {
            int(path.name.removeprefix("worker")): number
            for path in self.folder.glob("worker?")
            if _runs(number := int(path.read_text()))
        }
        for path in Path("/proc").glob("[0-9]*/environ"):
            with suppress(OSError, StopIteration):
                variables = dict(
                    entry.split("=", 1) for entry in path.read_text().split("\0") if "=" in entry
                )
                if variables.get("BIGMODEL_TEST") == str(self.folder) and "TF_CONFIG" in variables:
                    task = json.loads(variables["TF_CONFIG"])["task"]
                    found[int(task["index"])] = int(path.parent.name)
        return found

    def kill_worker(self, index: int, after: float) -> None:
        """Kill one some time after training has begun."""
        self.wait_for("run: ")
        time.sleep(after)
        os.kill(self.workers()[index], signal.SIGKILL)

    def end(self, seconds: float = 120) -> Run:
        """Wait for its end."""
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            pytest.fail(f"still running after {seconds} s:\n{self.said()}")
        runs = sorted((self.folder / "runs/replicas").glob("*"))
        return Run(runs[-1] if runs else self.folder, self.said(), code)


def _runs(number: int) -> bool:
    """Whether there is such a process, and more of it than its exit code."""
    try:
        status = Path(f"/proc/{number}/stat").read_text()
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


class Bench:
    """Trains the config in folders of their own."""

    def __init__(self, folder: Path, warm: Warm) -> None:
        self.folder = folder
        self._warm = warm
        self._count = 0
        self._started: list[Started] = []

    def start(
        self, *words: str, before: Sequence[str] = (), folder: Path | None = None, **variables: str
    ) -> Started:
        """Start `bigmodel` with some words; {config} in them is the config."""
        folder = folder or self._new_folder()
        output = folder / "output.txt"
        environment = {**self._environment(folder), **variables}
        with output.open("ab") as file:
            process = subprocess.Popen(
                [*before, sys.executable, "-m", "bigmodel_cli", *words],
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
            )
        self._started.append(Started(process, folder, output))
        return self._started[-1]

    def _new_folder(self) -> Path:
        self._count += 1
        folder = self.folder / str(self._count)
        folder.mkdir()
        (folder / "replicas.yaml").write_text(CONFIG)
        return folder

    def refused(self, *words: str) -> Ended:
        """A run of one process that is not to be."""
        return self._warm.run("train", "replicas.yaml", *words, folder=self._new_folder())

    def train(
        self,
        *words: str,
        resume: Run | None = None,
        folder: Path | None = None,
        concludes: bool = False,
    ) -> Run:
        """A run of one process, or the rest of one; most tests look at what it learned alone."""
        folder = resume.folder.parents[2] if resume else folder or self._new_folder()
        what = ("--resume", "replicas") if resume else ("replicas.yaml",)
        ended = self._warm.run("train", *what, "--plain", *words, folder=folder, concludes=concludes)
        assert ended.code == 0, ended.output
        (run,) = (folder / "runs/replicas").iterdir()
        return Run(run, ended.output, ended.code)

    def launch(self, *words: str, options: Sequence[str] = ()) -> Started:
        """Two processes that train together."""
        return self.start(
            "launch", "--workers", "2", *options, "--", "train", "replicas.yaml", "--plain", *words,
            before=require_namespace(),
        )  # fmt: skip

    def forked(
        self, *words: str, options: Sequence[str] = (), attributes: Mapping[str, Any] = MappingProxyType({})
    ) -> Started:
        """The same, where they and who launches them are forked, with values of attributes of modules."""
        require_namespace()
        folder = self._new_folder()
        going = self._warm.launch(
            "launch", "--workers", "2", *options, "--", "train", "replicas.yaml", "--plain", *words,
            folder=folder, environment=self._environment(folder), attributes=attributes,
        )  # fmt: skip
        self._started.append(Started(going, folder, going.output))
        return self._started[-1]

    @staticmethod
    def _environment(folder: Path) -> dict[str, str]:
        own = {name: value for name, value in os.environ.items() if name != "TF_CONFIG"}
        return {**own, "BIGMODEL_RUNS": str(folder / "runs"), "BIGMODEL_TEST": str(folder)}

    def close(self) -> None:
        for started in self._started:
            for number in started.workers().values():
                with suppress(ProcessLookupError):
                    os.kill(number, signal.SIGKILL)
            if started.process.poll() is None:
                started.process.kill()


@pytest.fixture
def bench(tmp_path: Path, warm: Warm) -> Iterator[Bench]:
    made = Bench(tmp_path, warm)
    yield made
    made.close()


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory, warm: Warm) -> Callable[..., Run]:
    """Trains the config in one process to the report, but only once for the same words."""
    return cache(partial(Bench(tmp_path_factory.mktemp("once"), warm).train, concludes=True))


@pytest.fixture(scope="session")
def straight(tmp_path_factory: pytest.TempPathFactory, warm: Warm) -> Iterator[Run]:
    """The run that nothing interrupts."""
    bench = Bench(tmp_path_factory.mktemp("straight"), warm)
    run = bench.launch(*LONGER).end()
    assert run.code == 0, run.said
    yield run
    bench.close()


def assert_same(one: Run, other: Run) -> None:
    """Losses within 1e-6, weights within 1e-5."""
    for row, found in zip(one.rows, other.rows, strict=True):
        for name in ("loss", "val_loss"):
            assert found[name] == pytest.approx(row[name], rel=1e-6), name
        for name in row.keys() & {"accuracy", "auc", "val_accuracy", "val_auc"}:
            assert found[name] == pytest.approx(row[name], abs=1e-5), name
    for weights, others in zip(one.weights(), other.weights(), strict=True):
        np.testing.assert_allclose(others, weights, atol=1e-5)


def assert_bits(one: Run, other: Run) -> None:
    """The very same weights."""
    for weights, others in zip(one.weights(), other.weights(), strict=True):
        np.testing.assert_array_equal(others, weights)
