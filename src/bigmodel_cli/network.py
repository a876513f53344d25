"""The one gate that whatever is fetched passes, by bigmodel or by a library: `--offline`.

Python tells of every request before it is made (an audit event), whoever makes it; so what Keras downloads by
itself, such as an application's weights, is stopped here too.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from bigmodel_cli.errors import DataError

OFFLINE_VARIABLE = "BIGMODEL_OFFLINE"
_CONNECTING = ("socket.getaddrinfo", "socket.connect")


class Offline(DataError):
    """Something would have been fetched, and may not be."""


class _Gate:
    """Whether requests are let through; one for the process, since its hook cannot be taken away again."""

    def __init__(self) -> None:
        self.is_closed = False
        self.is_strict = False
        self._listens = False

    def close(self) -> None:
        self.is_closed = True
        if not self._listens:
            sys.addaudithook(self._heard)
            self._listens = True

    def _heard(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.is_closed and event == "urllib.Request":
            raise refused(str(arguments[0]))
        if self.is_closed and self.is_strict and event in _CONNECTING and (host := _host(event, arguments)):
            raise Offline(f"a library asks for {host}, and downloads are off (offline)")


def _host(event: str, arguments: tuple[Any, ...]) -> str | None:
    """Whom somebody wants to connect to; None for a socket that is a file."""
    address = arguments[0] if event == "socket.getaddrinfo" else arguments[1]
    host = address[0] if isinstance(address, tuple) else address
    is_named = event == "socket.getaddrinfo" or isinstance(address, tuple)
    return str(host) if is_named else None


_GATE = _Gate()


def keras_home() -> Path:
    """The folder that Keras caches downloads in: `KERAS_HOME`, else `~/.keras`."""
    return Path(os.environ.get("KERAS_HOME") or "~/.keras").expanduser()


@contextmanager
def downloads(*, allowed: bool) -> Iterator[None]:
    """Let nothing be fetched inside the block, unless it is allowed, and was so outside of it."""
    before = _GATE.is_closed
    if not allowed:
        _GATE.close()
    try:
        yield
    finally:
        _GATE.is_closed = before


@contextmanager
def connections(*, allowed: bool) -> Iterator[None]:
    """The same for libraries that do not fetch by urllib: nothing is connected to inside the block."""
    before = _GATE.is_strict
    _GATE.is_strict = not allowed
    try:
        with downloads(allowed=allowed):
            yield
    finally:
        _GATE.is_strict = before


@contextmanager
def told_on_stderr() -> Iterator[None]:
    """Let Keras tell of its downloads there, since stdout is for results; where there are none, nowhere."""
    with redirect_stdout(io.StringIO() if _GATE.is_closed else sys.stderr):
        yield


def refused(address: str) -> Offline:
    """The error for a file that a library wants to fetch.

    Args:
        address: Where it is.
    """
    name = PurePosixPath(urlsplit(address).path).name or address
    folder = keras_home() / "models"
    return Offline(
        f"{name} is not in Keras's cache ({folder}), or damaged there, and downloads are off (offline)",
        hint=weights_hint(address, name, folder),
    )


def weights_hint(address: str, name: str, folder: Path) -> str:
    """What to do where weights cannot be fetched."""
    return (
        f"download {address} where there is a network and save it as {folder / name}, "
        "or give a copy in the config: weights: PATH "
        "(weights: null begins at random, which is right where --from RUN brings them)"
    )
