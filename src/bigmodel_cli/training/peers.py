"""The processes that train one run together: all of them compute, the chief alone writes."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bigmodel_cli import __version__
from bigmodel_cli.cluster.environment import Cluster, find_cluster, is_slurm_step
from bigmodel_cli.cluster.rendezvous import meet
from bigmodel_cli.config.dump import to_yaml
from bigmodel_cli.config.schema import Experiment
from bigmodel_cli.listener import Listener
from bigmodel_cli.modeling.devices import Device
from bigmodel_cli.modeling.replicas.slurm import slurm_cluster
from bigmodel_cli.pipeline.splits import Splits

# Callbacks that write where the chief's do, and change nothing in training.
_WRITERS = frozenset(
    {"BackupAndRestore", "CSVLogger", "ModelCheckpoint", "OrbaxCheckpoint", "RemoteMonitor", "TensorBoard"}
)


@dataclass(frozen=True)
class Peers:
    """The processes, and how long each of them waits for the others to start.

    Attributes:
        cluster: All of them.
        start_seconds: From where a process has its data on.
    """

    cluster: Cluster
    start_seconds: float

    def meet(self, experiment: Experiment, splits: Splits, device: Device, listener: Listener) -> None:
        """Wait for the others, and find out whether all are about to do the same.

        Raises:
            ResourceError: If one is missing, or has another config, other data or other devices.
        """
        import keras
        import tensorflow as tf

        introduction = {
            "bigmodel": __version__,
            "tensorflow": tf.__version__,
            "keras": keras.__version__,
            "processes": len(self.cluster.addresses),
            "devices": f"{device.replicas} × {'gpu' if device.is_gpu else 'cpu'}",
            "config": _digest(to_yaml(experiment)),
            **{f"{name} split": part.fingerprint()[:12] for name, part in splits.parts.items()},
        }
        meet(self.cluster, introduction, seconds=self.start_seconds, say=listener.say)


def find_peers(start_seconds: float) -> Peers | None:
    """The processes that this one trains with, as `TF_CONFIG` or SLURM says; None where it is alone.

    Raises:
        UsageError: If what they say makes no sense.
    """
    cluster = find_cluster(os.environ)
    if cluster is None and is_slurm_step(os.environ):
        cluster = slurm_cluster()
    return None if cluster is None else Peers(cluster, start_seconds)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def without_writers(callbacks: Sequence[Any]) -> list[Any]:
    """The callbacks of a process that writes nothing: those that do are replaced, so that the others keep
    their places."""
    import keras

    return [
        keras.callbacks.Callback() if type(callback).__name__ in _WRITERS else callback
        for callback in callbacks
    ]
