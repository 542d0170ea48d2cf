"""Looks after the newsroom from inside: measures the event loop's lag, feeds systemd's watchdog, pings outside."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

import aiohttp

from bot.core.settings import HealthSettings
from bot.ops.health import HealthSnapshot
from bot.ops.systemd import Systemd

log = logging.getLogger(__name__)

_BEAT = 0.5  # seconds between two looks at the loop
_MINUTE = 120  # beats
_PING_TIMEOUT = 10.0
_PATIENCE = 60.0  # seconds more that are asked for while Telegram cannot be reached


class Watchdog:
    """Runs beside the stages; whatever it finds, it stops nobody."""

    def __init__(
        self,
        settings: HealthSettings,
        look: Callable[[], Awaitable[HealthSnapshot]],
        systemd: Systemd,
        monotonic: Callable[[], float],
    ) -> None:
        self._settings = settings
        self._look = look
        self._systemd = systemd
        self._monotonic = monotonic
        self._lags: deque[float] = deque(maxlen=_MINUTE)
        self._is_ready = False
        self._ping_fails = False

    @property
    def lag(self) -> float:
        """Return the longest time that the event loop stood still, of the last minute, in seconds."""
        return max(self._lags, default=0.0)

    def ready(self) -> None:
        """Tell systemd, once, that the newsroom is complete."""
        if not self._is_ready:
            self._is_ready = True
            self._systemd.ready()

    async def run(self) -> None:
        """Look after it until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._beat())
            if self._systemd.watchdog is not None:
                group.create_task(self._feed_watchdog(self._systemd.watchdog / 2))
            if self._systemd.is_there:
                group.create_task(self._ask_for_patience())
            if self._settings.ping:
                group.create_task(self._ping_outside(self._settings.ping))

    async def _beat(self) -> None:
        while True:
            expected = self._monotonic() + _BEAT
            await asyncio.sleep(_BEAT)
            self._lags.append(max(self._monotonic() - expected, 0.0))

    async def _feed_watchdog(self, every: float) -> None:
        """Say that all goes on, a little oftener than asked, and not while something stands still."""
        while True:
            troubles = (await self._look()).troubles
            if troubles:
                log.error("stuck reason=%s (systemd is not told that all is well)", "; ".join(troubles))
            else:
                self._systemd.alive()
            await asyncio.sleep(every * 0.9)

    async def _ask_for_patience(self) -> None:
        while not self._is_ready:
            self._systemd.patience(_PATIENCE)
            await asyncio.sleep(_PATIENCE / 3)

    async def _ping_outside(self, url: str) -> None:
        """Ask for an outside address while all is well: a dead bot cannot say that it is dead."""
        timeout = aiohttp.ClientTimeout(total=_PING_TIMEOUT)
        async with aiohttp.ClientSession(timeout=timeout, headers={"User-Agent": "Tipoff"}) as session:
            while True:
                if not (await self._look()).troubles:
                    await self._ping(session, url)
                await asyncio.sleep(self._settings.ping_every.total_seconds())

    async def _ping(self, session: aiohttp.ClientSession, url: str) -> None:
        try:
            async with session.get(url) as answer:
                trouble = None if answer.status < 400 else f"status {answer.status}"
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            trouble = type(error).__name__
        if trouble is not None and not self._ping_fails:
            log.warning("ping_fails host=%s reason=%s", urlsplit(url).hostname, trouble)  # the path is a secret
        self._ping_fails = trouble is not None
