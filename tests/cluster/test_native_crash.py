"""A crash of native code, which no exception tells of, is named by whoever started the process."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence

import pytest

from bigmodel_cli.cluster.launching import processes
from bigmodel_cli.cluster.launching.by_hosts import by_hosts
from bigmodel_cli.cluster.launching.hosts import slots_here
from bigmodel_cli.cluster.launching.supervisor import Launch
from bigmodel_cli.native_crash import crash_advice, how_it_ended


@pytest.mark.parametrize(
    ("code", "says", "is_crash"),
    [
        (-signal.SIGABRT, "was ended by SIGABRT", True),
        (134, "was ended by SIGABRT", True),
        (-signal.SIGSEGV, "was ended by SIGSEGV", True),
        (139, "was ended by SIGSEGV", True),
        (-signal.SIGFPE, "was ended by SIGFPE", True),
        (132, "was ended by SIGILL", True),
        (-signal.SIGKILL, "was ended by SIGKILL", False),
        (137, "was ended by SIGKILL", False),
        (143, "was ended by SIGTERM", False),
        (1, "ended with exit code 1", False),
        (5, "ended with exit code 5", False),
        (128, "ended with exit code 128", False),
        (255, "ended with exit code 255", False),
    ],
)
def test_how_a_process_ended(code: int, says: str, is_crash: bool) -> None:
    assert how_it_ended(code) == says
    advice = crash_advice(code, {})
    assert (advice is not None) is is_crash
    if advice is not None:
        assert "is a crash of native code, not of Python" in advice
        assert advice.endswith("try TF_ENABLE_ONEDNN_OPTS=0")


def test_what_was_tried_already_is_not_advised() -> None:
    advice = crash_advice(134, {"TF_ENABLE_ONEDNN_OPTS": "0"}) or ""
    assert "oneDNN was off already" in advice and "=0" not in advice


def test_a_native_crash_has_the_code_that_is_looked_for() -> None:
    ended = subprocess.run([sys.executable, "-c", "import os; os.abort()"], capture_output=True)
    assert crash_advice(ended.returncode, {}) is not None


Launches = Callable[[Sequence[str]], tuple[int, list[str]]]


@pytest.fixture
def launch(monkeypatch: pytest.MonkeyPatch) -> Launches:
    """Launches two processes of plain Python, each with its program; the exit code, and what is said."""

    def call(programs: Sequence[str]) -> tuple[int, list[str]]:
        said: list[str] = []
        programs_left = list(programs)
        monkeypatch.setattr(processes, "_command", lambda *_: [sys.executable, "-c", programs_left.pop(0)])
        attempt = by_hosts(lambda: slots_here(2), ["train"], said.append)
        return Launch(attempt, 0, said.append, "launch").run(), said

    return call


@pytest.mark.parametrize(
    ("number", "programs"),
    [
        (0, ["import os; os.abort()", "pass"]),
        (1, ["import time; time.sleep(0.5); exit(5)", "import os; os.kill(os.getpid(), 11)"]),
    ],
)
def test_launch_names_a_crash_and_what_to_try(launch: Launches, number: int, programs: list[str]) -> None:
    code, said = launch(programs)
    assert code == 5
    assert f"worker {number} (127.0.0.1:" in said[0] and said[0].endswith("; the others end too")
    assert said[1].endswith("try TF_ENABLE_ONEDNN_OPTS=0")


@pytest.mark.slow
def test_launch_blames_who_was_lost_and_not_who_lost_it(
    launch: Launches, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both have ended between one look and the next."""
    monkeypatch.setattr("bigmodel_cli.cluster.launching.by_hosts._POLL_SECONDS", 3.0)

    def soon(what: str) -> str:
        # Not before both are started and were looked at, and long before the next look.
        return f"import os, time; time.sleep(max(0, {time.time() + 1.0!r} - time.time())); {what}"

    killed = "os.kill(os.getpid(), 9)"
    code, said = launch([soon("exit(5)"), soon(killed)])
    assert code == 5
    assert said[0].startswith("worker 1 (") and "was ended by SIGKILL" in said[0]
    assert launch([soon(killed), soon("exit(5)")])[1][0].startswith("worker 0 (")


def test_launch_names_no_crash_where_there_was_none(launch: Launches) -> None:
    code, said = launch(["import time; time.sleep(0.5); exit(3)", "exit(3)"])
    assert code == 3 and not any("ONEDNN" in line for line in said)


def test_what_is_to_be_tried_reaches_every_process(launch: Launches, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also on other machines, which do not have the launcher's variables."""
    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", "0")
    monkeypatch.setenv("UNRELATED", "1")
    given: list[set[str]] = []

    def attempt(environment: dict[str, str], _: object) -> int:
        given.append(set(environment))
        return 0

    assert Launch(attempt, 0, print, "launch").run() == 0  # type: ignore[arg-type]
    assert "TF_ENABLE_ONEDNN_OPTS" in given[0] and "UNRELATED" not in given[0]
