"""Starts the real command line in a fresh process without paying for its imports each time.

One warm process has everything imported, and the lexicon compiled; for each start it forks, and the fork becomes
the command: with its own folder, environment, arguments and output, killable like any other process. Does not check
the start of the interpreter itself: `tests/test_cli.py` runs `python -m bot` the ordinary way.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


class Process:
    """A started command, with as much of Popen's interface as the tests need."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self.pid = int(self._read(60))
        self._code: int | None = None

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        if self._code is None:
            os.kill(self.pid, number)

    def wait(self, timeout: float) -> int:
        """Return the exit code, below zero for a signal. Raises TimeoutError."""
        if self._code is None:
            self._code = int(self._read(timeout))
            self._connection.close()
        return self._code

    def _read(self, timeout: float) -> str:
        self._connection.settimeout(timeout)
        line = b""
        while not line.endswith(b"\n"):
            piece = self._connection.recv(1)
            assert piece, "the warm process is gone"
            line += piece
        return line.decode()


def start(program: str, arguments: Sequence[str], folder: Path, env: Mapping[str, str], output: int) -> Process:
    """Start the function `main` of a module as a process of its own; `output` takes what it prints."""
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(_warm())
    request = {"program": program, "arguments": list(arguments), "folder": str(folder), "env": dict(env)}
    socket.send_fds(connection, [json.dumps(request).encode() + b"\n"], [output])
    return Process(connection)


@cache
def _warm() -> str:
    """Start the warm process, once; it ends with the process that started it."""
    address = str(Path(tempfile.mkdtemp(prefix="tipoff-tests-")) / "socket")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", "COLUMNS": "120"}
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.servers.zygote", address],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    _KEPT.append(process)  # its open stdin is its life line
    assert process.stdout is not None
    assert process.stdout.readline() == "warm\n"
    return address


_KEPT: list["subprocess.Popen[str]"] = []


def _serve(address: str) -> tuple[str, list[str]] | None:
    """Fork for every request; return in the fork that is to become the command, or None at the end."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(address)
    listener.listen()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    if os.fork() == 0:  # watches the life line, without a thread
        sys.stdin.read()
        os.killpg(0, signal.SIGKILL)
    print("warm", flush=True)
    while True:
        connection, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            return _keep(connection)
        connection.close()


def _keep(connection: socket.socket) -> tuple[str, list[str]] | None:
    """Fork once more: one process becomes the command, this one tells how it ends."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    message, (output,), _, _ = socket.recv_fds(connection, 1 << 20, 1)
    request = json.loads(message)
    pid = os.fork()
    if pid == 0:
        connection.close()
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.close(output)
        os.chdir(request["folder"])
        os.environ.clear()
        os.environ.update(request["env"])
        return request["program"], request["arguments"]
    os.close(output)
    connection.sendall(f"{pid}\n".encode())
    _, status = os.waitpid(pid, 0)
    connection.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())
    return None


if __name__ == "__main__":
    import bot.cli
    import tests.servers.killed_daemon
    from bot.events.lexicon import lexicon

    lexicon()
    os.setpgrp()
    become = _serve(sys.argv[1])
    if become is not None:
        program, arguments = become
        sys.argv[:] = ["tipoff", *arguments]
        (bot.cli.commands if program == "bot" else tests.servers.killed_daemon.main)()
