"""The line to Telegram: after an outage nothing is sent until a probe was answered.

So an outage leaves the few messages that were under way in doubt, and all others pending.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from bot.core.model import Outcome
from bot.delivery.pace import backoff

log = logging.getLogger(__name__)


class CircuitBreaker:
    """Up until an outcome is an outage; then it asks, at once and after 1, 2, 4 … 60 seconds, and is up again.

    It is on trial until a message has got through: should messages get lost though probes are answered,
    the next probe waits longer each time.
    """

    def __init__(
        self,
        probe: Callable[[], Awaitable[bool]],
        *,
        spawn: Callable[[Coroutine[Any, Any, None]], "asyncio.Task[None]"] = asyncio.create_task,
        on_up: Callable[[], None] = lambda: None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        is_connected: bool = True,
    ) -> None:
        """Make a line, down until `connect` unless it `is_connected`.

        `probe` says whether the other side answers, `spawn` starts the asking.
        """
        self._probe = probe
        self._spawn = spawn
        self._on_up = on_up
        self._sleep = sleep
        self._is_connected = is_connected
        self._probes = 0  # since a message last got through
        self._asking: asyncio.Task[None] | None = None

    @property
    def is_up(self) -> bool:
        """Say whether messages may be sent."""
        return self._is_connected and self._asking is None

    @property
    def is_on_trial(self) -> bool:
        """Say whether no message has got through since the last outage: one at a time is enough to see."""
        return self._probes > 0

    def connect(self) -> None:
        """Open the line: the other side has answered for the first time."""
        self._is_connected = True
        self._on_up()

    def note(self, outcome: Outcome) -> None:
        """Learn from what became of a message."""
        if not outcome.outage:
            self._probes = 0
        elif self._asking is None:
            log.warning("line_down reason=%s (nothing is sent until Telegram answers)", outcome.reason)
            self._asking = self._spawn(self._ask())

    def close(self) -> None:
        """Ask no more; the line stays as it is."""
        if self._asking is not None:
            self._asking.cancel()

    async def _ask(self) -> None:
        answered = False
        while not answered:
            if self._probes:
                await self._sleep(backoff(self._probes).total_seconds())
            self._probes += 1
            answered = await self._probe()
        self._asking = None
        log.info("line_up probes=%d", self._probes)
        self._on_up()
