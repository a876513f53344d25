"""Where the replicas of a model are, and what their processes agree on."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from typing import Any

import numpy as np

from bigmodel_cli.cluster.environment import Cluster
from bigmodel_cli.errors import DivergedError
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
        self._readers: dict[tuple[int, ...], Any] = {}
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
        own = os.fsencode(text)
        length = int(self.chiefs(len(own)))
        letters = self.everyones(list(own if self.is_chief else bytes(length)))[0]
        return os.fsdecode(bytes(letters.astype(np.uint8)))

    def wait(self) -> None:
        """Until all processes are here."""
        self.everyones([0.0])

    @contextmanager
    def parting(self) -> Iterator[None]:
        """All processes do the block, and none of them ends while another one needs it.

        A process that has its part of an exchange may be gone before another one has its own. So the last
        exchange of all is one that nobody needs; by then everybody has had those before it.
        """
        try:
            yield
        except DivergedError:
            # It comes to all of them.
            self._part()
            raise
        self._part()

    def _part(self) -> None:
        if self.cluster is not None:
            with suppress(import_tensorflow().errors.OpError):
                self.wait()

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

    def read(self, variables: Sequence[Any]) -> list[np.ndarray]:
        """The values of variables; those that replicas count for themselves are added up, in one exchange.

        All processes have to ask at the same point of their work.
        """
        if self._strategy is None:
            return [np.asarray(variable) for variable in variables]
        counted = [v for v in variables if v.synchronization == "on_read"]
        key = tuple(map(id, counted))
        if counted and key not in self._readers:
            tf = import_tensorflow()
            self._readers[key] = tf.function(
                lambda: self.run(lambda: sum_over_replicas([tf.convert_to_tensor(v) for v in counted])),
                autograph=False,
            )
        sums = iter(self._readers[key]() if counted else ())
        return [next(sums).numpy() if v.synchronization == "on_read" else v.numpy() for v in variables]

    def run(self, step: Callable[..., Any], *arguments: Any) -> Any:
        """Run a step on every replica, inside a graph.

        Args:
            step: Gives a tensor, or a list of them, each of which must be the same on all replicas.
            arguments: The same for all.
        """
        if self._strategy is None:
            return step(*arguments)
        tf = import_tensorflow()
        results = self._strategy.run(step, args=arguments)
        return tf.nest.map_structure(
            lambda result: self._strategy.experimental_local_results(result)[0], results
        )


SINGLE = Distribution()
# Larger packs would only cost memory.
_PACK_BYTES = 32 * 2**20


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
    """The sum of each tensor over all replicas, on each of them; gradients flow back through it.

    Between processes each exchange takes a millisecond or more, whatever its size, and TensorFlow makes one
    for each tensor; so they travel together.
    """
    tf = import_tensorflow()
    summed: dict[int, Any] = {}
    for numbers in _packs(tensors):
        found = _sum([tf.reshape(tensors[number], [-1]) for number in numbers])
        for number, flat in zip(numbers, found, strict=True):
            summed[number] = tf.reshape(flat, tf.shape(tensors[number]))
    sparse = [number for number in range(len(tensors)) if number not in summed]
    if sparse:
        context = tf.distribute.get_replica_context()
        summed |= zip(
            sparse, context.all_reduce(tf.distribute.ReduceOp.SUM, [tensors[n] for n in sparse]), strict=True
        )
    return [summed[number] for number in range(len(tensors))]


def _sum(flat: Sequence[Any]) -> list[Any]:
    tf = import_tensorflow()
    context = tf.distribute.get_replica_context()
    together = context.all_reduce(
        tf.distribute.ReduceOp.SUM, tf.concat(flat, 0) if len(flat) > 1 else flat[0]
    )
    return tf.split(together, [tf.size(part) for part in flat]) if len(flat) > 1 else [together]


def _packs(tensors: Sequence[Any]) -> list[list[int]]:
    """Which dense tensors travel together: of one dtype, and not too many bytes."""
    tf = import_tensorflow()
    packs: dict[Any, list[list[int]]] = {}
    filled: dict[Any, int] = {}
    for number, tensor in enumerate(tensors):
        if isinstance(tensor, tf.IndexedSlices):
            continue
        num_bytes = tensor.dtype.size * (tensor.shape.num_elements() or 1)
        of_dtype = packs.setdefault(tensor.dtype, [])
        if not of_dtype or filled[tensor.dtype] + num_bytes > _PACK_BYTES:
            of_dtype.append([])
            filled[tensor.dtype] = 0
        of_dtype[-1].append(number)
        filled[tensor.dtype] += num_bytes
    return [pack for of_dtype in packs.values() for pack in of_dtype]
