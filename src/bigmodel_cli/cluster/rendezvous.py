"""All processes meet before TensorFlow starts: its own start waits for peers for ever, deaf to signals.

The others report to the chief, at the very port that TensorFlow will use, and the chief lets all go at once.
As long as one is missing, both sides know who it is.
"""

from __future__ import annotations

import json
import selectors
import socket
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from typing import Any

from bigmodel_cli.cluster.environment import Cluster, split_address
from bigmodel_cli.errors import ResourceError

_POLL_SECONDS = 0.2
# A line of either side is shorter.
_MOST_BYTES = 65536
# After the chief has given up it still has to tell.
_GRACE_SECONDS = 5.0
# So long a start is silent.
_PATIENCE_SECONDS = 5.0

Message = Mapping[str, Any]


def meet(
    cluster: Cluster,
    introduction: Message,
    *,
    seconds: float,
    say: Callable[[str], None],
) -> None:
    """Wait until all processes are there.

    Args:
        cluster: Who is expected.
        introduction: What must be the same in all processes, as JSON.
        seconds: How long to wait.
        say: Told who is waited for, if it takes a while.

    Raises:
        ResourceError: If one is missing when the time is over, or something is not the same in all.
    """
    waiting = _Waiting(seconds, say)
    if cluster.is_chief:
        _Chief(cluster, introduction).gather(waiting)
    else:
        _report(cluster, introduction, waiting)


class _Waiting:
    """Waits in silence, then says for whom, then gives up."""

    def __init__(self, seconds: float, say: Callable[[str], None]) -> None:
        self._seconds = seconds
        self._say = say
        self._began = time.monotonic()
        self._has_said = False

    @property
    def left(self) -> float:
        """Seconds to the end."""
        return self._began + self._seconds - time.monotonic()

    def go_on(self, who: str, what: str) -> None:
        """Called again and again while somebody is missing.

        Raises:
            ResourceError: If the time is over; says who it is, and what was not done.
        """
        if self.left < 0:
            raise ResourceError(
                f"{who} did not {what} within {self._seconds:g} s",
                hint="look at its output; is its address right, and its port open?",
            )
        if not self._has_said and time.monotonic() - self._began > _PATIENCE_SECONDS:
            self._say(f"waiting for {who}")
            self._has_said = True


class _Chief:
    """Gathers the others."""

    def __init__(self, cluster: Cluster, introduction: Message) -> None:
        self._cluster = cluster
        self._introduction = dict(introduction)
        self._there: dict[int, socket.socket] = {}

    def gather(self, waiting: _Waiting) -> None:
        with ExitStack() as stack, selectors.DefaultSelector() as selector:
            listener = stack.enter_context(_listener(self._cluster))
            selector.register(listener, selectors.EVENT_READ)
            try:
                while missing := self._missing():
                    waiting.go_on(self._cluster.titles(missing), "start")
                    for key, _ in selector.select(_POLL_SECONDS):
                        self._take(stack, selector, listener, key.fileobj)
            except BaseException as error:
                self._send({"error": getattr(error, "message", repr(error))})
                raise
            self._send({"go": True})
            self._until_gone()

    def _missing(self) -> list[int]:
        return [i for i in range(1, len(self._cluster.addresses)) if i not in self._there]

    def _take(self, stack: ExitStack, selector: Any, listener: socket.socket, ready: Any) -> None:
        if ready is listener:
            connection, _ = listener.accept()
            stack.enter_context(connection)
            connection.settimeout(_GRACE_SECONDS)
            selector.register(connection, selectors.EVENT_READ)
            return
        line = _read_line(ready)
        for gone in [index for index, connection in self._there.items() if connection is ready]:
            # It has hung up: its process is no more.
            del self._there[gone]
        index = line.get("index")
        # Whoever else knocks at a port is no worker.
        if not isinstance(index, int) or not 0 < index < len(self._cluster.addresses):
            selector.unregister(ready)
            ready.close()
            return
        self._there[index] = ready
        other = line.get("introduction")
        if other != self._introduction:
            raise ResourceError(
                f"{self._cluster.title(index)} differs from the chief: "
                f"{_difference(self._introduction, other)}"
            )

    def _send(self, message: Message) -> None:
        for connection in self._there.values():
            with suppress(OSError):
                connection.sendall(_line(message))

    def _until_gone(self) -> None:
        """Who hangs up first keeps a port busy for a while; it should not be the chief."""
        for connection in self._there.values():
            with suppress(OSError):
                connection.recv(1)


def _listener(cluster: Cluster) -> socket.socket:
    _, port = split_address(cluster.addresses[0])
    try:
        return socket.create_server(("", port), backlog=len(cluster.addresses))
    except OSError as error:
        raise ResourceError(
            f"{cluster.title(0)}: its port cannot be opened: {error.strerror or error}",
            hint="is another process using it? choose another port",
        ) from None


def _report(cluster: Cluster, introduction: Message, waiting: _Waiting) -> None:
    """Tell the chief that this process is there, and wait for its word."""
    while True:
        with (
            suppress(OSError),
            socket.create_connection(split_address(cluster.addresses[0]), timeout=1) as chief,
        ):
            chief.settimeout(max(1.0, waiting.left + _GRACE_SECONDS))
            chief.sendall(_line({"index": cluster.index, "introduction": dict(introduction)}))
            answer = _read_line(chief)
            if "go" in answer:
                return
            if "error" in answer:
                raise ResourceError(f"the chief has given up: {answer['error']}")
        waiting.go_on(cluster.title(0), "answer")
        time.sleep(_POLL_SECONDS)


def _line(message: Message) -> bytes:
    return json.dumps(message).encode() + b"\n"


def _read_line(connection: socket.socket) -> dict[str, Any]:
    """A message; empty where there is none."""
    received = b""
    with suppress(OSError):
        while not received.endswith(b"\n") and len(received) < _MOST_BYTES:
            part = connection.recv(4096)
            if not part:
                break
            received += part
    try:
        message = json.loads(received)
    except ValueError:
        return {}
    return message if isinstance(message, dict) else {}


def _difference(ours: Message, others: Any) -> str:
    theirs = others if isinstance(others, dict) else {}
    key = next((key for key in ours if theirs.get(key) != ours[key]), "its introduction")
    return f"{key} is {theirs.get(key)!r} there, and {ours.get(key)!r} here"
