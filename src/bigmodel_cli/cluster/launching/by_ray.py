"""Processes on the machines of a Ray cluster, on which Ray Train finds room for them: the launcher's side."""

from __future__ import annotations

import importlib.util
import os
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bigmodel_cli.cluster.environment import split_address
from bigmodel_cli.cluster.failures import is_listening
from bigmodel_cli.cluster.launching.hosts import HERE, require_private
from bigmodel_cli.cluster.launching.ray_worker import POLL_SECONDS, Desk, work
from bigmodel_cli.cluster.launching.supervisor import Attempt, Signals
from bigmodel_cli.errors import Interrupted, ResourceError, UsageError
from bigmodel_cli.native_crash import crash_advice, how_it_ended

# Ray's word for a cluster of this machine alone, which is made for this launch.
LOCAL = "local"
_AUTO = "auto"
_START = f"`ray start --head` starts one; --ray {LOCAL} makes one of this machine alone"
_LOCKED = "does it ask for a token? then set RAY_AUTH_MODE=token"
# So long a search for room is silent, and so long it may take.
_ROOM_PATIENCE_SECONDS, _ROOM_SECONDS = 5.0, 300.0
# On as many machines as there are.
_STRATEGY = "SPREAD"


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
            thread.join(POLL_SECONDS)
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
            if advice := crash_advice(code, self._order["environment"]):
                self._say(advice)
        return code if code > 0 else ResourceError.exit_code

    def _fit(self) -> None:
        from ray.train import FailureConfig, RunConfig, ScalingConfig
        from ray.train.v2.api.data_parallel_trainer import DataParallelTrainer

        with tempfile.TemporaryDirectory(prefix="bigmodel-ray-") as folder:
            try:
                # Its TensorflowTrainer differs in that all of Ray's own processes import TensorFlow too.
                DataParallelTrainer(
                    work,
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
        for number in self._signals.to_pass_on():
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
            while not ray.wait([ready], timeout=POLL_SECONDS)[0]:
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
