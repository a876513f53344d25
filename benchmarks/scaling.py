"""The formula of docs/scaling.md beside what is measured: replicas on logical devices, and two processes.

    python benchmarks/scaling.py [ROUNDS]

What a replica takes for its part of the batch, and what an exchange takes, are measured by themselves; from
both follows how long a step of all replicas should take; then that step is measured. All replicas share the
cores of this machine, so that none of them is faster than one: what is tested is the formula. TensorFlow's
ports are open while this runs; a network of its own keeps others out:

    unshare --net sh -c 'ip link set lo up && python benchmarks/scaling.py'
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from processes import bigmodel, run

from bigmodel_cli.cluster.environment import TF_CONFIG, find_cluster, tf_config
from bigmodel_cli.cluster.launching.hosts import slots_here
from bigmodel_cli.modeling.backend import import_tensorflow
from bigmodel_cli.modeling.devices import choose_device
from bigmodel_cli.modeling.replicas.distribution import Distribution, distribute, sum_over_replicas

BATCH, STEPS = 256, 48
CONFIG = f"""\
name: scaling
data:
  source: {{synthetic: {{shape: [28, 28, 1], num_classes: 10, num_examples: {BATCH * STEPS}}}}}
  batch_size: {BATCH}
  validation: 0
  test: 0.01
model:
  - Conv2D: {{filters: 32, kernel_size: 3, activation: relu}}
  - MaxPooling2D
  - Conv2D: {{filters: 64, kernel_size: 3, activation: relu}}
  - MaxPooling2D
  - Flatten
  - Dense: {{units: 512, activation: relu}}
  - Dense: {{units: num_classes, activation: softmax}}
loss: CategoricalCrossentropy
optimizer: Adam
training: {{epochs: 4, precision: float32, jit_compile: false, steps_per_execution: 8}}
"""
SMALL, LARGE = 1, 2**20
THREADS = "TF_NUM_INTRAOP_THREADS"


@dataclass(frozen=True)
class Step:
    """A training step, measured.

    Attributes:
        seconds: What it took.
        parameters: Of the model.
    """

    seconds: float
    parameters: int


@dataclass(frozen=True)
class Exchange:
    """What the sum of a tensor over all replicas takes, measured.

    Attributes:
        replicas: How many.
        small: Seconds for one number.
        large: Seconds for `LARGE` of them.
    """

    replicas: int
    small: float
    large: float

    def seconds(self, parameters: int) -> float:
        """What the gradients of so many parameters should take."""
        return self.small + (self.large - self.small) * parameters / LARGE

    @property
    def bandwidth(self) -> float:
        """Bytes per second, as the formula counts them."""
        return 2 * (self.replicas - 1) / self.replicas * 4 * LARGE / (self.large - self.small)


def main() -> None:
    if len(sys.argv) > 2:
        print(json.dumps(measure_exchange(sys.argv[2])))
        return
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    print("                 part of batch   exchange  predicted   measured  ratio   latency    bandwidth")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "scaling.yaml").write_text(CONFIG)
        for replicas in (2, 4, 8):
            device = f"cpu:0-{replicas - 1}"
            works = (
                lambda replicas=replicas: train(folder, part_of_batch(replicas)),
                lambda device=device: train(folder, f"training.device={device}"),
                lambda device=device, replicas=replicas: exchange_here(folder, device, replicas),
            )
            alone, together, exchange = in_turns(works, rounds)
            # They share the cores: what one takes they take one after the other.
            show(f"{replicas} devices", replicas, alone, exchange, together)
        works = (lambda: two_alone(folder), lambda: launch(folder), lambda: exchange_of_processes(folder))
        alone, together, exchange = in_turns(works, rounds)
        show("2 processes", 1, alone, exchange, together)


def in_turns(works: Sequence[Callable[[], Any]], rounds: int) -> list[list[Any]]:
    """What each of them measures, in so many rounds."""
    measured: list[list[Any]] = [[] for _ in works]
    for _ in range(rounds):
        for values, work in zip(measured, works, strict=True):
            values.append(work())
    return measured


def show(name: str, times: int, alone: list[Step], exchanges: list[Exchange], together: list[Step]) -> None:
    compute = times * statistics.median(step.seconds for step in alone)
    parameters = alone[0].parameters
    exchange = statistics.median(exchange.seconds(parameters) for exchange in exchanges)
    measured = statistics.median(step.seconds for step in together)
    latency = statistics.median(exchange.small for exchange in exchanges)
    bandwidth = statistics.median(exchange.bandwidth for exchange in exchanges)
    columns = [1e3 * seconds for seconds in (compute, exchange, compute + exchange, measured)]
    print(f"{name:<16}" + "".join(f"{value:8.1f} ms" for value in columns), end="")
    print(
        f"{measured / (compute + exchange):7.2f}{1e3 * latency:7.2f} ms{bandwidth / 1e9:8.2f} GB/s",
        flush=True,
    )


# Training.


def part_of_batch(replicas: int) -> str:
    return f"data.batch_size={BATCH // replicas}"


def train(folder: Path, *words: str, before: Sequence[str] = (), runs: str = "runs") -> Step:
    """A step of a whole training without its first epoch."""
    bigmodel(*before, "train", "scaling.yaml", "--runs-dir", runs, *words, folder=folder)
    newest = max((folder / runs / "scaling").iterdir())
    record = json.loads((newest / "run.json").read_text())
    batch = next((int(word.partition("=")[2]) for word in words if "batch_size" in word), BATCH)
    return Step(batch / record["throughput"]["examples_per_second"], record["parameters"])


def launch(folder: Path) -> Step:
    return train(folder, before=("launch", "--workers", "2", "--"))


def two_alone(folder: Path) -> Step:
    """Two processes at once that know nothing of each other, each with half of the cores and of the batch."""
    os.environ[THREADS] = str(max(1, (os.cpu_count() or 1) // 2))
    try:
        with ThreadPoolExecutor(2) as pool:
            steps = list(pool.map(lambda i: in_own_folder(folder / f"process{i}"), range(2)))
    finally:
        del os.environ[THREADS]
    return max(steps, key=lambda step: step.seconds)


def in_own_folder(folder: Path) -> Step:
    folder.mkdir(exist_ok=True)
    (folder / "scaling.yaml").write_text(CONFIG)
    return train(folder, part_of_batch(2))


# Exchanges, each measured in processes of its own.


def exchange_here(folder: Path, device: str, replicas: int) -> Exchange:
    return Exchange(replicas, *run([sys.executable, __file__, "exchange", device], folder).last_line)


def exchange_of_processes(folder: Path) -> Exchange:
    addresses = [slot.address for slot in slots_here(2)]
    command = [sys.executable, __file__, "exchange", "cpu"]

    def one(index: int) -> Any:
        own = folder / f"process{index}"
        own.mkdir(exist_ok=True)
        variables = [f"{TF_CONFIG}={tf_config(addresses, index)}", f"{THREADS}=1"]
        return run(["env", *variables, *command], own).last_line

    with ThreadPoolExecutor(2) as pool:
        return Exchange(2, *max(pool.map(one, range(2))))


def measure_exchange(device: str) -> list[float]:
    """Seconds of the sum of a small and of a large tensor over all replicas."""
    distribution = distribute(choose_device(device), find_cluster(os.environ))
    return [seconds_of_sum(distribution, size) for size in (SMALL, LARGE)]


def seconds_of_sum(distribution: Distribution, size: int) -> float:
    tf = import_tensorflow()

    @tf.function(autograph=False)
    def exchange(tensor: Any) -> Any:
        return distribution.run(lambda tensor: sum_over_replicas([tensor])[0], tensor)

    tensor, times = tf.ones([size]), []
    for _ in range(30):
        began = time.perf_counter()
        exchange(tensor)[0].numpy()
        times.append(time.perf_counter() - began)
    # The first calls compile.
    return statistics.median(times[5:])


if __name__ == "__main__":
    main()
