"""What a server takes: how large, how many, how long; and how it says no."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from bigmodel_cli.kinds.image.files.room import PixelRoom

if TYPE_CHECKING:
    from starlette.requests import Request

# What the examples of one request may take as the model has them, and what it says of them.
_MOST_BYTES = 64 * 2**20
_MOST_EXAMPLES = 10_000
RETRY: Mapping[str, str] = MappingProxyType({"retry-after": "1"})
CLOSE: Mapping[str, str] = MappingProxyType({"connection": "close"})


@dataclass(frozen=True)
class Limits:
    """The bounds of what is taken.

    Attributes:
        body_bytes: Of one request.
        pixels: Of one image, and of all that are decoded at a time.
        queue: Requests that may wait for a model or be computed; more are answered with 429.
        seconds: In which a request has to arrive, and in which it is answered then.
        connections: That may be open.
        room: Where images are decoded.
    """

    body_bytes: int
    pixels: int
    queue: int
    seconds: float
    connections: int = 1000
    room: PixelRoom = field(init=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "room", PixelRoom(self.pixels))


class Refused(Exception):
    """A request that is answered with an error.

    Args:
        status: Of HTTP.
        reason: What was expected, and what was found.
        headers: That go with it.
    """

    def __init__(self, status: int, reason: str, headers: Mapping[str, str] = MappingProxyType({})) -> None:
        super().__init__(reason)
        self.status, self.reason, self.headers = status, reason, headers


class ClientGone(Exception):
    """The client has gone before it had its answer."""


async def read_body(request: Request, limits: Limits) -> bytes:
    """The body of a request.

    Raises:
        Refused: If it is too large, or takes too long.
        ClientGone: If it ends in its midst.
    """
    declared = request.headers.get("content-length", "0")
    if declared.isdecimal() and int(declared) > limits.body_bytes:
        raise _too_large(limits)
    body = bytearray()
    try:
        async with asyncio.timeout(limits.seconds):
            while True:
                message = await request.receive()
                if message["type"] != "http.request":
                    raise ClientGone
                body += message.get("body", b"")
                if len(body) > limits.body_bytes:
                    raise _too_large(limits)
                if not message.get("more_body"):
                    return bytes(body)
    except TimeoutError:
        raise Refused(408, f"the body did not arrive within {limits.seconds:g} s", CLOSE) from None


def _too_large(limits: Limits) -> Refused:
    return Refused(413, f"the body is larger than {limits.body_bytes:,} bytes, the most that is taken")


def require_few(count: int, each: int) -> None:
    """Refuse more examples in one request than memory should be asked for.

    Args:
        count: How many there are.
        each: Bytes of one as the model has it, or of what it says, whichever are more.

    Raises:
        Refused: If there are none, or too many.
    """
    if not count:
        raise Refused(400, "expected at least one example, found none")
    most = max(1, min(_MOST_EXAMPLES, _MOST_BYTES // max(1, each)))
    if count > most:
        raise Refused(413, f"expected at most {most:,} examples in one request, found {count:,}")
