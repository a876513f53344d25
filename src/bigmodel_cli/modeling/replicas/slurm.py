"""The processes that `srun` has started."""

from __future__ import annotations

import os
import subprocess

from bigmodel_cli.cluster.environment import DEFAULT_PORT, Cluster
from bigmodel_cli.errors import UsageError
from bigmodel_cli.modeling.backend import import_tensorflow

PORT = "BIGMODEL_PORT"
_ENOUGH = 1024


def slurm_cluster() -> Cluster:
    """The processes of this job step, as TensorFlow's resolver reads SLURM's variables.

    Raises:
        UsageError: If they cannot be read.
    """
    tf = import_tensorflow()
    port = int(os.environ.get(PORT, DEFAULT_PORT))
    try:
        # It would deal GPUs too, and ask how many there are; that is SLURM's affair (--gpus-per-task).
        resolver = tf.distribute.cluster_resolver.SlurmClusterResolver(
            port_base=port, gpus_per_node=_ENOUGH, gpus_per_task=1, auto_set_gpu=False
        )
        (addresses,) = resolver.cluster_spec().as_dict().values()
        _, index = resolver.get_task_info()
    except (KeyError, ValueError, RuntimeError, OSError, subprocess.SubprocessError) as error:
        raise UsageError(
            f"the processes of this SLURM step cannot be found out: {error!r}",
            hint="start them with srun; or set TF_CONFIG by hand",
        ) from error
    return Cluster(tuple(addresses), int(index))
