"""A server: uvicorn's, which ends when all that has begun is answered."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from uvicorn.config import Config
from uvicorn.server import HANDLED_SIGNALS, Server

from bigmodel_cli.serving.app import application
from bigmodel_cli.serving.connection import GRACE_SECONDS, connection_class
from bigmodel_cli.serving.serving import Serving

if TYPE_CHECKING:
    from types import FrameType

# Idle clients have so long to send what they were about to, and are told then that it was the last.
_LINGER_SECONDS = 1.0
_KEEP_ALIVE_SECONDS = 75
_LARGEST_HEAD = 32 * 2**10
_BACKLOG = 2048


class GentleServer(Server):
    """Ends with what has begun answered, and without raising the signal again.

    Args:
        config: uvicorn's.
        serving: Is told that it ends.
        beside: What runs beside while it serves.
        ready: Called when it listens.
    """

    def __init__(
        self,
        config: Config,
        serving: Serving,
        ready: Callable[[], None],
        beside: Callable[[], Any] | None = None,
    ) -> None:
        super().__init__(config)
        self._serving, self._ready, self._beside = serving, ready, beside

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self.handle_exit) for number in HANDLED_SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        # Who asks twice does not want to wait.
        self.force_exit = self.should_exit
        self.should_exit = True

    async def main_loop(self) -> None:
        task = None if self._beside is None else asyncio.create_task(self._beside())
        self._ready()
        try:
            await super().main_loop()
        finally:
            if task is not None:
                task.cancel()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._serving.is_draining = True
        await self._stop_listening(sockets or [])
        loop = asyncio.get_running_loop()
        until = loop.time() + _LINGER_SECONDS
        while self.server_state.connections and loop.time() < until and not self.force_exit:
            await asyncio.sleep(0.02)
        await super().shutdown(sockets)
        # Threads that compute for nobody would be waited for.
        if not self.server_state.tasks:
            await loop.run_in_executor(None, self._serving.close)

    async def _stop_listening(self, sockets: list[socket.socket]) -> None:
        """Take who has connected already, whom closing would turn away, and listen no more."""
        waiting = [taken for one in sockets for taken in _all_waiting(one)]
        for server in self.servers:
            server.close()
        loop = asyncio.get_running_loop()
        for taken in waiting:
            with contextlib.suppress(OSError):
                await loop.connect_accepted_socket(self._protocol, taken)

    def _protocol(self) -> asyncio.Protocol:
        kind: Any = self.config.http_protocol_class
        made: asyncio.Protocol = kind(
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )
        return made


def _all_waiting(listening: socket.socket) -> Iterator[socket.socket]:
    while True:
        try:
            taken, _ = listening.accept()
        except OSError:
            return
        taken.setblocking(False)
        yield taken


def serve(
    serving: Serving,
    listening: socket.socket,
    ready: Callable[[], None],
    beside: Callable[[], Any] | None = None,
) -> None:
    """Answer requests until a signal asks to end; then what has begun is answered.

    Args:
        serving: What is served.
        listening: A socket that is bound.
        ready: Called when requests are taken.
        beside: A coroutine function that runs meanwhile.
    """
    config = Config(
        application(serving),
        http=connection_class(serving),
        ws="none",
        lifespan="off",
        loop="asyncio",
        log_config=None,
        access_log=False,
        backlog=_BACKLOG,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=int(2 * serving.limits.seconds + GRACE_SECONDS),
        h11_max_incomplete_event_size=_LARGEST_HEAD,
    )
    GentleServer(config, serving, ready, beside).run([listening])
