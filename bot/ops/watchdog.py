"""Tells systemd and an address outside, again and again, that the newsroom is well; silent while it is not."""

import asyncio
import logging
from urllib.parse import urlsplit

import aiohttp

from bot.core.settings import HealthSettings
from bot.ops.probe import Probe
from bot.ops.systemd import Systemd

log = logging.getLogger(__name__)

_PING_TIMEOUT = 10.0
_EXTENSION = 60.0  # seconds more that are asked for while Telegram cannot be reached


class Watchdog:
    """Runs beside the stages; whatever it finds, it stops no part of the newsroom."""

    def __init__(self, settings: HealthSettings, probe: Probe, systemd: Systemd) -> None:
        self._settings = settings
        self._probe = probe
        self._systemd = systemd
        self._is_ready = False
        self._ping_fails = False

    def ready(self) -> None:
        """Tell systemd, once, that the newsroom is complete."""
        if not self._is_ready:
            self._is_ready = True
            self._systemd.ready()

    async def run(self) -> None:
        """Watch over the newsroom until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._probe.measure_lag())
            if self._systemd.watchdog is not None:
                group.create_task(self._feed_watchdog(self._systemd.watchdog / 2))
            if self._systemd.is_there:
                group.create_task(self._extend_timeout())
            if self._settings.ping:
                group.create_task(self._ping_outside(self._settings.ping))

    async def _feed_watchdog(self, every: float) -> None:
        """Say that all goes on, a little oftener than asked, and not while something stands still."""
        while True:
            troubles = (await self._probe.snapshot()).troubles
            if troubles:
                log.error("stuck reason=%s (systemd is not told that all is well)", "; ".join(troubles))
            else:
                self._systemd.alive()
            await asyncio.sleep(every * 0.9)

    async def _extend_timeout(self) -> None:
        while not self._is_ready:
            self._systemd.extend_timeout(_EXTENSION)
            await asyncio.sleep(_EXTENSION / 3)

    async def _ping_outside(self, url: str) -> None:
        """Request an address outside while all is well: a dead bot cannot say that it is dead."""
        timeout = aiohttp.ClientTimeout(total=_PING_TIMEOUT)
        async with aiohttp.ClientSession(timeout=timeout, headers={"User-Agent": "Tipoff"}) as session:
            while True:
                if not (await self._probe.snapshot()).troubles:
                    await self._ping(session, url)
                await asyncio.sleep(self._settings.ping_every.total_seconds())

    async def _ping(self, session: aiohttp.ClientSession, url: str) -> None:
        try:
            async with session.get(url, allow_redirects=False) as answer:  # whoever answers chooses no other address
                trouble = None if answer.status < 300 else f"status {answer.status}"
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            trouble = type(error).__name__
        if trouble is not None and not self._ping_fails:
            log.warning("ping_fails host=%s reason=%s", urlsplit(url).hostname, trouble)  # the path is a secret
        self._ping_fails = trouble is not None
