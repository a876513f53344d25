"""Who may ask: the address that is listened on, and the token."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bigmodel_cli.errors import ResourceError, UsageError

_FEWEST_LETTERS = 16


def read_token(path: Path) -> bytes:
    """The token in a file.

    Raises:
        UsageError: If there is none that could be one.
    """
    try:
        token = path.read_text("utf-8").strip()
    except (OSError, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "no text"
        raise UsageError(f"--token-file {path}: cannot be read: {reason}") from None
    if len(token) < _FEWEST_LETTERS or not token.isascii() or not token.isprintable() or " " in token:
        raise UsageError(
            f"--token-file {path}: expected at least {_FEWEST_LETTERS} ASCII characters without spaces",
            hint=f"openssl rand -hex 32 > {path}",
        )
    return token.encode()


def require_safe(host: str, *, has_token: bool, is_insecure: bool) -> None:
    """Refuse to listen where others than this machine could ask without a token.

    Raises:
        UsageError: If they could.
    """
    if has_token or is_insecure or _is_loopback(host):
        return
    raise UsageError(
        f"--host {host}: others than this machine could use the model, and there is no token",
        hint="give one with --token-file FILE, or say --insecure-network",
    )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@contextmanager
def bound(host: str, port: int) -> Iterator[socket.socket]:
    """A socket at an address, which does not listen yet.

    Raises:
        UsageError: If there is no such address here.
        ResourceError: If it is taken.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except (OSError, UnicodeError) as error:
        raise UsageError(f"--host {host}: no address: {error}") from None
    with socket.socket(family, kind, protocol) as found:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            found.bind(address)
        except OSError as error:
            raise ResourceError(
                f"cannot listen on {host}, port {port}: {error.strerror}", hint="take another one with --port"
            ) from None
        yield found
