"""A process that has imported TensorFlow and forks a child per command, which need not wait for imports.

Reads one JSON object per line: the words of a command, and how it is to be ended; answers with one per line.
A child is a whole process: SIGKILL ends it as it would end `bigmodel` itself.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Ended:
    """How a command ended.

    Attributes:
        code: Its exit code; minus the number of the signal that killed it.
        seconds: How long it ran.
        output: stdout and stderr together.
        operations: How many changes of the disk it made; 0 where it was killed.
    """

    code: int
    seconds: float
    output: str
    operations: int


@dataclass
class Warm:
    """Runs `bigmodel` in children of a process that has imported TensorFlow already."""

    process: Any
    folder: Path
    count: int = field(default=0)

    def run(
        self,
        *words: str | Path,
        folder: Path,
        signals: Sequence[tuple[float, int]] = (),
        die_at_operation: int | None = None,
        max_file_bytes: int | None = None,
        concludes: bool = True,
    ) -> Ended:
        """Run a command to its end.

        Args:
            words: After `bigmodel`.
            folder: The current folder of the command.
            signals: Seconds after the start, and the signal to send then.
            die_at_operation: SIGKILL right before the command's n-th change of the disk.
            max_file_bytes: Writes beyond this size fail.
            concludes: Whether what is trained is evaluated, exported and drawn; otherwise it is left as a
                search leaves its trials.
        """
        output = self._new_output()
        order = {
            "words": [str(word) for word in words],
            "folder": str(folder),
            "output": str(output),
            "signals": list(signals),
            "die_at_operation": die_at_operation,
            "max_file_bytes": max_file_bytes,
            "concludes": concludes,
            "limit": 120,
        }
        answer = self._ask(order)
        text = output.read_text(errors="replace")
        assert not answer["timed_out"], text
        assert "Traceback" not in text, text
        operations = output.with_name(f"{output.name}.operations")
        count = int(operations.read_text()) if operations.exists() else 0
        return Ended(answer["code"], answer["seconds"], text, count)

    def launch(
        self, *words: str, folder: Path, environment: Mapping[str, str], attributes: Mapping[str, Any]
    ) -> Going:
        """Begin `bigmodel launch`, whose processes are forked, in a network of their own.

        Args:
            words: After `bigmodel`.
            folder: The current folder of the command.
            environment: Variables beside those that are set.
            attributes: Values of attributes of modules, by their whole names.
        """
        output = self._new_output()
        order = {
            "words": words,
            "folder": str(folder),
            "output": str(output),
            "environment": dict(environment),
            "attributes": dict(attributes),
        }
        return Going(self._ask, self._ask(order)["pid"], output)

    def _new_output(self) -> Path:
        self.count += 1
        output = self.folder / f"{self.count}.txt"
        # A command may be killed before it opens it.
        output.touch()
        return output

    def _ask(self, order: Mapping[str, Any]) -> dict[str, Any]:
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


@dataclass
class Going:
    """A launch that goes on, to be used as a `Popen`.

    Attributes:
        pid: Its process number.
        output: What it and its processes say.
        code: How it has ended, once somebody has asked.
    """

    _ask: Callable[[Mapping[str, Any]], dict[str, Any]]
    pid: int
    output: Path
    code: int | None = None

    def poll(self) -> int | None:
        if self.code is None:
            self.code = self._ask({"ended": self.pid})["code"]
        return self.code

    def wait(self, timeout: float) -> int:
        deadline = time.monotonic() + timeout
        while (code := self.poll()) is None:
            if time.monotonic() > deadline:
                raise subprocess.TimeoutExpired("launch", timeout)
            time.sleep(0.02)
        return code

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


@contextmanager
def warm_process(outputs: Path) -> Iterator[Warm]:
    """Start the process; what its children say is kept in a folder."""
    # The developer's own: runs belong into the folder of each command, which is alone.
    foreign = ("BIGMODEL_RUNS", "TF_CONFIG")
    process = subprocess.Popen(
        [sys.executable, __file__],
        env={name: value for name, value in os.environ.items() if name not in foreign},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert json.loads(process.stdout.readline()) == {"ready": True}
    yield Warm(process, outputs)
    process.stdin.close()
    process.wait(timeout=60)


def main() -> None:
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    from bigmodel_cli.modeling.backend import import_tensorflow

    import_tensorflow()
    for name in ("ai_edge_litert.interpreter", "matplotlib.pyplot", "sklearn.metrics"):
        importlib.import_module(name)
    for name in ("inference.predict", "training.train"):
        importlib.import_module(f"bigmodel_cli.{name}")
    importlib.import_module("outlines").outline_plots(set_attribute)

    answer({"ready": True})
    for line in sys.stdin:
        answer(serve(json.loads(line)))


def set_attribute(name: str, value: Any) -> None:
    module, _, attribute = name.rpartition(".")
    setattr(importlib.import_module(module), attribute, value)


def answer(document: dict[str, Any]) -> None:
    sys.__stdout__.write(json.dumps(document) + "\n")
    sys.__stdout__.flush()


def serve(order: dict[str, Any]) -> dict[str, Any]:
    """Run one command in a child, and end it as the order says; begin a launch; or say how one has ended."""
    if "ended" in order:
        done, status = os.waitpid(order["ended"], os.WNOHANG)
        return {"code": os.waitstatus_to_exitcode(status) if done else None}
    began = time.perf_counter()
    child = os.fork()
    if "environment" in order:
        if child == 0:
            run_launch(order)
        return {"pid": child}
    if child == 0:
        run_child(order)
    pending = [(began + after, number) for after, number in order["signals"]]
    limit = began + order["limit"]
    while True:
        done, status = os.waitpid(child, os.WNOHANG)
        now = time.perf_counter()
        if done:
            break
        while pending and now >= pending[0][0]:
            os.kill(child, pending.pop(0)[1])
        if now > limit:
            os.kill(child, signal.SIGKILL)
        time.sleep(0.001)
    code = os.waitstatus_to_exitcode(status)
    return {"code": code, "seconds": now - began, "timed_out": now > limit}


def run_launch(order: dict[str, Any]) -> None:
    """Never returns."""
    enter(order)
    os.environ.update(order["environment"])
    from forked_launch import fork_workers

    code = 1
    try:
        for name, value in order["attributes"].items():
            set_attribute(name, value)
        fork_workers()
        from bigmodel_cli.cli.main import run

        code = run(order["words"])
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def enter(order: dict[str, Any]) -> None:
    """The session, the folder and the output of a command."""
    os.setsid()
    os.chdir(order["folder"])
    # Several processes may write there.
    output = os.open(order["output"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)


def run_child(order: dict[str, Any]) -> None:
    """Never returns."""
    enter(order)
    operations = count_operations(order["die_at_operation"])
    if order["max_file_bytes"] is not None:
        import resource

        # Past this size every write fails, as on a disk that is full; the signal that also comes is ignored.
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (order["max_file_bytes"],) * 2)
    if not order["concludes"]:
        set_attribute("bigmodel_cli.training.train.conclude", leave_as_trial)
    from bigmodel_cli.cli.main import run

    code = 1
    try:
        code = run(order["words"])
    finally:
        Path(f"{order['output']}.operations").write_text(str(operations[0]))
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def leave_as_trial(run: Any, trained: Any, asked: Any, listener: Any, watch: Any, **_: Any) -> None:
    from bigmodel_cli.training.conclusion import conclude_trial

    conclude_trial(run, trained, watch)


def count_operations(die_at: int | None) -> list[int]:
    """Count the changes of what is on the disk: what is brought there, renamed, removed, a new folder.

    Between two of them nothing changes that another process could see after this one was killed, which
    happens right before number `die_at`.
    """
    count = [0]

    def counted(function: Any) -> Any:
        def call(*arguments: Any, **named: Any) -> Any:
            count[0] += 1
            if count[0] == die_at:
                os.kill(os.getpid(), signal.SIGKILL)
            return function(*arguments, **named)

        return call

    for name in ("fsync", "replace", "rename", "unlink", "mkdir"):
        setattr(os, name, counted(getattr(os, name)))
    return count


if __name__ == "__main__":
    main()
