"""Processes on the machines of a Ray cluster: the side of Ray's workers.

Each of them starts one process of ours and watches it: so a signal, a lost connection or a crash of
TensorFlow ends a process as it would anywhere else. What the processes have to say and the signals of the
launcher go by way of a `Desk`.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from functools import partial
from typing import Any

from bigmodel_cli.cluster.environment import TF_CONFIG, tf_config
from bigmodel_cli.cluster.launching.hosts import HERE, Slot, free_ports
from bigmodel_cli.cluster.launching.processes import Worker
from bigmodel_cli.cluster.launching.supervisor import PATIENCE_SECONDS

POLL_SECONDS = 0.25
_OUTPUT_SECONDS = 10.0


class Desk:
    """An actor where the launcher and the workers leave each other words."""

    def __init__(self) -> None:
        self._lines: list[tuple[int, bool, str]] = []
        self._signals: list[int] = []
        self._addresses: dict[int, str] = {}
        self._codes: dict[int, int] = {}

    def begin(self, index: int, address: str) -> None:
        """A worker has found room, and its process can be reached at `host:port`."""
        self._addresses[index] = address

    def addresses(self) -> dict[int, str]:
        """Of the workers that have found room."""
        return self._addresses

    def say(self, index: int, is_result: bool, line: str) -> None:
        """A worker's process has written a line; results are what goes to stdout."""
        self._lines.append((index, is_result, line))

    def end(self, index: int, code: int) -> None:
        """A worker's process has ended."""
        self._codes[index] = code

    def signal(self, number: int) -> None:
        """The launcher has received a signal."""
        self._signals.append(number)

    def signals(self) -> list[int]:
        """All signals so far."""
        return self._signals

    def codes(self) -> dict[int, int]:
        """Exit codes in the order in which processes ended."""
        return self._codes

    def lines(self) -> list[tuple[int, bool, str]]:
        """Those since the last call."""
        lines, self._lines = self._lines, []
        return lines


def work(config: dict[str, Any]) -> None:
    """What each of Ray's workers does: start a process, and pass on what it says and what it is told."""
    import ray
    import ray.train

    order, context = config["order"], ray.train.get_context()
    desk, index = order["desk"], context.get_world_rank()
    address = f"{ray.util.get_node_ip_address()}:{free_ports(1)[0]}"
    ray.get(desk.begin.remote(index, address))
    while len(found := ray.get(desk.addresses.remote())) < context.get_world_size():
        time.sleep(POLL_SECONDS)
    addresses = [found[number] for number in range(len(found))]
    os.chdir(order["folder"])
    worker = Worker(
        index,
        Slot(HERE, context.get_local_rank(), context.get_local_world_size(), address),
        order["words"],
        {**order["environment"], TF_CONFIG: tf_config(addresses, index)},
        stdout=partial(desk.say.remote, index, True) if index == 0 else subprocess.DEVNULL,
        stderr=partial(desk.say.remote, index, False),
    )
    try:
        code = _watch(worker, desk)
        worker.wait_for_lines(_OUTPUT_SECONDS)
        ray.get(desk.end.remote(index, code))
    finally:
        worker.kill()
    if code:
        # Ray ends the others as soon as it hears of this one; they may have something to save, and to say.
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline and len(ray.get(desk.codes.remote())) < len(addresses):
            time.sleep(POLL_SECONDS)
        raise RuntimeError(f"{worker.title} ended with {code}")


def _watch(worker: Worker, desk: Any) -> int:
    """Pass signals on until the process has ended."""
    import ray

    passed_on = 0
    while (code := worker.code()) is None:
        try:
            received = ray.get(desk.signals.remote())
        except ray.exceptions.RayError:
            # The launcher is gone.
            received = [signal.SIGTERM] * (passed_on + 1)
        for number in received[passed_on:]:
            worker.signal(number)
        passed_on = len(received)
        time.sleep(POLL_SECONDS)
    return code
