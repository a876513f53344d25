"""Real offline folders of Weights & Biases: together they have everything, and nothing twice."""

from __future__ import annotations

import json
import math
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tracked_runs import RESULTS, begin_run, complete, files_of, row, train

from bigmodel_cli.run_folder import RunFolder
from bigmodel_cli.tracking.trackers.wandb import Wandb
from bigmodel_cli.tracking.wandb_file import has_exit, records, steps_in

pytestmark = pytest.mark.slow

_SEND = """
import os, signal, sys
from pathlib import Path
from bigmodel_cli.run_folder import RunFolder
from bigmodel_cli.tracking.sending import Sending
from bigmodel_cli.tracking.trackers.wandb import Wandb
sending = Sending(RunFolder(Path(sys.argv[1])), Wandb(mode=sys.argv[2]))
sending.send(has_ended=True)
if sys.argv[3:]:
    os.kill(os.getpid(), signal.SIGKILL)
print(sending.end())
"""


def send(run: RunFolder, *words: str, mode: str = "offline", **environment: str) -> tuple[int, str]:
    """In a process of its own, as a sender is one."""
    import os

    done = subprocess.run(
        [sys.executable, "-c", _SEND, str(run.path), mode, *words],
        capture_output=True,
        text=True,
        env={**os.environ, "WANDB_DIR": str(run.path.parents[1]), **environment},
        timeout=120,
    )
    return done.returncode, done.stdout + done.stderr


def kept(folder: Path) -> list[Path]:
    return sorted((folder / "wandb").glob("offline-run-*/*.wandb"))


def parsed(paths: list[Path]) -> Iterator[Any]:
    from wandb.proto import wandb_internal_pb2

    for path in paths:
        for record in records(path.read_bytes()):
            yield wandb_internal_pb2.Record.FromString(record)


def history(paths: list[Path]) -> list[dict[str, float]]:
    """What was logged, in order."""
    found = []
    for record in parsed(paths):
        if record.HasField("history"):
            items = {item.nested_key[0]: json.loads(item.value_json) for item in record.history.item}
            found.append({key: value for key, value in items.items() if key in (*row(1), "_step")})
    return found


def summary(paths: list[Path]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for record in parsed(paths):
        for item in record.summary.update if record.HasField("summary") else ():
            found[".".join((item.key, *item.nested_key)).strip(".")] = json.loads(item.value_json)
    return found


def assert_all_arrived(run: RunFolder) -> None:
    paths = kept(run.path.parents[1])
    logged = history(paths)
    assert [entry["_step"] for entry in logged] == [1, 2, 3, 4, 5]
    for entry in logged:
        wanted = {key: value for key, value in row(int(entry["_step"])).items() if key != "epoch"}
        assert {k: "NaN" if math.isnan(v) else v for k, v in wanted.items()} == {
            k: "NaN" if isinstance(v, float) and math.isnan(v) else v
            for k, v in entry.items()
            if k != "_step"
        }
    found = summary(paths)
    assert {f"test_{name}": found[f"test_{name}"] for name in RESULTS} == {
        f"test_{name}": value for name, value in RESULTS.items()
    }
    newest = paths[-1].parent / "files"
    assert {name: (newest / name).read_bytes() for name in files_of(run)} == files_of(run)
    assert all(has_exit(path.read_bytes()) for path in paths)


@pytest.fixture
def tracked(tmp_path: Path) -> RunFolder:
    run = begin_run(tmp_path / "small" / "one")
    train(run, range(1, 4))
    complete(run, "interrupted")
    return run


def test_all_of_a_run_is_kept_over_its_sessions(tracked: RunFolder) -> None:
    code, said = send(tracked)
    assert code == 0 and "to send it: wandb sync" in said, said
    train(tracked, range(4, 6))
    complete(tracked)
    assert send(tracked)[0] == 0
    assert len(kept(tracked.path.parents[1])) == 2
    assert_all_arrived(tracked)
    # Once more: a folder with nothing new but the files.
    assert send(tracked)[0] == 0
    assert_all_arrived(tracked)


def test_what_a_killed_process_has_left_makes_room(tracked: RunFolder) -> None:
    code, _ = send(tracked, "die")
    assert code == -signal.SIGKILL
    (left,) = kept(tracked.path.parents[1])
    assert not has_exit(left.read_bytes())
    train(tracked, range(4, 6))
    complete(tracked)
    assert send(tracked)[0] == 0
    assert not left.exists() and len(kept(tracked.path.parents[1])) == 1
    assert_all_arrived(tracked)


def test_offline_connects_to_nobody(tracked: RunFolder) -> None:
    """Every address that it could ask is one that listens here."""
    asked: list[Any] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def listen() -> None:
            try:
                while True:
                    asked.append(server.accept()[1])
            except OSError:
                return

        threading.Thread(target=listen, daemon=True).start()
        here = f"http://127.0.0.1:{server.getsockname()[1]}"
        proxies = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), here)
        code, said = send(tracked, **proxies, WANDB_BASE_URL=here, WANDB_API_KEY="a" * 40)
        assert code == 0, said
        assert asked == []


def test_a_server_that_is_not_there_is_told_at_once(tracked: RunFolder) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    code, said = send(tracked, mode="online", WANDB_BASE_URL=f"http://127.0.0.1:{port}", NO_PROXY="127.0.0.1")
    assert code == 1 and f"127.0.0.1:{port} cannot be reached: Connection refused" in said
    assert not kept(tracked.path.parents[1])


def test_records_end_where_a_file_was_cut(tracked: RunFolder) -> None:
    assert send(tracked)[0] == 0
    content = kept(tracked.path.parents[1])[0].read_bytes()
    whole = list(records(content))
    assert steps_in(content) == {1, 2, 3}
    for end in range(7, len(content), 97):
        found = list(records(content[:end]))
        assert found == whole[: len(found)] and len(found) < len(whole)


def test_offline_options() -> None:
    assert Wandb().offline().is_offline
    assert Wandb(mode="offline").address is None
