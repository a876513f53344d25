"""Whatever a tracker does, the run goes on: one warning, and no waiting."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import filelock
import pytest
from mlflow_store import all_runs, assert_all_arrived, assert_same, expected, history
from tracked_runs import begin_run, complete, train

from bigmodel_cli.config.components import Component
from bigmodel_cli.config.tree import Place
from bigmodel_cli.errors import Interrupted, UsageError
from bigmodel_cli.listener import Progress, Silent
from bigmodel_cli.run_folder import RunFolder
from bigmodel_cli.tracking.feeder import feeders, finishing, require_trackers
from bigmodel_cli.tracking.sender import BEGIN, END, LOOK, Begin
from bigmodel_cli.tracking.sender_process import keep_senders, kept
from bigmodel_cli.tracking.tracker import TrackerOptions
from bigmodel_cli.tracking.trackers.mlflow import Mlflow
from bigmodel_cli.tracking.trackers.tensorboard import TensorBoard
from bigmodel_cli.tracking.trackers.wandb import Wandb

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning"
)
PROGRESS = Progress(1, 5, 1, 1, 1.0, None, {})


class Told(Silent):
    def __init__(self) -> None:
        self.said: list[str] = []
        self.warned: list[str] = []

    def say(self, message: str) -> None:
        self.said.append(message)

    def warn(self, message: str) -> None:
        self.warned.append(message)


def component(options: TrackerOptions) -> Component:
    return Component(
        options.tracker_name, "trackers", Place("config", 1, 1, 1, "", Path()), ("track", 0), options=options
    )


@pytest.fixture
def run(tmp_path: Path) -> Iterator[RunFolder]:
    """A run that this process trains."""
    made = begin_run(tmp_path / "small" / "one")
    with filelock.FileLock(made.lock, thread_local=False):
        yield made


@contextmanager
def refusing() -> Iterator[str]:
    """An address at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    yield f"http://127.0.0.1:{port}"


@contextmanager
def silent() -> Iterator[str]:
    """An address that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


@pytest.mark.slow
def test_all_arrives_while_a_run_goes_on(run: RunFolder) -> None:
    told = Told()
    found = feeders(run, [component(TensorBoard())], told, offline=True)
    with finishing(found):
        for epoch in range(1, 6):
            train(run, range(epoch, epoch + 1))
            found[0].epoch_ended(PROGRESS, {})
        complete(run)
    assert found[0].failure is None and told.warned == []
    assert (run.tracking / "tensorboard.json").exists()
    # Trackers' own files are none of the run's.
    from bigmodel_cli.run_files import all_files

    assert not [path for path in all_files(run) if run.tracking in path.parents]


def test_a_server_that_is_not_there_costs_one_warning(run: RunFolder) -> None:
    told = Told()
    with refusing() as uri:
        found = feeders(run, [component(Mlflow(uri=uri))], told, offline=False)
        with finishing(found):
            until = time.monotonic() + 30
            while not told.warned and time.monotonic() < until:
                time.sleep(0.1)
                found[0].epoch_ended(PROGRESS, {})
            for _ in range(5):
                began = time.monotonic()
                found[0].epoch_ended(PROGRESS, {})
                assert time.monotonic() - began < 0.1
            complete(run)
            began = time.monotonic()
    # A hundredth of what the run took, and the end of a process.
    assert time.monotonic() - began < 3
    (warning,) = told.warned
    address = uri.removeprefix("http://")
    assert warning == (
        f"track: mlflow: {address} cannot be reached: Connection refused; training does not depend on it, "
        f"and what has not arrived is sent later in this run or by: bigmodel track {run.title}"
    )
    assert found[0].failure == f"{address} cannot be reached: Connection refused"


def test_a_server_that_hangs_is_found_out_before_a_library_is_loaded(run: RunFolder) -> None:
    told = Told()
    with silent() as uri:
        found = feeders(run, [component(Mlflow(uri=uri))], told, offline=False)
        until = time.monotonic() + 30
        while not told.warned and time.monotonic() < until:
            time.sleep(0.1)
            found[0].epoch_ended(PROGRESS, {})
        found[0].finish(in_a_hurry=True)
    (warning,) = told.warned
    assert f"{uri.removeprefix('http://')} does not answer; training does not depend on it" in warning
    assert found[0]._process is None


@pytest.fixture
def keeping() -> Iterator[None]:
    """As in a worker."""
    keep_senders()
    yield
    kept.is_asked_for = False
    kept.close()


@pytest.mark.usefixtures("keeping")
def test_a_worker_starts_one_process_for_all_of_its_runs(tmp_path: Path) -> None:
    processes = []
    for name in ("one", "two", "three"):
        run = begin_run(tmp_path / "small" / name)
        with filelock.FileLock(run.lock, thread_local=False):
            found = feeders(run, [component(TensorBoard())], Told(), offline=True)
            with finishing(found):
                train(run, range(1, 6))
                complete(run)
        assert found[0].failure is None
        sender = found[0]._process
        assert sender is not None
        processes.append(sender.process.pid)
        # Each has what it was sent, and its own log.
        assert (run.tracking / "tensorboard.json").exists()
        assert (run.tracking / "tensorboard.log").exists()
        if name == "two":
            sender.process.kill()
            sender.process.wait()
    assert processes[0] == processes[1] != processes[2]


@pytest.mark.slow
@pytest.mark.usefixtures("keeping")
def test_runs_of_one_process_are_runs_of_their_own(tmp_path: Path) -> None:
    options = Mlflow(uri=f"sqlite:///{tmp_path / 'mlflow.db'}", experiment="kept")
    runs = [begin_run(tmp_path / "small" / name, run_id=name) for name in ("one", "two")]
    for run in runs:
        with filelock.FileLock(run.lock, thread_local=False):
            found = feeders(run, [component(options)], Told(), offline=True)
            with finishing(found):
                train(run, range(1, 6))
                complete(run)
        assert found[0].failure is None
    arrived = all_runs(options)
    assert {one.info.run_name for one in arrived} == {"small/one", "small/two"}
    for one in arrived:
        assert_same(history(options, one.info.run_id), expected())
        assert one.info.status == "FINISHED"


@pytest.mark.slow
def test_a_server_that_never_answers_is_not_waited_for_after_ctrl_c(run: RunFolder) -> None:
    told = Told()
    with silent() as uri:
        found = feeders(run, [component(Mlflow(uri=uri))], told, offline=False)
        began = time.monotonic()
        with pytest.raises(Interrupted), finishing(found):
            for _ in range(3):
                found[0].epoch_ended(PROGRESS, {})
            assert time.monotonic() - began < 1
            raise Interrupted(signal.SIGINT)
    assert time.monotonic() - began < 7
    assert found[0].failure is not None


@pytest.mark.slow
def test_a_process_that_dies_costs_one_warning(run: RunFolder) -> None:
    told = Told()
    found = feeders(run, [component(TensorBoard())], told, offline=True)
    with finishing(found):
        until = time.monotonic() + 30
        while not (run.tracking / "tensorboard.json").exists() and time.monotonic() < until:
            time.sleep(0.05)
        sender = found[0]._process
        assert sender is not None
        sender.process.kill()
        sender.process.wait()
        found[0].look()
        while not told.warned and time.monotonic() < until:
            time.sleep(0.05)
            found[0].epoch_ended(PROGRESS, {})
    assert len(told.warned) == 1 and "its process ended" in told.warned[0]
    assert "see tracking/tensorboard.log" in told.warned[0]


def test_offline_nothing_is_sent_to_a_server(run: RunFolder) -> None:
    told = Told()
    assert feeders(run, [component(Mlflow(uri="http://localhost:1"))], told, offline=True) == []
    assert told.said == [f"track: mlflow gets nothing now (offline); later: bigmodel track {run.title}"]
    assert Mlflow(uri="sqlite:///mlflow.db").offline() is not None


def test_what_is_not_installed_is_said_before_training(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Wandb, "package", "no_such_package")
    with pytest.raises(UsageError) as caught:
        require_trackers([component(Wandb())])
    assert caught.value.message == "track: wandb needs the package no_such_package, which is not installed"
    assert caught.value.hint == "pip install 'bigmodel-cli[wandb]'"


@pytest.mark.slow
def test_senders_killed_at_random_moments(tmp_path: Path) -> None:
    """Each session is killed somewhere: before it has begun, while it sends, between sending and noting."""
    chance = random.Random(os.environ.get("BIGMODEL_FAULT_SEED", "16"))
    num_kills = 30 if os.environ.get("BIGMODEL_FAULTS") == "long" else 2
    options = Mlflow(uri=f"sqlite:///{tmp_path / 'mlflow.db'}", experiment="killed")
    run = begin_run(tmp_path / "small" / "one")
    command = [sys.executable, "-m", "bigmodel_cli.tracking.sender", "mlflow"]
    begin = Begin(str(run.path), options.model_dump(mode="json"))
    run.tracking.mkdir()
    seconds, done = 0.0, 0
    for number in range(num_kills + 1):
        is_last = number == num_kills
        upto = 5 if is_last else min(number + 1, 5)
        if done < upto:
            train(run, range(done + 1, upto + 1))
            done = upto
        if is_last:
            complete(run)
        began = time.monotonic()
        sender = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        assert sender.stdin is not None and sender.stdout is not None
        sender.stdin.write(f"{BEGIN} {begin.as_json()}\n{END if is_last else LOOK}\n")
        sender.stdin.flush()
        if is_last or number == 0:
            sender.stdout.readline()
            seconds = time.monotonic() - began
        else:
            time.sleep(chance.uniform(0.3, 1.1) * seconds)
        if is_last:
            sender.stdin.close()
        else:
            sender.kill()
        assert sender.wait(60) == (0 if is_last else -signal.SIGKILL)
    assert len(all_runs(options)) == 1
    found = assert_all_arrived(options, run)
    assert [step for step, _ in history(options, found.info.run_id)["loss"]] == [1, 2, 3, 4, 5]
