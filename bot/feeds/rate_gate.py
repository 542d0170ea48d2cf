"""Limits the requests to one host: how many at once, how long between two, none once it has asked for a pause."""

import asyncio
from collections.abc import Awaitable, Callable

from bot.core.model import FeedFailure
from bot.feeds.due_times import UNAVAILABLE


class RateGate:
    """The gate before one host, for one lease of it.

    The time between two requests is counted from when the one before was really let through, never from a plan
    made ahead: when the event loop is late, several plans fall due together, and would go out together.
    """

    def __init__(
        self,
        at_once: int,
        gap: float,
        *,
        time: Callable[[], float] | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Let `at_once` requests be under way, and two begin `gap` seconds or more apart, by `time` (the loop's)."""
        self.places = asyncio.Semaphore(at_once)
        self.unavailable = 0  # answers in a row that said so
        self._gap = gap
        self._time = time or asyncio.get_running_loop().time
        self._sleep = sleep
        self._free_at = float("-inf")
        self._queue = asyncio.Lock()  # first come, first served
        self._is_closed = False

    async def take(self) -> bool:
        """Wait to be let through, and begin at once; return False when the host has asked for a pause."""
        async with self._queue:
            while (wait := self._free_at - self._time()) > 0:
                await self._sleep(wait)
            self._free_at = self._time() + self._gap
        return not self._is_closed

    def note(self, failure: FeedFailure | None, *, pauses: bool) -> None:
        """Note how a request ended; one whose answer `pauses` the host closes the gate."""
        self.unavailable = self.unavailable + 1 if failure and failure.reason == UNAVAILABLE else 0
        self._is_closed = self._is_closed or pauses
