"""What a process knows of the launch that started it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bigmodel_cli.cluster import launched
from bigmodel_cli.cluster.launched import is_restarted, launch_of, take_share


@pytest.fixture
def gpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with five GPUs, as the driver lists them."""
    for number in range(5):
        (tmp_path / f"0000:0{number}:00.0").mkdir()
    monkeypatch.setattr(launched, "NVIDIA_GPUS", tmp_path)


def shares(count: int, **environment: str) -> list[str | None]:
    found = []
    for slot in range(count):
        environ = {**environment, "BIGMODEL_SLOT": f"{slot}/{count}"}
        take_share(environ)
        found.append(environ.get("CUDA_VISIBLE_DEVICES"))
    return found


@pytest.mark.usefixtures("gpus")
def test_processes_share_the_gpus_of_their_machine() -> None:
    assert shares(1) == [None]
    assert shares(2) == ["0,1", "2,3,4"]
    assert shares(5) == ["0", "1", "2", "3", "4"]
    # More processes than GPUs: TensorFlow decides, and says so.
    assert shares(6)[0] is None


def test_what_the_user_made_visible_is_shared_and_nothing_else() -> None:
    assert shares(2, CUDA_VISIBLE_DEVICES="3,1") == ["3", "1"]
    assert shares(2, CUDA_VISIBLE_DEVICES="") == ["", ""]


def test_processes_share_the_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    environ = {"BIGMODEL_SLOT": "1/3"}
    take_share(environ)
    assert environ["TF_NUM_INTRAOP_THREADS"] == "2"
    environ = {"BIGMODEL_SLOT": "1/3", "TF_NUM_INTRAOP_THREADS": "5"}
    take_share(environ)
    assert environ["TF_NUM_INTRAOP_THREADS"] == "5"


def test_a_process_knows_its_launch() -> None:
    assert launch_of({}) is None
    assert not is_restarted({})
    assert launch_of({"BIGMODEL_LAUNCH": "abc"}) == "abc"
    assert is_restarted({"BIGMODEL_LAUNCH": "abc", "BIGMODEL_RESTARTED": "1"})


def test_a_process_ends_with_its_launcher() -> None:
    program = (
        "import time\n"
        "from bigmodel_cli.cluster.launched import end_with_launcher\n"
        "end_with_launcher()\n"
        "print('there', flush=True)\n"
        "time.sleep(60)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "there\n"
        assert process.poll() is None
        process.stdin.close()
        assert process.wait(10) == -signal.SIGTERM
