"""The fetch stage: takes feeds that are due, polls them host by host, and commits what each poll gave."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

from bot.core.errors import StaleLease, TipoffError
from bot.core.model import Feed, FeedFailure, Lease, Poll
from bot.core.ports import Clock, Fetcher, FetchStore, Parser
from bot.core.settings import PollSettings
from bot.feeds.due_times import gap, longest_wait, pause_after
from bot.feeds.outage_log import OutageLog
from bot.feeds.poller import FeedPoller
from bot.feeds.rate_gate import RateGate

log = logging.getLogger(__name__)

_LEASE = timedelta(minutes=30)  # renewed by every commit
_SPREAD = timedelta(seconds=60)  # over which feeds are asked that are overdue together
_SLOW = 2.0  # seconds after which a host holds up nobody: another is begun beside it
_MOST_BESIDE = 16  # times `[poll] hosts`, slow ones among them
T = TypeVar("T")
Spawn = Callable[[Coroutine[Any, Any, int]], "asyncio.Task[int]"]


class FetchStage:
    """Polls what is due. A host that hangs holds up its own feeds and nobody else's."""

    def __init__(
        self,
        store: FetchStore,
        fetcher: Fetcher,
        parser: Parser,
        clock: Clock,
        poll: PollSettings,
        *,
        spawn: Spawn = asyncio.create_task,
        wake_decide: Callable[[], None] = lambda: None,
        gate: Callable[[int, float], RateGate] = RateGate,
    ) -> None:
        """Build the stage. `spawn` starts the task of a host, `wake_decide` is called when there is news."""
        self._gate = gate
        self._spawn = spawn
        self._wake_decide = wake_decide
        self._store = store
        self._clock = clock
        self._poll = poll
        self._outage = OutageLog()
        self._poller = FeedPoller(store, fetcher, parser, clock, poll, self._outage)
        self._hosts: dict[asyncio.Task[int], float] = {}  # under way, since when
        self._stopping = False
        self._realigned: datetime | None = None  # when due times last were

    async def realign(self) -> None:
        """Make due times fit the clock, and spread what is overdue: after a start, a sleep or a change of the clock."""
        now = self._clock.now()
        spread = self._clock.after(_SPREAD) - now
        before, self._realigned = self._realigned, now
        ahead = before if before is not None and before > now else None
        await self._store.realign(now, spread, self._poll.hosts, longest_wait(self._poll), ahead)

    async def start_due(self) -> list["asyncio.Task[int]"]:
        """Begin to poll the hosts that are due and free; return the tasks, each giving the number of changes."""
        places = self._free_places()
        if places <= 0:
            return []
        leases = await self._store.lease(self._clock.now(), self._clock.after(_LEASE), places)
        if self._stopping:
            return []  # the leases are reclaimed at the next start
        tasks = [self._spawn(self._poll_host(lease)) for lease in leases]
        for task in tasks:
            self._hosts[task] = asyncio.get_running_loop().time()
            task.add_done_callback(self._on_done)
        return tasks

    def _free_places(self) -> int:
        """Return how many hosts more may be asked; hundreds that never answer leave places for those that do."""
        slow = asyncio.get_running_loop().time() - _SLOW
        lively = sum(since > slow for since in self._hosts.values())
        return min(self._poll.hosts - lively, self._poll.hosts * _MOST_BESIDE - len(self._hosts))

    def _on_done(self, task: "asyncio.Task[int]") -> None:
        self._hosts.pop(task, None)
        if not self._hosts:
            self._outage.conclude()

    async def run_once(self) -> int:
        """Poll everything that is due and wait for it; return how many items are new or changed."""
        changes = 0
        while tasks := await self.start_due():
            changes += sum(await asyncio.gather(*tasks))
        return changes

    async def stop(self) -> None:
        """Drop the polls under way: nothing of them was committed, so nothing is lost."""
        self._stopping = True
        tasks = list(self._hosts)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _poll_host(self, lease: Lease) -> int:
        """Poll the due feeds of one host, a few at a time; return how many items are new or changed."""
        least = gap(lease.host, self._poll)
        try:
            gate = self._gate(self._poll.per_host, least.total_seconds())
            feeds = await self._store.due(lease, self._clock.now())
            return sum(await _all_or_none(self._poll_feed(lease, feed, gate) for feed in feeds))
        except StaleLease:
            log.warning("lease_lost host=%s", lease.host)
            return 0
        finally:
            await self._store.release(lease, self._clock.after(least))

    async def _poll_feed(self, lease: Lease, feed: Feed, gate: RateGate) -> int:
        async with gate.places:
            if not await gate.take():
                return 0  # the host has asked for a pause; the feed stays due
            poll = await self._poll_or_note_bug(lease, feed)
            if poll.failure is not None:
                poll = replace(poll, pause=pause_after(poll.failure, poll.at, self._poll, gate.unavailable + 1))
            gate.note(poll.failure, pauses=poll.pause is not None)
        await self._commit(lease, poll)
        if poll.new or poll.edited:
            self._wake_decide()
        self._outage.note(feed, poll.failure)
        _log_poll(feed, poll)
        return len(poll.new) + len(poll.edited)

    async def _poll_or_note_bug(self, lease: Lease, feed: Feed) -> Poll:
        try:
            return await self._poller.poll(feed)
        except TipoffError:
            raise
        except Exception as bug:  # passed on; committed before: after a restart the feed waits like any that fails
            failure = FeedFailure("a bug of Tipoff", f"{type(bug).__name__}: please report it")
            await self._commit(lease, self._poller.failed(feed, failure, self._clock.now()))
            raise

    async def _commit(self, lease: Lease, poll: Poll) -> None:
        await self._store.commit_poll(lease, poll, self._clock.after(_LEASE))


async def _all_or_none(works: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """Do works side by side; when one fails, cancel the others, wait until they have ended, and raise its error."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        return await asyncio.gather(*tasks)
    finally:  # gather alone would leave them running, without the lease and the connections they stand on
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _log_poll(feed: Feed, poll: Poll) -> None:
    for notice in poll.notices:
        log.warning("%s", notice)  # for those who run without a chat
    log.debug(
        "poll feed=%s outcome=%s new=%d edited=%d",
        feed.name,
        poll.failure.reason if poll.failure else "ok",
        len(poll.new),
        len(poll.edited),
    )
