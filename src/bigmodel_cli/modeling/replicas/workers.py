"""TensorFlow's strategy for several processes, started so that it cannot wait for ever."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from bigmodel_cli.cluster.environment import TF_CONFIG, Cluster, tf_config
from bigmodel_cli.errors import ResourceError
from bigmodel_cli.modeling.backend import import_tensorflow

# All processes have met: what remains is to open connections.
_START_SECONDS = 60.0


def start_workers(cluster: Cluster, *, is_gpu: bool) -> Any:
    """The strategy of one process among several; the process ends if the others do not answer in a minute.

    Args:
        cluster: All of them.
        is_gpu: Whether GPUs are used, whose own library for exchanging tensors is faster.
    """
    tf = import_tensorflow()
    kinds = tf.distribute.experimental.CommunicationImplementation
    options = tf.distribute.experimental.CommunicationOptions(
        implementation=kinds.NCCL if is_gpu else kinds.RING
    )
    # In one form, whoever has told it: then TensorFlow's errors number the processes as we do.
    os.environ[TF_CONFIG] = tf_config(cluster.addresses, cluster.index)
    with _within(_START_SECONDS, cluster), _keeping_signals():
        return tf.distribute.MultiWorkerMirroredStrategy(communication_options=options)


@contextmanager
def _keeping_signals() -> Iterator[None]:
    """TensorFlow takes SIGTERM for itself, as the warning of a machine that will be gone, for nothing."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread():
            for number, handler in handlers.items():
                signal.signal(number, handler)


@contextmanager
def _within(seconds: float, cluster: Cluster) -> Iterator[None]:
    """End the process if the block takes longer: nothing else stops TensorFlow where it waits."""

    def end() -> None:
        others = [index for index in range(len(cluster.addresses)) if index != cluster.index]
        message = f"error: TensorFlow found no way to {cluster.titles(others)} within {seconds:g} s"
        os.write(sys.stderr.fileno(), f"{message}\n".encode())
        os._exit(ResourceError.exit_code)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
