"""What the tests of training share: a tiny config, trained by the loop alone or into a run folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bigmodel_cli.listener import Silent
from bigmodel_cli.metrics_file import read_metrics
from bigmodel_cli.new_run import NewRun
from bigmodel_cli.run_folder import RunFolder

# 80 training examples: four batches of 16 and, with validation and test, none left over. Nothing is left to a
# trial, which would be a call into TensorFlow more for each model; test_trial.py is about these.
TINY = """\
name: tiny
data:
  source: {synthetic: {shape: [6, 6, 1], num_classes: 3, num_examples: 100}}
  batch_size: 16
preprocessing:
  - Rescaling: {scale: 1/255}
model:
  - Flatten
  - Dense: {units: 8, activation: relu}
  - Dense: {units: num_classes, activation: softmax}
loss: CategoricalCrossentropy
optimizer: {Adam: {learning_rate: 0.01}}
training:
  epochs: 3
  steps_per_execution: 2
  device: cpu
  precision: float32
  jit_compile: false
"""


@dataclass(frozen=True)
class Prepared:
    """A model and its data, ready for the loop."""

    experiment: Any
    splits: Any
    built: Any
    loop: Any

    def run(self) -> list[dict[str, float]]:
        """The rows of the epochs."""
        return self.loop.run(KeepsNothing())


class KeepsNothing:
    """A saver for a loop that nobody resumes."""

    def steps_until_due(self, moment: Any) -> None:
        return None

    def steps_done(self, moment: Any) -> None:
        pass

    def epoch_ended(self, moment: Any, *, is_final: bool) -> None:
        pass

    def best(self) -> None:
        return None


@pytest.fixture
def config(tmp_path: Path) -> Callable[..., Any]:
    """Reads the tiny config with words of a command line."""
    return lambda *overrides: _read(tmp_path, overrides)


def _read(folder: Path, overrides: Sequence[str]) -> Any:
    from bigmodel_cli.modeling.language import read_config

    path = folder / "tiny.yaml"
    path.write_text(TINY)
    return read_config(path, overrides)


@pytest.fixture
def prepare(tmp_path: Path) -> Iterator[Callable[..., Prepared]]:
    """Builds what a config says as `train` does, without a run folder."""
    with _preparing(tmp_path) as make:
        yield make


@pytest.fixture(scope="module")
def prepare_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Prepared]]:
    """The same for what the tests of a module share; they must leave it as it was."""
    with _preparing(tmp_path_factory.mktemp("module")) as make:
        yield make


@contextmanager
def _preparing(folder: Path) -> Iterator[Callable[..., Prepared]]:
    feeds = []

    def make(*overrides: str) -> Prepared:
        prepared = _prepare(_read(folder, overrides).experiment)
        feeds.append(prepared.loop.training.feed)
        return prepared

    yield make
    for feed in feeds:
        feed.close()


def _prepare(experiment: Any) -> Prepared:
    from bigmodel_cli.inference.run_data import load_splits
    from bigmodel_cli.training.loop import Loop
    from bigmodel_cli.training.prepared import prepare
    from bigmodel_cli.training.signals import StopRequest

    splits = load_splits(experiment, Silent(), offline=True)
    prepared = prepare(experiment, splits, Silent())
    prepared.fill(Silent())
    loop = Loop(
        prepared.training,
        prepared.validation_steps(),
        prepared.callbacks,
        seed=experiment.seed,
        num_epochs=experiment.training.epochs,
        steps_per_execution=prepared.plan.steps_per_execution,
        listener=Silent(),
        stop=StopRequest(),
    )
    return Prepared(experiment, splits, prepared.built, loop)


@dataclass(frozen=True)
class Trained:
    """A complete run."""

    result: Any

    @property
    def run(self) -> RunFolder:
        return self.result.run

    @property
    def record(self) -> dict[str, Any]:
        return self.run.read_record()

    @property
    def metrics(self) -> dict[str, list[float]]:
        return read_metrics(self.run.metrics)

    def model(self, name: str = "best") -> Any:
        from bigmodel_cli.inference.loading import load_checkpoint

        return load_checkpoint(self.run, name)


@pytest.fixture
def train(config: Callable[..., Any], tmp_path: Path) -> Callable[..., Trained]:
    """Trains the tiny config with words of a command line into a new run folder."""
    return lambda *overrides, **how: _train(config(*overrides), tmp_path / "runs", **how)


def _train(loaded: Any, runs_dir: Path, **how: bool) -> Trained:
    from bigmodel_cli.training.train import How
    from bigmodel_cli.training.train import train as train_config

    return Trained(train_config(loaded, NewRun(runs_dir, loaded.experiment.name), [Silent()], how=How(**how)))


@pytest.fixture(scope="session")
def complete(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """A complete run with a seed, metrics and a gate; tests must not change it."""
    folder = tmp_path_factory.mktemp("complete")
    overrides = ("seed=3", "expect.test_accuracy='>= 0%'", "metrics=[accuracy, {F1Score: {average: macro}}]")
    return _train(_read(folder, overrides), folder / "runs")


@pytest.fixture
def deterministic() -> Iterator[str]:
    """Makes TensorFlow repeat bit by bit, and gives the word that a config says so by; undone afterwards."""
    import tensorflow as tf
    from tensorflow.python.framework.config import disable_op_determinism

    tf.config.experimental.enable_op_determinism()
    yield "training.deterministic=true"
    disable_op_determinism()
