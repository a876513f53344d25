"""Two processes with the variables that `srun` would give them."""

from __future__ import annotations

import pytest

from .conftest import Bench, require_namespace

pytestmark = [pytest.mark.tf, pytest.mark.slow]


def test_two_tasks_of_a_step_train_together(bench: Bench) -> None:
    variables = {
        "SLURM_STEP_NUM_TASKS": "2",
        "SLURM_STEP_NODELIST": "localhost",
        "SLURM_STEP_TASKS_PER_NODE": "2",
    }
    task = 'SLURM_PROCID=%d SLURM_LOCALID=%d "$@"'
    both = f"ip link set lo up && ({task % (1, 1)} & {task % (0, 0)}; code=$?; wait; exit $code)"
    require_namespace()
    run = bench.start(
        "train", "replicas.yaml", "training.epochs=1", "--plain",
        before=["unshare", "--net", "sh", "-c", both, "sh"], **variables,
    ).end()  # fmt: skip
    assert run.code == 0, run.said
    assert run.record["status"] == "completed"
    assert run.record["plan"]["processes"] == 2
    assert "replicas: 2, each gets 8 of the 16 examples of a batch" in run.said
