"""Two processes that train one run together, each started by `launch`, in a network of their own."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from bigmodel_cli.training.weight_files import read_weight_file

from .conftest import IS_LONG, LONGER, Bench, Run, Started, assert_bits, assert_same, require_namespace

pytestmark = [pytest.mark.tf, pytest.mark.slow]
OWN = """\
name: replicas
code: my_layers.py
data:
  source: {synthetic: {shape: [8, 8, 1], num_classes: 3, num_examples: 101}}
  batch_size: 16
preprocessing: [{Rescaling: {scale: 1/255}}]
model:
  - Flatten
  - Scale: {start: 0.9}
  - Dense: {units: 8, activation: wavy}
  - Dense: {units: num_classes, activation: softmax}
loss: {focal: {gamma: 1.5}}
optimizer: {Adam: {learning_rate: {Halving: {start: 0.01, every: 5}}}}
metrics: [accuracy, Surest]
training:
  epochs: 2
  precision: float32
  jit_compile: false
  deterministic: true
  device: cpu
  callbacks: [{StopWhenFlat: {patience: 5}}]
"""


def test_two_processes_train_as_one(bench: Bench, once: Callable[..., Run]) -> None:
    one, two = once("training.device=cpu"), bench.launch().end()
    assert two.code == 0, two.said
    assert_same(one, two)
    assert two.record["status"] == "completed"
    assert two.record["plan"]["processes"] == 2
    assert "replicas: 2, each gets 8 of the 16 examples of a batch" in two.said
    # The chief alone tells, and writes.
    assert two.said.count("epoch 3/3") == 1
    assert len(list(two.folder.parent.iterdir())) == 1


def test_own_code_is_trained_by_two_processes(bench: Bench) -> None:
    source = Path(__file__).resolve().parents[2] / "docs" / "own-code" / "my_layers.py"
    folders = [bench.folder / name for name in ("one", "two")]
    for folder in folders:
        folder.mkdir()
        shutil.copy(source, folder)
        (folder / "replicas.yaml").write_text(OWN)
    one = bench.train(folder=folders[0])
    words = ("launch", "--workers", "2", "--", "train", "replicas.yaml", "--plain")
    two = bench.start(*words, before=require_namespace(), folder=folders[1]).end()
    assert two.code == 0, two.said
    assert two.record["plan"]["processes"] == 2
    assert (two.folder / "code" / "my_layers.py").read_bytes() == source.read_bytes()
    for row, found in zip(one.rows, two.rows, strict=True):
        for name in ("loss", "val_loss", "surest"):
            assert found[name] == pytest.approx(row[name], rel=1e-5), name
    # Keras would need the code to load it.
    first, second = (
        read_weight_file(run.folder / "checkpoints" / "last.keras", trust=True) for run in (one, two)
    )
    assert [layer.name for layer in first] == ["scale", "dense", "dense_1"]
    for layer, other in zip(first, second, strict=True):
        for name, weights in layer.weights.items():
            np.testing.assert_allclose(other.weights[name], weights, atol=1e-5, err_msg=layer.name)


@pytest.mark.parametrize("index", [0, 1] if IS_LONG else [1])
def test_a_lost_process_ends_the_other_and_the_run_can_go_on(bench: Bench, straight: Run, index: int) -> None:
    started = bench.launch(*LONGER)
    started.wait_for("epoch 2/")
    started.kill_worker(index, after=0.1)
    began = time.monotonic()
    broken = started.end(40)
    assert time.monotonic() - began < 35
    assert broken.code == 5, broken.said
    assert f"worker {index} (127.0.0.1:" in broken.said
    assert "was ended by SIGKILL" in broken.said
    command = f"bigmodel launch --workers 2 -- train --resume runs/replicas/{broken.folder.name}"
    assert f"what was reached is kept; to go on with: {command}" in broken.said or index == 0
    assert not started.workers()
    resumed = bench.start(
        "launch", "--workers", "2", "--", "train", "--resume", "replicas", "--plain",
        folder=started.folder, before=require_namespace(),
    ).end()  # fmt: skip
    assert resumed.code == 0, resumed.said
    assert "warning: runs/replicas" not in resumed.said
    assert_bits(straight, resumed)


def test_restarts_end_where_the_uninterrupted_run_ends(bench: Bench, straight: Run) -> None:
    generator = random.Random(os.getpid())
    for _ in range(20 if IS_LONG else 1):
        # The test above has killed the other one.
        index, after = generator.randrange(2) if IS_LONG else 0, generator.uniform(0, 2)
        started = bench.launch(*LONGER, options=("--restarts", "2"))
        started.kill_worker(index, after)
        restarted = started.end(180)
        assert restarted.code == 0, (index, after, restarted.said)
        assert "starting all processes again (1 of 2)" in restarted.said
        assert_bits(straight, restarted)
        assert len(list(restarted.folder.parent.iterdir())) == 1


def test_a_stopped_process_is_named_and_does_not_stay(bench: Bench) -> None:
    # How long who has lost the other one would be waited for does not matter: the other one is stopped.
    patience = {"bigmodel_cli.cluster.launching.by_hosts.PATIENCE_SECONDS": 1}
    started = bench.forked("training.epochs=2000", attributes=patience)
    started.wait_for("epoch 2/")
    os.kill(started.workers()[1], signal.SIGSTOP)
    run = started.end(90)
    assert run.code == 5, run.said
    assert "no answer from worker 1 (127.0.0.1:" in run.said
    assert not started.workers()


def test_a_signal_stops_all_and_keeps_what_was_reached(bench: Bench) -> None:
    started = bench.forked("training.epochs=2000")
    started.wait_for("epoch 2/")
    started.process.send_signal(signal.SIGTERM)
    run = started.end(60)
    assert run.code == 128 + signal.SIGTERM, run.said
    assert run.record["status"] == "interrupted"
    assert (
        f"hint: go on with: bigmodel launch --workers 2 -- train --resume runs/replicas/{run.folder.name}"
        in run.said
    )
    # Who was told to end is not blamed.
    assert "ended with exit code" not in run.said
    assert not started.workers()


def alone(bench: Bench, index: int, *words: str) -> Started:
    """One of two processes, of which the other is never started."""
    addresses = ["127.0.0.1:29411", "127.0.0.1:29412"]
    config = {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}}
    return bench.start(
        "train", "replicas.yaml", "--plain", "--start-timeout", "3", *words,
        before=require_namespace(), TF_CONFIG=json.dumps(config),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("index", "says"),
    [
        (0, "worker 1 (127.0.0.1:29412) did not start within 3 s"),
        (1, "worker 0 (127.0.0.1:29411, the chief) did not answer within 3 s"),
    ],
)
def test_a_peer_that_never_starts_is_named(bench: Bench, index: int, says: str) -> None:
    run = alone(bench, index).end(60)
    assert run.code == 5, run.said
    assert f"error: {says}" in run.said
    assert not (run.folder / "runs").exists()


def test_missing_data_end_all_at_once(bench: Bench) -> None:
    run = bench.forked("data.source={npz: {path: nowhere.npz}}", options=("--restarts", "3")).end(60)
    assert run.code == 3, run.said
    assert "nowhere.npz" in run.said
    assert "starting all processes again" not in run.said


def test_ssh_is_told_what_to_start(bench: Bench, tmp_path: Path) -> None:
    """A stand-in for ssh that runs here what it would run there; all else is real."""
    ssh = tmp_path / "bin/ssh"
    ssh.parent.mkdir()
    ssh.write_text(
        '#!/bin/sh\nwhile [ "$1" = -o ]; do shift 2; done\necho "ssh to $*" >&2\nshift\nexec sh -c "$*"\n'
    )
    ssh.chmod(0o755)
    run = bench.start(
        "launch", "--hosts", "localhost:2", "--", "train", "replicas.yaml", "--plain", "training.epochs=1",
        before=require_namespace(), PATH=f"{ssh.parent}:{os.environ['PATH']}",
    ).end()  # fmt: skip
    assert run.code == 0, run.said
    assert run.said.count("ssh to localhost") == 2
    # The stand-in has what is set here all the same; the command line has it for those who have not.
    assert run.said.count(f"BIGMODEL_RUNS={run.folder.parents[1]}") == 2
    assert run.record["status"] == "completed"


def test_the_chiefs_clock_ends_all_processes_with_the_same_epoch(bench: Bench) -> None:
    words = ("training.epochs=500", "training.time=10 seconds", "training.deterministic=false")
    run = bench.forked(*words).end(300)
    assert run.code == 0, run.said
    record = run.record
    assert (record["status"], record["stopped"]["callback"]) == ("completed", "the time limit")
    assert 1 <= len(run.rows) == record["epochs"] < 500
    assert record["stopped"]["epoch"] == record["epochs"]
    assert "accuracy" in record["test"]
    # Of a process that waits for another one the end would be this.
    assert "lost" not in run.said
