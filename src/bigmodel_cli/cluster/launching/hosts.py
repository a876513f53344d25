"""Which processes a launch starts, and where."""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Sequence
from dataclasses import dataclass

from bigmodel_cli.errors import UsageError

HERE = "127.0.0.1"
_HOST = re.compile(r"(?P<name>[\w][\w.-]*|\[[0-9a-fA-F:.]+\])(?::(?P<slots>[1-9]\d{0,2}))?", re.ASCII)


@dataclass(frozen=True)
class Slot:
    """A process's place.

    Attributes:
        host: The machine; `HERE` is this one.
        number: Which of the processes on it, from 0.
        count: How many it has.
        address: `host:port` at which the others reach it.
    """

    host: str
    number: int
    count: int
    address: str

    @property
    def is_here(self) -> bool:
        return self.host == HERE


def slots_here(count: int) -> list[Slot]:
    """Processes on this machine, at ports that are free now."""
    return [Slot(HERE, number, count, f"{HERE}:{port}") for number, port in enumerate(free_ports(count))]


def free_ports(count: int) -> list[int]:
    """Ports that nobody on this machine listens at now."""
    sockets = [socket.create_server(("", 0)) for _ in range(count)]
    ports = [opened.getsockname()[1] for opened in sockets]
    for opened in sockets:
        opened.close()
    return ports


def slots_on(text: str, port: int) -> list[Slot]:
    """Processes on several machines.

    Args:
        text: `a,b:2`: one on a, two on b.
        port: Of the first process on each machine; others have those behind it.

    Raises:
        UsageError: If it names no machines.
    """
    slots: list[Slot] = []
    seen = set()
    for part in text.split(","):
        match = _HOST.fullmatch(part.strip())
        if not match or match["name"] in seen:
            problem = "expected each machine once" if match else "expected machines such as a,b or a:2,b:2"
            raise UsageError(f"--hosts {text}: {problem}, found {part!r}")
        seen.add(match["name"])
        count = int(match["slots"] or 1)
        slots += [
            Slot(match["name"], number, count, f"{match['name']}:{port + number}") for number in range(count)
        ]
    return slots


def require_private(option: str, hosts: Sequence[str], *, insecure: bool) -> None:
    """TensorFlow's ports take work from anybody who reaches them.

    Args:
        option: Of the command line that names the machines.
        hosts: Names or addresses of the machines where processes will be.
        insecure: Whether the user takes public addresses all the same.

    Raises:
        UsageError: If one of the machines has a public address, or none that is known.
    """
    for host in dict.fromkeys(host.strip("[]") for host in hosts):
        try:
            found = {str(entry[4][0]) for entry in socket.getaddrinfo(host, None)}
        except OSError as error:
            raise UsageError(f"{option} {host}: this name leads nowhere: {error.strerror or error}") from None
        public = [
            address for address in found if not ipaddress.ip_address(address.partition("%")[0]).is_private
        ]
        if public and not insecure:
            raise UsageError(
                f"{option} {host}: {sorted(public)[0]} is a public address, and TensorFlow's ports have no "
                "authentication: whoever reaches them can run code",
                hint="use addresses of a private network; or, where a firewall stands before them, "
                "--insecure-network",
            )
