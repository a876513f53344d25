"""Two processes in the workers of a Ray cluster of this machine alone, in a network of its own."""

from __future__ import annotations

import os
import signal
import socket
from pathlib import Path

import pytest

from bigmodel_cli.cluster.launching.by_ray import RayCluster
from bigmodel_cli.errors import ResourceError, UsageError

from .conftest import IS_LONG, LONGER, Bench, Run, Started, assert_bits, require_namespace

pytest.importorskip("ray")
pytestmark = pytest.mark.slow


def launch(bench: Bench, *words: str, restarts: int = 0) -> Started:
    return bench.start(
        "launch", "--ray", "local", "--workers", "2", "--restarts", str(restarts),
        "--", "train", "replicas.yaml", "--plain", *words,
        before=require_namespace(),
    )  # fmt: skip


def rays_worker(started: Started, index: int) -> int:
    """The number of the process in which Ray has started one of ours."""
    status = Path(f"/proc/{started.workers()[index]}/stat").read_text()
    return int(status.rpartition(")")[2].split()[1])


@pytest.mark.tf
@pytest.mark.parametrize("whose", ["ours", "rays"] if IS_LONG else ["rays"])
def test_a_killed_worker_is_started_again(bench: Bench, straight: Run, whose: str) -> None:
    started = launch(bench, *LONGER, restarts=1)
    started.wait_for("epoch 2/", seconds=150)
    os.kill(rays_worker(started, 1) if whose == "rays" else started.workers()[1], signal.SIGKILL)
    run = started.end(240)
    assert run.code == 0, run.said
    assert "starting all processes again (1 of 1)" in run.said
    says = "Ray lost worker 1: " if whose == "rays" else "worker 1 was ended by SIGKILL"
    assert says in run.said
    assert_bits(straight, run)
    # The chief's results are the launcher's.
    assert f"report    {run.folder.relative_to(started.folder)}/report.html" in run.said
    assert len(list(run.folder.parent.iterdir())) == 1
    assert not started.workers()


@pytest.mark.tf
@pytest.mark.skipif(
    not IS_LONG, reason="takes long: make faults; that launch passes signals on is in test_launch"
)
def test_ctrl_c_reaches_all(bench: Bench) -> None:
    started = launch(bench, "training.epochs=2000")
    started.wait_for("epoch 2/", seconds=150)
    started.process.send_signal(signal.SIGINT)
    run = started.end(60)
    assert run.code == 128 + signal.SIGINT, run.said
    assert run.record["status"] == "interrupted"
    assert not started.workers()


def test_a_cluster_that_is_not_there_is_said_at_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
    with pytest.raises(ResourceError, match=f"--ray {address}: no cluster: nobody answers there") as caught:
        RayCluster(address, 2, insecure=False)
    assert "--ray local makes one of this machine" in (caught.value.hint or "")
    with pytest.raises(
        UsageError, match="--ray nowhere: expected host:port, found 'nowhere', or auto, or local"
    ):
        RayCluster("nowhere", 2, insecure=False)
