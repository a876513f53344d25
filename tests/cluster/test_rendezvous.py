"""Processes meet before TensorFlow starts; here they are threads."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Mapping
from typing import Any

import pytest

from bigmodel_cli.cluster.environment import Cluster
from bigmodel_cli.cluster.launching.hosts import slots_here
from bigmodel_cli.cluster.rendezvous import meet
from bigmodel_cli.errors import ResourceError

# Who waits takes time.
pytestmark = pytest.mark.slow


def addresses(count: int) -> tuple[str, ...]:
    return tuple(slot.address for slot in slots_here(count))


class Meeting:
    """Processes of a cluster that meet, each in a thread."""

    def __init__(self, cluster: tuple[str, ...]) -> None:
        self.cluster = cluster
        self.outcomes: dict[int, str] = {}
        self.said: list[str] = []
        self._threads: list[threading.Thread] = []

    def start(self, index: int, introduction: Mapping[str, Any] | None = None, seconds: float = 10) -> None:
        def run() -> None:
            try:
                meet(
                    Cluster(self.cluster, index),
                    introduction or {"a": 1},
                    seconds=seconds,
                    say=self.said.append,
                )
                self.outcomes[index] = "there"
            except ResourceError as error:
                self.outcomes[index] = error.message

        self._threads.append(threading.Thread(target=run))
        self._threads[-1].start()

    def end(self) -> dict[int, str]:
        for thread in self._threads:
            thread.join(30)
        assert not any(thread.is_alive() for thread in self._threads)
        return self.outcomes


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0)])
def test_all_go_at_once(order: tuple[int, ...]) -> None:
    meeting = Meeting(addresses(3))
    for index in order:
        assert not meeting.outcomes
        meeting.start(index)
        time.sleep(0.05)
    assert meeting.end() == {0: "there", 1: "there", 2: "there"}


def test_the_port_is_free_for_tensorflow_afterwards() -> None:
    meeting = Meeting(addresses(2))
    meeting.start(0)
    meeting.start(1)
    meeting.end()
    socket.create_server(("", int(meeting.cluster[0].split(":")[1]))).close()


def test_who_does_not_start_is_named_by_the_chief_to_all() -> None:
    meeting = Meeting(addresses(3))
    meeting.start(0, seconds=0.5)
    meeting.start(1)
    outcomes = meeting.end()
    missing = f"worker 2 ({meeting.cluster[2]}) did not start within 0.5 s"
    assert outcomes == {0: missing, 1: f"the chief has given up: {missing}"}


def test_a_chief_that_does_not_start_is_named() -> None:
    meeting = Meeting(addresses(2))
    meeting.start(1, seconds=0.5)
    assert meeting.end() == {1: f"worker 0 ({meeting.cluster[0]}, the chief) did not answer within 0.5 s"}


def test_who_is_gone_again_is_missing() -> None:
    meeting = Meeting(addresses(3))
    meeting.start(0, seconds=1)
    host, port = meeting.cluster[0].split(":")
    time.sleep(0.2)
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(b'{"index": 1, "introduction": {"a": 1}}\n')
        time.sleep(0.2)
    meeting.start(2)
    assert meeting.end()[0] == f"worker 1 ({meeting.cluster[1]}) did not start within 1 s"


def test_whoever_else_knocks_is_sent_away() -> None:
    meeting = Meeting(addresses(2))
    meeting.start(0)
    host, port = meeting.cluster[0].split(":")
    time.sleep(0.2)
    for noise in (b"GET / HTTP/1.1\r\n\r\n\n", b'{"index": 7}\n', b"[]\n", b""):
        with socket.create_connection((host, int(port))) as stranger:
            stranger.sendall(noise)
    meeting.start(1)
    assert meeting.end() == {0: "there", 1: "there"}


def test_a_process_that_is_about_to_do_something_else_is_refused() -> None:
    meeting = Meeting(addresses(2))
    meeting.start(0, {"bigmodel": "1.0", "config": "aaaa"})
    meeting.start(1, {"bigmodel": "1.0", "config": "bbbb"})
    message = (
        f"worker 1 ({meeting.cluster[1]}) differs from the chief: config is 'bbbb' there, and 'aaaa' here"
    )
    assert meeting.end()[0] == message


def test_a_port_that_is_taken_is_said() -> None:
    meeting = Meeting(addresses(2))
    port = meeting.cluster[0].split(":")[1]
    with socket.create_server(("", int(port))):
        meeting.start(0)
        assert "its port cannot be opened" in meeting.end()[0]
