"""Which process of a cluster is gone, from what TensorFlow raises in the others."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from bigmodel_cli.cluster.environment import Cluster, split_address
from bigmodel_cli.errors import ResourceError

# What operations over several processes end with, and what else these errors say is then of no use.
_ERRORS = frozenset(
    {
        "UnavailableError",
        "AbortedError",
        "DeadlineExceededError",
        "CancelledError",
        "InternalError",
        "UnknownError",
    }
)
_TASK = re.compile(r"/job:worker/replica:\d+/task:(?P<task>\d+)")
_OF_PEERS = re.compile(r"collective|peer|worker|connect|task:\d|socket|heartbeat|RPC", re.IGNORECASE)
_PROBE_SECONDS = 2.0


@contextmanager
def naming_lost(cluster: Cluster | None) -> Iterator[None]:
    """Say in a user's words that another process is gone, and which.

    Args:
        cluster: All processes; None: there is only this one.

    Raises:
        ResourceError: If one is lost.
    """
    try:
        yield
    except Exception as error:
        if cluster is None or not _is_of_peers(error):
            raise
        raise ResourceError(
            f"{_who(cluster, error)}; no process can go on alone",
            hint="look at its output for the reason; all of them have to start again",
        ) from error


def _is_of_peers(error: Exception) -> bool:
    return type(error).__name__ in _ERRORS and bool(_OF_PEERS.search(str(error)))


def _who(cluster: Cluster, error: Exception) -> str:
    others = [index for index in range(len(cluster.addresses)) if index != cluster.index]
    gone = [index for index in others if not is_listening(cluster.addresses[index])]
    if gone:
        return f"lost: {cluster.titles(gone)}"
    # Who is stopped, or cut off, still seems to listen.
    named = [index for index in others if index in _named(cluster, error)]
    return f"no answer from {cluster.titles(named or others)}"


def _named(cluster: Cluster, error: Exception) -> set[int]:
    """The processes that an error mentions."""
    return {
        int(match["task"])
        for match in _TASK.finditer(str(error))
        if int(match["task"]) < len(cluster.addresses)
    }


def is_listening(address: str) -> bool:
    """Whether somebody answers at `host:port`."""
    try:
        socket.create_connection(split_address(address), timeout=_PROBE_SECONDS).close()
    except OSError:
        return False
    return True
