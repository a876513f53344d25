"""Where the replicas of a model are, and what their processes agree on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np

from bigmodel_cli.cluster.environment import Cluster
from bigmodel_cli.modeling.backend import import_tensorflow
from bigmodel_cli.modeling.devices import Device
from bigmodel_cli.modeling.replicas.workers import start_workers
from bigmodel_cli.pipeline.dealing import Dealing


class Distribution:
    """The replicas of a model, on one or several devices, in one or several processes.

    Of a single replica no strategy of TensorFlow stands between a model and its step.

    Args:
        strategy: A synchronous `tf.distribute.Strategy`; None: a single replica.
        cluster: The processes; None: this one alone.

    Attributes:
        cluster: The processes; None: this one alone.
        num_replicas: How many there are, in all processes.
        dealing: How a batch is dealt to them; None where there is one.
    """

    def __init__(self, strategy: Any = None, cluster: Cluster | None = None) -> None:
        self._strategy = strategy
        self.cluster = cluster
        self.num_replicas: int = 1
        self.dealing: Dealing | None = None
        self._exchange: Any = None
        if strategy is not None:
            self.num_replicas = strategy.num_replicas_in_sync
            num_local = len(strategy.extended.worker_devices)
            first = 0 if cluster is None else cluster.index * num_local
            self.dealing = Dealing(self.num_replicas, first, num_local)

    @property
    def is_single(self) -> bool:
        return self._strategy is None

    @property
    def is_chief(self) -> bool:
        """Whether this process writes what is to be written."""
        return self.cluster is None or self.cluster.is_chief

    def everyones(self, values: Sequence[float]) -> np.ndarray:
        """Numbers of each process, known to all of them; all have to ask at the same point of their work.

        Args:
            values: This process's, as many as the others have.

        Returns:
            float64 of shape (processes, values).
        """
        own = np.asarray(values, np.float64)
        if self.cluster is None:
            return own[np.newaxis]
        table = np.zeros((len(self.cluster.addresses), len(own)))
        table[self.cluster.index] = own
        return self._summed(table)

    def chiefs(self, value: float) -> float:
        """A number as the chief has it; all have to ask."""
        return float(self.everyones([value])[0, 0])

    def chiefs_text(self, text: str) -> str:
        """A text as the chief has it; all have to ask."""
        if self.cluster is None:
            return text
        (length,) = self.everyones([len(text.encode())])[0]
        own = text.encode()[: int(length)].ljust(int(length)) if self.is_chief else bytes(int(length))
        return bytes(self.everyones(list(own))[0].astype(np.uint8)).decode()

    def wait(self) -> None:
        """Until all processes are here."""
        self.everyones([0.0])

    def _summed(self, table: np.ndarray) -> np.ndarray:
        tf = import_tensorflow()
        if self._exchange is None:
            self._exchange = tf.function(self._sum_of_processes, autograph=False, reduce_retracing=True)
        summed: np.ndarray = self._exchange(tf.constant(table)).numpy()
        return summed

    def _sum_of_processes(self, table: Any) -> Any:
        tf = import_tensorflow()
        assert self.dealing is not None
        first = self.dealing.first

        def own(table: Any) -> Any:
            # A process's numbers count once, whatever number of replicas it has.
            counted = tf.where(replica_number() == first, table, tf.zeros_like(table))
            return sum_over_replicas([counted])[0]

        return self.run(own, table)

    def scope(self) -> AbstractContextManager[Any]:
        """Variables that are made inside have a copy on each device."""
        return nullcontext() if self._strategy is None else self._strategy.scope()

    def run(self, step: Callable[..., Any], *arguments: Any) -> Any:
        """Run a step on every replica, inside a graph.

        Args:
            step: Gives one tensor, which must be the same on all replicas.
            arguments: The same for all.
        """
        if self._strategy is None:
            return step(*arguments)
        results = self._strategy.run(step, args=arguments)
        return self._strategy.experimental_local_results(results)[0]


SINGLE = Distribution()


def distribute(device: Device, cluster: Cluster | None = None) -> Distribution:
    """A replica for each of the devices that were chosen, in each of the processes, which have met.

    Of several processes this must be TensorFlow's first work.
    """
    if cluster is not None:
        return Distribution(start_workers(cluster, is_gpu=device.is_gpu), cluster)
    if device.replicas == 1:
        return SINGLE
    tf = import_tensorflow()
    kind = "GPU" if device.is_gpu else "CPU"
    # Other devices are hidden, and those that are left are counted anew.
    return Distribution(tf.distribute.MirroredStrategy([f"{kind}:{i}" for i in range(device.replicas)]))


def replica_number() -> Any:
    """The number of the replica that a step runs on, as an int32 tensor."""
    tf = import_tensorflow()
    return tf.cast(tf.distribute.get_replica_context().replica_id_in_sync_group, tf.int32)


def sum_over_replicas(tensors: Sequence[Any]) -> list[Any]:
    """The sum of each tensor over all replicas, on each of them; gradients flow back through it."""
    tf = import_tensorflow()
    summed = tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, list(tensors))
    return list(summed)
