"""Which processes train together, as TF_CONFIG says."""

from __future__ import annotations

import json

import pytest

from bigmodel_cli.cluster.environment import Cluster, find_cluster, is_slurm_step, split_address, tf_config
from bigmodel_cli.errors import UsageError


def read(cluster: object, task: object) -> Cluster | None:
    return find_cluster({"TF_CONFIG": json.dumps({"cluster": cluster, "task": task})})


def test_without_tf_config_a_process_is_alone() -> None:
    assert find_cluster({}) is None
    assert find_cluster({"TF_CONFIG": ""}) is None
    assert read({"worker": ["a:1"]}, {"type": "worker", "index": 0}) is None
    assert read({}, {}) is None


def test_workers() -> None:
    found = read({"worker": ["a:1", "b:2"]}, {"type": "worker", "index": 1})
    assert found == Cluster(("a:1", "b:2"), 1)
    assert not found.is_chief
    assert found.title(0) == "worker 0 (a:1, the chief)"
    assert found.titles([0, 1]) == "worker 0 (a:1, the chief), worker 1 (b:2)"


@pytest.mark.parametrize("chief", ["chief", "master"])
def test_a_chief_comes_first_whatever_the_order_is(chief: str) -> None:
    jobs = {"worker": ["b:2", "c:3"], chief: ["a:1"]}
    assert read(jobs, {"type": chief, "index": 0}) == Cluster(("a:1", "b:2", "c:3"), 0)
    assert read(jobs, {"type": "worker", "index": "1"}) == Cluster(("a:1", "b:2", "c:3"), 2)


def test_what_tf_config_gives_is_read_again() -> None:
    assert find_cluster({"TF_CONFIG": tf_config(["a:1", "b:2"], 1)}) == Cluster(("a:1", "b:2"), 1)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "not readable"),
        ("[]", "not readable"),
        ('{"cluster": {"worker": 3}}', "not readable"),
        (json.dumps({"cluster": {"worker": ["a:1"], "ps": ["b:1"]}}), "the job ps is none that trains"),
        (json.dumps({"cluster": {"worker": ["a", "b:1"]}}), "expected host:port, found 'a'"),
        (json.dumps({"cluster": {"worker": ["a:70000", "b:1"]}}), "expected host:port, found 'a:70000'"),
        (json.dumps({"cluster": {"worker": ["a:1", "b:1"]}}), "task.type is None"),
        (
            json.dumps({"cluster": {"worker": ["a:1", "b:1"]}, "task": {"type": "evaluator", "index": 0}}),
            "task.type is 'evaluator', which the cluster lacks",
        ),
        (
            json.dumps({"cluster": {"worker": ["a:1", "b:1"]}, "task": {"type": "worker", "index": 2}}),
            "task.index is 2, and worker has 2",
        ),
        (
            json.dumps({"cluster": {"worker": ["a:1", "b:1"]}, "task": {"type": "worker", "index": -1}}),
            "task.index is -1",
        ),
    ],
)
def test_what_makes_no_sense_is_said(text: str, says: str) -> None:
    with pytest.raises(UsageError) as caught:
        find_cluster({"TF_CONFIG": text})
    assert caught.value.message.startswith("TF_CONFIG: ")
    assert says in caught.value.message
    assert '"cluster"' in (caught.value.hint or "")


def test_addresses() -> None:
    assert split_address("host.example:29400") == ("host.example", 29400)
    assert split_address("[::1]:80") == ("::1", 80)
    with pytest.raises(ValueError, match="expected host:port"):
        split_address("host:0")


def test_only_several_tasks_of_a_step_are_a_cluster() -> None:
    assert is_slurm_step({"SLURM_STEP_NUM_TASKS": "2", "SLURM_PROCID": "0"})
    assert not is_slurm_step({"SLURM_STEP_NUM_TASKS": "1", "SLURM_PROCID": "0"})
    # The batch script itself.
    assert not is_slurm_step({"SLURM_PROCID": "0", "SLURM_NTASKS": "2"})
