"""Runs that a signal ends in the midst, and what they come to when they go on."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest


@contextmanager
def ended_by_a_signal(call: int) -> Iterator[None]:
    """Training in this process gets SIGTERM when its steps are called for the n-th time."""
    from bigmodel_cli.training.steps import TrainingSteps

    steps, calls = TrainingSteps.run, iter(range(1, 10**9))

    def interrupted(self, *words):
        if next(calls) == call:
            os.kill(os.getpid(), signal.SIGTERM)
        return steps(self, *words)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TrainingSteps, "run", interrupted)
        yield


def goes_on_to_the_same(config: Path, whole: Path, call: int) -> None:
    """A run of a config is ended, goes on, and comes to what the uninterrupted one came to.

    Args:
        config: Its file; runs are made in a folder beside it.
        whole: The folder of the uninterrupted run.
        call: Before which call of its steps it is ended.
    """
    from bigmodel_cli.cli.main import run

    broken = config.parent / "broken"
    with ended_by_a_signal(call):
        assert run(["train", str(config), "--runs-dir", str(broken), "--plain"]) == 128 + signal.SIGTERM
    (interrupted,) = broken.glob("*/*")
    assert run(["train", "--resume", str(interrupted), "--plain"]) == 0
    same_run(whole, interrupted)


def same_run(whole: Path, other: Path) -> None:
    """Numbers of each epoch but for times, and the last weights, to the last digit."""
    from bigmodel_cli.inference.loading import load_checkpoint
    from bigmodel_cli.metrics_file import TIME_COLUMNS, read_metrics
    from bigmodel_cli.run_folder import RunFolder

    of_whole, of_other = (read_metrics(path / "metrics.csv") for path in (whole, other))
    assert set(of_whole) == set(of_other)
    for column in set(of_whole) - set(TIME_COLUMNS):
        assert of_other[column] == of_whole[column], column
    both = (load_checkpoint(RunFolder(path), "last").get_weights() for path in (whole, other))
    for one, gone_on in zip(*both, strict=True):
        np.testing.assert_array_equal(one, gone_on)
