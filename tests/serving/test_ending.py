"""A server that ends, and one that takes up a new version, both while they are asked: no request is lost."""

from __future__ import annotations

import http.client
import shutil
import signal
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from served import Server, form, png, start

pytestmark = pytest.mark.tf

CLIENTS = 8


@dataclass
class Asking:
    """Clients that ask over and over, each on a connection of its own that it keeps.

    Attributes:
        statuses: Of all answers.
        lost: What was sent to a server that had taken the connection, and had no answer.
    """

    server: Server
    statuses: Counter[int] = field(default_factory=Counter)
    lost: list[str] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Asking:
        self._threads = [threading.Thread(target=self._ask) for _ in range(CLIENTS)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ended.set()
        for thread in self._threads:
            thread.join(30)

    def _ask(self) -> None:
        body, kind = form({"a.png": png()})
        connection: http.client.HTTPConnection | None = None
        while not self.ended.is_set():
            if connection is None:
                connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=20)
                try:
                    connection.connect()
                except OSError:
                    # Nobody listens any more.
                    return
            try:
                connection.request("POST", "/predict", body, {"content-type": kind})
                answer = connection.getresponse()
                answer.read()
            except (OSError, http.client.HTTPException) as error:
                self.lost.append(repr(error))
                return
            self.statuses[answer.status] += 1
            if answer.will_close:
                connection.close()
                connection = None


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_what_has_begun_is_answered_when_it_ends(trained: Path, number: signal.Signals) -> None:
    server = start(next((trained / "tiny").iterdir()))
    with Asking(server) as asking:
        until = time.monotonic() + 20
        while asking.statuses[200] < 500 and time.monotonic() < until:
            time.sleep(0.02)
        server.process.send_signal(number)
        assert server.process.wait(20) == 0, server.said
        for thread in asking._threads:
            thread.join(20)
    assert asking.lost == []
    assert asking.statuses.keys() == {200}
    assert "ended: all requests were answered\n" in server.said
    # Whatever threads compute meanwhile, each request has its line.
    _wait(lambda: len(server.log) == asking.statuses[200], 5)


def test_a_new_version_is_taken_up_without_a_gap(trained: Path, tmp_path: Path) -> None:
    tiny, runs = next((trained / "tiny").iterdir()), tmp_path / "runs"
    shutil.copytree(tiny, runs / "tiny/20260101-000000")
    server = start("--watch", "tiny", "--runs-dir", runs)
    try:
        assert server.get("/v1/models/tiny").json["model_version_status"][0]["version"] == "20260101000000"
        with Asking(server) as asking:
            # One that is damaged is told, and the other one goes on.
            damaged = shutil.copytree(tiny, tmp_path / "damaged")
            (damaged / "labels.json").write_text("no")
            damaged.rename(runs / "tiny/20260102-000000")
            _wait(lambda: any("is served on" in line for line in server.said))
            shutil.copytree(tiny, tmp_path / "new").rename(runs / "tiny/20260103-000000")
            _wait(lambda: "20260103000000" in server.get("/v1/models/tiny").body.decode())
            before = asking.statuses[200]
            _wait(lambda: asking.statuses[200] > before + 20)
        assert asking.lost == []
        assert asking.statuses.keys() == {200}
        assert "bigmodel_reloads_total 1\n" in server.get("/metrics").body.decode()
    finally:
        assert server.end() == 0


def _wait(condition: object, seconds: float = 30) -> None:
    until = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < until, "it does not happen"
        time.sleep(0.05)
