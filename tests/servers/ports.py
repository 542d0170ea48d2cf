"""Ports of this machine: one that is free, and who listens at one."""

import socket
from pathlib import Path


def free_port() -> int:
    """Return a port that nobody listens at."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def listening(port: int) -> list[str]:
    """Return the addresses, as the kernel writes them, on which somebody on this machine listens at a port."""
    return [
        line.split()[1].split(":")[0]
        for table in ("/proc/net/tcp", "/proc/net/tcp6")
        for line in Path(table).read_text("utf-8").splitlines()[1:]
        if int(line.split()[1].rpartition(":")[2], 16) == port and line.split()[3] == "0A"
    ]
