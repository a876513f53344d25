"""Which process is lost, from what TensorFlow raises in the others."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from bigmodel_cli.cluster.environment import Cluster
from bigmodel_cli.cluster.failures import naming_lost
from bigmodel_cli.cluster.launching.hosts import slots_here
from bigmodel_cli.errors import ResourceError


class UnavailableError(Exception):
    """As TensorFlow calls it."""


class InvalidArgumentError(Exception):
    """The same."""


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    """Three processes, of which this is the second, and the third one alone listens."""
    addresses = tuple(slot.address for slot in slots_here(3))
    with socket.create_server(("127.0.0.1", int(addresses[2].split(":")[1]))):
        yield Cluster(addresses, 1)


def raised(cluster: Cluster | None, error: Exception) -> ResourceError:
    with pytest.raises(ResourceError) as caught, naming_lost(cluster):
        raise error
    assert caught.value.__cause__ is error
    return caught.value


def test_who_does_not_listen_is_lost(cluster: Cluster) -> None:
    error = raised(cluster, UnavailableError("Collective ops is aborted by: connection reset by peer"))
    assert error.message == (
        f"lost: worker 0 ({cluster.addresses[0]}, the chief); no process can go on alone"
    )
    assert error.hint == "look at its output for the reason; all of them have to start again"


def test_who_listens_and_is_named_gives_no_answer(cluster: Cluster) -> None:
    others = Cluster((cluster.addresses[2], cluster.addresses[1], cluster.addresses[2]), 1)
    error = raised(others, UnavailableError("/job:worker/replica:0/task:2: heartbeat timed out"))
    assert error.message.startswith(f"no answer from worker 2 ({cluster.addresses[2]});")
    error = raised(others, UnavailableError("a peer is gone"))
    assert error.message.startswith("no answer from worker 0 (")
    assert "worker 2 (" in error.message


@pytest.mark.parametrize(
    "error",
    [
        InvalidArgumentError("collective of another shape"),
        UnavailableError("the moon"),
        ValueError("peer"),
    ],
)
def test_other_errors_stay_what_they_are(cluster: Cluster, error: Exception) -> None:
    with pytest.raises(type(error)), naming_lost(cluster):
        raise error


def test_a_single_process_loses_nobody() -> None:
    with pytest.raises(UnavailableError), naming_lost(None):
        raise UnavailableError("connection reset by peer")
