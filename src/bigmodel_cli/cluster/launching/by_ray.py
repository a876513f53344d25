"""Processes on the machines of a Ray cluster, on which Ray Train finds room for them.

Ray starts workers of its own, of which each starts one process of ours and watches it: so a signal, a lost
connection or a crash of TensorFlow ends a process as it would anywhere else. What the processes have to say
and the launcher's signals go by way of a `Desk`.
"""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from bigmodel_cli.cluster.environment import TF_CONFIG, split_address, tf_config
from bigmodel_cli.cluster.failures import is_listening
from bigmodel_cli.cluster.launching.hosts import HERE, Slot, free_ports, require_private
from bigmodel_cli.cluster.launching.processes import Worker, how_it_ended
from bigmodel_cli.cluster.launching.supervisor import PATIENCE_SECONDS, Attempt, Signals
from bigmodel_cli.errors import Interrupted, ResourceError, UsageError

# Ray's word for a cluster of this machine alone, which is made for this launch.
LOCAL = "local"
_AUTO = "auto"
_START = f"`ray start --head` starts one; --ray {LOCAL} makes one of this machine alone"
_LOCKED = "does it ask for a token? then set RAY_AUTH_MODE=token"
_POLL_SECONDS = 0.25
# So long a search for room is silent, and so long it may take.
_ROOM_PATIENCE_SECONDS, _ROOM_SECONDS = 5.0, 300.0
# On as many machines as there are.
_STRATEGY = "SPREAD"
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


def require_ray() -> None:
    """Find out whether Ray is there.

    Raises:
        UsageError: If it is not.
    """
    if importlib.util.find_spec("ray") is None:
        raise UsageError(
            "--ray needs the package ray, which is not installed", hint='pip install "bigmodel-cli[ray]"'
        )


def _require_listening(address: str) -> None:
    """Ray itself tries for two minutes, and then ends the whole process."""
    try:
        split_address(address)
    except ValueError as error:
        raise UsageError(f"--ray {address}: {error}, or {_AUTO}, or {LOCAL}") from None
    if not is_listening(address):
        raise ResourceError(f"--ray {address}: no cluster: nobody answers there", hint=_START)


class RayCluster:
    """A connection to a Ray cluster.

    Args:
        address: As Ray takes it: `local`, `auto` or `host:port`.
        workers: How many processes are to train.
        insecure: Whether machines with public addresses are taken.

    Raises:
        ResourceError: If there is no such cluster.
        UsageError: If one of its machines has a public address.
    """

    def __init__(self, address: str, workers: int, *, insecure: bool) -> None:
        if address not in (LOCAL, _AUTO) and "://" not in address:
            _require_listening(address)
        # Ray tells its makers how it is used unless somebody forbids it.
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        import ray

        self._workers = workers
        options: dict[str, Any] = {}
        if address == LOCAL:
            # Of fewer cores than workers all get their share.
            cores = max(workers, os.cpu_count() or 1)
            options = {"include_dashboard": False, "num_cpus": cores, "_node_ip_address": HERE}
        try:
            ray.init(address, log_to_driver=False, logging_level="ERROR", **options)
        except (ConnectionError, ValueError, RuntimeError) as error:
            raise ResourceError(
                f"--ray {address}: no cluster: {error}", hint=_START if address == _AUTO else _LOCKED
            ) from error
        try:
            require_private(
                "--ray",
                [node["NodeManagerAddress"] for node in ray.nodes() if node["Alive"]],
                insecure=insecure,
            )
        except UsageError:
            self.close()
            raise

    def close(self) -> None:
        """Leave it; one that was made for this launch ends."""
        import ray

        ray.shutdown()

    def attempt(
        self, words: Sequence[str], say: Callable[[str], None], show_result: Callable[[str], None]
    ) -> Attempt:
        """Start a process in each of Ray's workers.

        Args:
            words: What `bigmodel` is to do in each.
            say: Told what happens, and the lines of all.
            show_result: Told the lines that the chief writes to stdout.
        """

        def attempt(environment: Mapping[str, str], signals: Signals) -> int:
            order = {"words": list(words), "environment": dict(environment), "folder": str(Path.cwd())}
            return _OnRay(self._workers, order, say, show_result, signals).run()

        return attempt


class _OnRay:
    """All processes, started once."""

    def __init__(
        self,
        workers: int,
        order: dict[str, Any],
        say: Callable[[str], None],
        show_result: Callable[[str], None],
        signals: Signals,
    ) -> None:
        import ray

        self._count = workers
        self._say = say
        self._show_result = show_result
        self._signals = signals
        self._passed_on = len(signals.received)
        self._desk = ray.remote(num_cpus=0)(Desk).remote()
        self._order = {**order, "desk": self._desk}
        self._resources = {"CPU": 1}
        if ray.cluster_resources().get("GPU", 0) >= workers:
            self._resources["GPU"] = 1
        self._error: Exception | None = None

    def run(self) -> int:
        """Wait for all of them.

        Returns:
            0 if the chief came to its end; else the code of the first process that failed.
        """
        import ray

        self._wait_for_room()
        # In the main thread it would take signals for itself.
        thread = threading.Thread(target=self._fit, name="ray", daemon=True)
        thread.start()
        while thread.is_alive():
            thread.join(_POLL_SECONDS)
            self._pass_on()
            self._show_lines()
        self._show_lines()
        codes: dict[int, int] = ray.get(self._desk.codes.remote())
        ray.kill(self._desk)
        if codes.get(0) == 0:
            return 0
        return self._failed(codes)

    def _failed(self, codes: Mapping[int, int]) -> int:
        """Say who was lost, or failed first; the exit code that this comes to."""
        failures: Mapping[int, Exception] = getattr(self._error, "worker_failures", {})
        # Whoever ended by itself has left its code.
        lost = [f"worker {i}: {_first_line(error)}" for i, error in failures.items() if i not in codes]
        index, code = next(((i, code) for i, code in codes.items() if code), (None, ResourceError.exit_code))
        if lost or index is None:
            self._say(f"Ray lost {'; '.join(lost) or f'a worker: {_first_line(self._error)}'}")
        elif not self._signals.received:
            # Who was told to end has not failed.
            self._say(f"worker {index} {how_it_ended(code)}")
        return code if code > 0 else ResourceError.exit_code

    def _fit(self) -> None:
        from ray.train import FailureConfig, RunConfig, ScalingConfig
        from ray.train.v2.api.data_parallel_trainer import DataParallelTrainer

        with tempfile.TemporaryDirectory(prefix="bigmodel-ray-") as folder:
            try:
                # Its TensorflowTrainer differs in that all of Ray's own processes import TensorFlow too.
                DataParallelTrainer(
                    _work,
                    train_loop_config={"order": self._order},
                    scaling_config=ScalingConfig(
                        num_workers=self._count,
                        use_gpu="GPU" in self._resources,
                        resources_per_worker=self._resources,
                        placement_strategy=_STRATEGY,
                    ),
                    # Nothing is kept there: checkpoints are in the run's folder. Restarts are the launch's.
                    run_config=RunConfig(storage_path=folder, failure_config=FailureConfig(max_failures=0)),
                ).fit()
            except Exception as error:
                self._error = error

    def _pass_on(self) -> None:
        for number in self._signals.received[self._passed_on :]:
            self._passed_on += 1
            self._desk.signal.remote(number)

    def _show_lines(self) -> None:
        import ray

        for index, is_result, line in ray.get(self._desk.lines.remote()):
            if is_result:
                self._show_result(line)
            else:
                self._say(f"[worker {index}] {line}" if index else line)

    def _wait_for_room(self) -> None:
        """Until the cluster has room for all workers; the trainer would wait for ever, and in silence.

        Raises:
            ResourceError: If it takes too long.
            Interrupted: If a signal came: there is nobody yet to pass it on to.
        """
        import ray
        from ray.util.placement_group import placement_group, remove_placement_group

        began, has_said = time.monotonic(), False
        room = placement_group([self._resources] * self._count, strategy=_STRATEGY)
        ready = room.ready()
        try:
            while not ray.wait([ready], timeout=_POLL_SECONDS)[0]:
                waited = time.monotonic() - began
                if self._signals.received:
                    raise Interrupted(self._signals.received[-1])
                if waited > _ROOM_SECONDS:
                    raise ResourceError(
                        f"Ray found no room for {self._count} workers within {_ROOM_SECONDS:g} s",
                        hint=_room(),
                    )
                if waited > _ROOM_PATIENCE_SECONDS and not has_said:
                    self._say(f"waiting for Ray to find room for {self._count} workers; {_room()}")
                    has_said = True
        finally:
            remove_placement_group(room)


def _room() -> str:
    import ray

    total, free = ray.cluster_resources(), ray.available_resources()
    rooms = [
        f"{free.get(kind, 0):g} of its {total[kind]:g} {kind}s" for kind in ("CPU", "GPU") if kind in total
    ]
    return f"{' and '.join(rooms)} are free; each worker takes one"


def _first_line(error: Exception | None) -> str:
    return next(iter(str(error).strip().splitlines()), repr(error))


def _work(config: dict[str, Any]) -> None:
    """What each of Ray's workers does: start a process, and pass on what it says and what it is told."""
    import ray
    import ray.train

    order, context = config["order"], ray.train.get_context()
    desk, index = order["desk"], context.get_world_rank()
    address = f"{ray.util.get_node_ip_address()}:{free_ports(1)[0]}"
    ray.get(desk.begin.remote(index, address))
    while len(found := ray.get(desk.addresses.remote())) < context.get_world_size():
        time.sleep(_POLL_SECONDS)
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
            time.sleep(_POLL_SECONDS)
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
        time.sleep(_POLL_SECONDS)
    return code
