"""The real newsroom by a clock that runs faster: `python -m tests.servers.fast_daemon CONFIG SPEED`.

Everything is as in `tipoff run` but the clock; what waits real time, such as a request or the pace of messages,
waits real time.
"""

import asyncio
import os
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from bot.app import Newsroom, Notices, build
from bot.config.environment import Telegram
from bot.config.load import Configuration
from bot.core import logs
from bot.core.clock import FastClock
from bot.delivery.channels.terminal import TerminalChannel
from bot.store.store import Store
from bot.transports import real_transports


async def run(folder: Path, speed: float) -> None:
    clock = FastClock(datetime(2026, 3, 3, tzinfo=UTC), speed)
    clock.begin()
    configuration = Configuration.load(folder)
    path = Path(configuration.settings.store.path)
    store = Store(path)
    notices = Notices(unpaired=lambda username: None, trouble=print)
    terminal = TerminalChannel(Console(quiet=True))
    transports = real_transports(configuration.settings, Telegram.read(os.environ), terminal)
    newsroom = Newsroom(build(configuration, clock, transports, store, path, notices))
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await newsroom.run(stop)
    store.close()


if __name__ == "__main__":
    logs.set_up("warning")
    asyncio.run(run(Path(sys.argv[1]), float(sys.argv[2])))
