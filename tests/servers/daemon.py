"""The real daemon as a subprocess, with a folder of its own.

Does not check what the daemon does: it starts, stops and kills it, and hands over what it printed.
"""

import os
import signal
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.servers.zygote import ROOT, Process, start

SETTINGS = """
[poll]
every = "1s"
floor = "1s"
workers = 1

[delivery]
edit_every = "0s"

[network]
allow = [{allow}]

{more}
"""


@dataclass(frozen=True, slots=True)
class Ended:
    """A command that has ended, and all it printed."""

    returncode: int
    output: str


class Daemon:
    """A folder with a configuration, and the `tipoff` that runs in it."""

    def __init__(self, folder: Path, *, token: str = "", api: str = "") -> None:
        self.folder = folder
        self.output: list[str] = []
        self.environment: dict[str, str] = {}
        self._changed = threading.Condition()
        self._process: Process | None = None
        self._token = token
        self._api = api
        (folder / "config").mkdir(parents=True, exist_ok=True)

    def write(self, name: str, text: str) -> None:
        """Write a configuration file, all at once."""
        temporary = self.folder / "config" / f".{name}"
        temporary.write_text(text, "utf-8")
        temporary.replace(self.folder / "config" / name)

    def configure(self, feeds: Iterable[str], watchlist: str, *, more: str = "") -> None:
        """Write a whole configuration: these feeds on loopback, polled every second."""
        urls = list(feeds)
        hosts = sorted({url.split("/")[2] for url in urls})
        self.write("tipoff.toml", SETTINGS.format(allow=", ".join(f'"{host}"' for host in hosts), more=more))
        names = [f'[[feed]]\nurl = "{url}"\nname = "{url.rpartition("/")[2]}"\n' for url in urls]
        self.write("feeds.toml", "\n".join(names))
        self.write("watchlist.toml", watchlist)

    def start(self, *command: str, program: str = "bot") -> Self:
        """Start a command, `run` if none is named."""
        read, write = os.pipe()
        self._process = start(program, command or ("run",), self.folder, self._environment(), write)
        os.close(write)
        self._reader = threading.Thread(target=self._read, args=[read], daemon=True)
        self._reader.start()
        return self

    def run(self, *command: str, timeout: float = 60) -> Ended:
        """Run a command to its end."""
        read, write = os.pipe()
        process = start("bot", command, self.folder, self._environment(), write)
        os.close(write)
        with os.fdopen(read, encoding="utf-8") as pipe:
            printed = pipe.read()
        return Ended(process.wait(timeout), printed)

    def wait_for(self, words: str, timeout: float = 60) -> str:
        """Return the first line of output with these words, once it is there."""

        def found() -> str | None:
            return next((line for line in self.output if words in line), None)

        return self._wait(found, timeout, words)

    def wait_for_end(self, timeout: float = 60) -> int:
        """Return the exit code, once it has ended."""
        assert self._process is not None
        return self._process.wait(timeout)

    def all_output(self) -> str:
        """Return all it printed, to the end."""
        self._reader.join(10)
        return "".join(self.output)

    @property
    def pid(self) -> int:
        """Return the number of its process."""
        assert self._process is not None
        return self._process.pid

    def signal(self, number: signal.Signals) -> None:
        """Send a signal."""
        assert self._process is not None
        self._process.send_signal(number)

    def stop(self, timeout: float = 40) -> int:
        """Ask it to stop; return the exit code."""
        self.signal(signal.SIGTERM)
        return self.wait_for_end(timeout)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait(10)
            self._reader.join(10)
        if error is not None:
            error.add_note("the daemon printed:\n" + "".join(self.output[-60:]))

    def _wait(self, found: Callable[[], str | None], timeout: float, words: str) -> str:
        with self._changed:
            if not self._changed.wait_for(lambda: found() is not None, timeout):
                raise AssertionError(f"{words!r} never came; the daemon printed:\n" + "".join(self.output))
            return found() or ""

    def _read(self, output: int) -> None:
        with os.fdopen(output, encoding="utf-8") as pipe:
            for line in pipe:
                with self._changed:
                    self.output.append(line)
                    self._changed.notify_all()

    def _environment(self) -> dict[str, str]:
        kept = {key: value for key, value in os.environ.items() if not key.startswith("TIPOFF_")}
        added = {"PYTHONPATH": str(ROOT), "PTB_TIMEDELTA": "1", "PYTHONUNBUFFERED": "1", "COLUMNS": "120"}
        telegram = {"TIPOFF_TELEGRAM_TOKEN": self._token, "TIPOFF_TELEGRAM_API": self._api}
        return {**kept, **added, **self.environment, **{key: value for key, value in telegram.items() if value}}
