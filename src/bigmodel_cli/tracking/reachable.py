"""Whether a server answers, found out before a library is loaded that would try for minutes."""

from __future__ import annotations

import socket
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

_TIMEOUT_SECONDS = 3.0
_PORTS = {"http": 80, "https": 443}


class Unreachable(Exception):
    """No connection can be made."""


def host_and_port(url: str) -> tuple[str, int] | None:
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
    return parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 80)


def require_reachable(address: tuple[str, int]) -> None:
    """Connect, and no more.

    Raises:
        Unreachable: If that fails, or takes longer than 3 seconds.
    """
    try:
        socket.create_connection(address, _TIMEOUT_SECONDS).close()
    except OSError as error:
        host, port = address
        raise Unreachable(f"{host}:{port} cannot be reached: {error.strerror or error}") from None
