"""A connection: uvicorn's, with bounds for slow clients and for bodies that are cut."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import ClassVar

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from bigmodel_cli.serving.serving import Serving

# An answer may take so much longer than its request's own bounds.
GRACE_SECONDS = 5.0


class Connection(H11Protocol):
    """A connection with bounds.

    Attributes:
        serving: What is served; each server has a class of its own.
    """

    serving: ClassVar[Serving]

    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > self.serving.limits.connections:
            self._say(429, f"{self.serving.limits.connections:,} connections are open; try again later")
            return
        self._begin()

    @property
    def _is_partial(self) -> bool:
        """Whether a part of a request is there."""
        state = self.conn.their_state
        return state is h11.SEND_BODY or (state is h11.IDLE and bool(self.conn.trailing_data[0]))

    def _begin(self) -> None:
        """A request has to be here until then."""
        self._deadline = self.loop.call_later(self.serving.limits.seconds, self._late)

    def _end(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def data_received(self, data: bytes) -> None:
        if self._deadline is None:
            self._begin()
        super().data_received(data)
        if not self._is_partial:
            self._end()

    def _late(self) -> None:
        self._deadline = None
        if self.transport.is_closing():
            return
        if self.conn.their_state is h11.SEND_BODY and not self.cycle.response_complete:
            # Who reads the body answers; where that cannot be, it ends.
            self._deadline = self.loop.call_later(GRACE_SECONDS, self.transport.close)
        elif self.conn.their_state is h11.IDLE and self._is_partial:
            self._say(408, f"the request did not arrive within {self.serving.limits.seconds:g} s")
        else:
            self.transport.close()

    def eof_received(self) -> bool:  # type: ignore[override]
        if self._is_partial:
            # h11 finds that something lacks.
            self.conn.receive_data(b"")
            self.handle_events()
            return False
        # Who has sent all, and sends no more, still waits for the answer.
        is_answered = self.cycle is None or self.cycle.response_complete
        if not is_answered:
            self.cycle.keep_alive = False
        return not is_answered

    def connection_lost(self, exc: Exception | None) -> None:
        self._end()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        self._say(400, "no whole and valid HTTP request")

    def _say(self, status: int, reason: str) -> None:
        """Answer what no application sees, and close."""
        self.serving.metrics.answered("", "http", status, 0.0)
        self.serving.log.write(
            {"client": self.client[0] if self.client else None, "status": status, "error": reason}
        )
        body = json.dumps({"error": reason}).encode()
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            (b"connection", b"close"),
            *([(b"retry-after", b"1")] if status == 429 else []),
        ]
        # Where an answer has begun already, nothing can be said.
        with contextlib.suppress(h11.LocalProtocolError):
            for event in (
                h11.Response(status_code=status, headers=headers, reason=b""),
                h11.Data(data=body),
                h11.EndOfMessage(),
            ):
                self.transport.write(self.conn.send(event) or b"")
        self.transport.close()


def connection_class(serving: Serving) -> type[Connection]:
    """The class of a server's connections."""
    return type("ServedConnection", (Connection,), {"serving": serving})
