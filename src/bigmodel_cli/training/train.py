"""A config to a run folder: load, build, train, evaluate, export, plot."""

from __future__ import annotations

import time
from pathlib import Path

from bigmodel_cli.config.load import LoadedConfig
from bigmodel_cli.errors import Interrupted
from bigmodel_cli.inference.evaluate import (
    load_splits,
)
from bigmodel_cli.listener import Listener
from bigmodel_cli.pipeline.splits import Splits
from bigmodel_cli.run_folder import RunFolder, check_writable
from bigmodel_cli.training.conclusion import TrainingResult, conclude
from bigmodel_cli.training.log import LoggedListener
from bigmodel_cli.training.session import Session, naming_memory
from bigmodel_cli.training.signals import StopRequest, stop_on_signal


def train(
    config: LoadedConfig, *, runs_dir: Path, listener: Listener, offline: bool = False
) -> TrainingResult:
    """Train the model of a config and keep everything about it in a new run folder.

    Args:
        config: A checked config.
        runs_dir: Where the run folder is made.
        listener: Is told how it goes.
        offline: No download may be made.

    Raises:
        ConfigError: If Keras refuses a part of the config, or the model does not fit the data.
        DataError: If the data is missing or damaged.
        ResourceError: If something ran out, or training diverged.
        Interrupted: If a signal ended it.
    """
    began = time.perf_counter()
    check_writable(runs_dir)
    logged = LoggedListener(listener)
    with logged.keeping_warnings(), stop_on_signal() as stop:
        splits = load_splits(config.experiment, logged, offline=offline)
        logged.say(_describe_data(splits))
        with naming_memory(config.experiment.data.batch_size):
            session = Session.open(config, splits, runs_dir, logged)
        with session.recorded(began), session.closing():
            rows = session.train(stop)
            _raise_if_stopped(stop, session.run)
            return conclude(session, rows, began)


def _describe_data(splits: Splits) -> str:
    sizes = ", ".join(f"{size:,} {name}" for name, size in splits.sizes.items())
    num_classes = splits.signature.num_classes
    kind = f"{num_classes} classes" if num_classes is not None else "numbers as labels"
    shape = " × ".join(map(str, splits.signature.shape))
    return f"data: {sizes}; {kind}; each example {shape} {splits.signature.dtype}"


def _raise_if_stopped(stop: StopRequest, run: RunFolder) -> None:
    if stop.signal_number is not None:
        raise Interrupted(
            stop.signal_number, f"interrupted; the model as it was is in {run.title}/checkpoints/last.keras"
        )
