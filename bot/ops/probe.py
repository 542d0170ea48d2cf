"""Takes health snapshots of a running newsroom, and measures how long its event loop stands still."""

import asyncio
import logging
from collections import deque
from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from bot.core.model import Status
from bot.core.ports import Clock
from bot.ops.health import HealthSnapshot
from bot.ops.schedule import StageLoop

log = logging.getLogger(__name__)

_BEAT = 0.5  # seconds between two measurements of the loop
_MINUTE = 120  # beats
_LARGE_LOG = 64 * 10**6  # bytes; more means that somebody reads for hours, or that checkpoints fail


class HealthStore(Protocol):
    """What the probe asks of the store."""

    @property
    def trouble(self) -> str | None:
        """Return why the database cannot be written now, if so."""
        ...

    def log_size(self) -> int:
        """Return the size of the write-ahead log in bytes."""
        ...

    async def status(self, now: datetime | None = None) -> Status:
        """Return how the newsroom is doing."""
        ...


class Line(Protocol):
    """What the probe asks of the line to Telegram."""

    @property
    def is_up(self) -> bool:
        """Say whether messages may be sent."""
        ...


class Probe:
    """Looks at the store, the stages' loops and the line to Telegram; `line` is None without a token."""

    def __init__(self, store: HealthStore, clock: Clock, loops: Mapping[str, StageLoop], line: Line | None) -> None:
        self._store = store
        self._clock = clock
        self._loops = loops
        self._line = line
        self._lags: deque[float] = deque(maxlen=_MINUTE)
        self._last_updates: float | None = None

    @property
    def lag(self) -> float:
        """Return the longest time that the event loop stood still, of the last minute, in seconds."""
        return max(self._lags, default=0.0)

    def note_updates(self) -> None:
        """Note that Telegram has just answered a question for updates."""
        self._last_updates = self._clock.monotonic()

    async def measure_lag(self) -> None:
        """Measure the event loop until cancelled."""
        while True:
            expected = self._clock.monotonic() + _BEAT
            await asyncio.sleep(_BEAT)
            self._lags.append(max(self._clock.monotonic() - expected, 0.0))

    async def snapshot(self) -> HealthSnapshot:
        """Take a snapshot."""
        log_size = self._store.log_size()
        if log_size > _LARGE_LOG:
            log.warning("write_ahead_log bytes=%d (somebody reads the database for a long time)", log_size)
        time, now, monotonic = asyncio.get_running_loop().time(), self._clock.now(), self._clock.monotonic()
        busy = {name: time - loop.busy_since for name, loop in self._loops.items() if loop.busy_since is not None}
        return HealthSnapshot(
            now=now,
            status=await self._store.status(now),
            lag=self.lag,
            busy=busy,
            database=self._store.trouble,
            telegram="none" if self._line is None else "up" if self._line.is_up else "down",
            updates=None if self._last_updates is None else monotonic - self._last_updates,
            log_size=log_size,
        )
