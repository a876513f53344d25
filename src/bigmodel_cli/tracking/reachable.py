"""Whether a server answers, found out before a library is loaded that would try for minutes."""

from __future__ import annotations

import socket
import time
from typing import NamedTuple
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

_TIMEOUT_SECONDS = 3.0
_PORTS = {"http": 80, "https": 443}


class Unreachable(Exception):
    """No connection can be made, or nobody answers."""


class Address(NamedTuple):
    """Whom to ask.

    Attributes:
        host: Its name.
        port: Its port.
        is_encrypted: Whether it speaks TLS from the first byte on.
    """

    host: str
    port: int
    is_encrypted: bool = False


def address_of(url: str) -> Address | None:
    """Whom to connect to for an address: the server, or the proxy on the way; None for what is no address.

    Args:
        url: Such as `https://api.wandb.ai`.
    """
    parts = urlsplit(url)
    if parts.scheme not in _PORTS or parts.hostname is None:
        return None
    proxy = None if proxy_bypass(parts.hostname) else getproxies().get(parts.scheme)
    if proxy is not None:
        parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
    port = parts.port or _PORTS.get(parts.scheme, 80)
    return Address(parts.hostname or "", port, parts.scheme == "https")


def require_reachable(address: Address) -> None:
    """Ask for anything, and wait for the first byte of an answer, be it that there is no such page.

    A connection alone tells too little: a server that hangs has its system accept them.

    Raises:
        Unreachable: If that fails, or takes longer than 3 seconds.
    """
    until = time.monotonic() + _TIMEOUT_SECONDS
    try:
        with socket.create_connection((address.host, address.port), _TIMEOUT_SECONDS) as connection:
            connection.settimeout(max(0.1, until - time.monotonic()))
            if address.is_encrypted:
                _shake_hands(connection, address.host)
                return
            request = f"HEAD / HTTP/1.1\r\nHost: {address.host}\r\nConnection: close\r\n\r\n"
            connection.sendall(request.encode())
            is_answered = bool(connection.recv(1))
    except TimeoutError:
        raise Unreachable(f"{address.host}:{address.port} does not answer") from None
    except OSError as error:
        why = f"cannot be reached: {error.strerror or error}"
        raise Unreachable(f"{address.host}:{address.port} {why}") from None
    if not is_answered:
        raise Unreachable(f"{address.host}:{address.port} ended the connection without an answer")


def _shake_hands(connection: socket.socket, host: str) -> None:
    """Begin to speak TLS; who it is, the tracker's library makes sure of, by certificates of its own."""
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        context.wrap_socket(connection, server_hostname=host).close()
    except ssl.SSLEOFError:
        raise
    except ssl.SSLError:
        # It answers; what it does not like, the library says.
        return
