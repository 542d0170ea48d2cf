"""The updates that wait for the bot, and the long polls that fetch them (telegram-bot-api, Client.cpp).

Updates do not expire, and a webhook is remembered but never called.
"""

import asyncio
import time
from collections.abc import Collection
from dataclasses import dataclass, field
from threading import Condition

from tests.servers.bot_api_refusals import Json, refuse

MAX_LIMIT = 100
MAX_TIMEOUT = 50.0
# The real server answers conflicts and hurried polls at this distance, to slow runaway clients down.
HOLD_SECONDS = 3.0

# Sent only when asked for by name.
_ON_REQUEST = frozenset({"chat_member", "message_reaction", "message_reaction_count"})
_OTHER_POLL = "terminated by other getUpdates request; make sure that only one bot instance is running"
_SET_WEBHOOK = "terminated by setWebhook request"
_WEBHOOK_ACTIVE = "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"


@dataclass(slots=True)
class _Poll:
    deadline: float
    ended: str = ""
    hold: float = 0.0
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.get_running_loop)

    def stir(self) -> None:
        """Let the poll look again; may be called from any thread."""
        self.loop.call_soon_threadsafe(self.wake.set)


class Updates:
    """The queue of one bot. Every method but `fetch` expects its caller to hold the lock."""

    def __init__(self, hold: float = HOLD_SECONDS) -> None:
        self._hold = hold
        self.webhook = ""
        self._pending: list[Json] = []
        self._next_id = 1001
        self._allowed: frozenset[str] | None = None
        self._poll: _Poll | None = None
        self._last_poll = (0, -hold)
        self._next_conflict = 0.0

    def __len__(self) -> int:
        return len(self._pending)

    def count_from(self, update_id: int) -> None:
        """Give the next update this id."""
        self._next_id = update_id

    def put(self, update: Json) -> int:
        """Queue an update and return its id, or 0 when the bot has not asked for its kind.

        An update that brings its own id keeps it, so that a test can send the same one twice.
        """
        (kind,) = update.keys() - {"update_id"}
        if kind in _ON_REQUEST if self._allowed is None else kind not in self._allowed:
            return 0
        update_id = int(update.get("update_id", self._next_id))
        self._next_id = max(self._next_id, update_id + 1)
        self._pending.append({"update_id": update_id} | update)
        if self._poll:
            self._poll.stir()
        return update_id

    def allow(self, kinds: Collection[str] | None) -> None:
        """Remember which kinds to queue from now on; None changes nothing, an empty list is the usual."""
        if kinds is not None:
            self._allowed = frozenset(kinds) or None

    def set_webhook(self, url: str) -> None:
        """Set or remove the webhook; setting one ends an open poll."""
        self.webhook = url
        if url:
            self._end_poll(_SET_WEBHOOK)

    def drop(self) -> None:
        """Forget everything that waits."""
        self._pending.clear()

    async def fetch(
        self, lock: Condition, *, offset: int, limit: int, seconds: float, allowed: Collection[str] | None
    ) -> list[Json]:
        """Return the updates that wait or arrive in time; raise a 409 when another poll takes over."""
        with lock:
            poll = self._open_poll(offset, seconds)
            self.allow(allowed)
            self._confirm(offset)
        try:
            while not poll.ended:
                with lock:
                    poll.wake.clear()
                    batch = self._pending[: limit if 1 <= limit <= MAX_LIMIT else MAX_LIMIT]
                left = poll.deadline - time.monotonic()
                if batch or left <= 0:
                    return batch
                await _wait(poll.wake, left)
        finally:
            with lock:
                if self._poll is poll:
                    self._poll = None
        await asyncio.sleep(poll.hold)
        raise refuse(409, poll.ended)

    def _open_poll(self, offset: int, seconds: float) -> _Poll:
        if self.webhook:
            raise refuse(409, _WEBHOOK_ACTIVE)
        now = time.monotonic()
        last_offset, last_start = self._last_poll
        if offset == last_offset and seconds < self._hold and now < last_start + self._hold:
            seconds = self._hold
        self._end_poll(_OTHER_POLL)
        self._last_poll = (offset, now)
        self._poll = _Poll(deadline=now + min(max(seconds, 0.0), MAX_TIMEOUT))
        return self._poll

    def _end_poll(self, why: str) -> None:
        """End the open poll, the older one, with a conflict, or later when the last one is too recent."""
        if not self._poll:
            return
        now = time.monotonic()
        self._poll.ended = why
        if now < self._next_conflict:
            self._poll.hold = self._hold
        else:
            self._next_conflict = now + self._hold
        self._poll.stir()
        self._poll = None

    def _confirm(self, offset: int) -> None:
        if offset < 0:
            self._pending = self._pending[offset:]
        else:
            self._pending = [update for update in self._pending if update["update_id"] >= offset]


async def _wait(wake: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await wake.wait()
    except TimeoutError:
        return
