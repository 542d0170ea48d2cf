"""The loop that brings news in: due feeds → fetch → parse → commit."""

import asyncio
import hashlib
import logging
from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from bot.errors import StaleLease
from bot.links import host
from bot.model import Document, Feed, FeedFailure, Keyed, Lease, Poll, Reply, Validators
from bot.ports import Clock, Fetcher, Parser, WireStore
from bot.settings import PollSettings
from bot.wire.cadence import UNREACHABLE, next_due
from bot.wire.identity import believable, keyed, sort_out

log = logging.getLogger(__name__)

# Marks the hash of a document that was cut off: it need not be read again, but it has to be asked for again
# without condition, for the rest may come under the same validators.
_CUT = "cut:"
_LEASE = timedelta(minutes=30)  # renewed by every commit
_HOSTS_OF_AN_OUTAGE = 3  # fewer may be down by themselves
_REACHED_NOBODY = frozenset({UNREACHABLE, "timeout", "refused"})
Spawn = Callable[[Coroutine[Any, Any, int]], "asyncio.Task[int]"]


class Wire:
    """Polls what is due. A host that hangs holds up its own feeds and nobody else's."""

    def __init__(
        self,
        store: WireStore,
        fetcher: Fetcher,
        parser: Parser,
        clock: Clock,
        poll: PollSettings,
        *,
        spawn: Spawn = asyncio.create_task,
        wake_desk: Callable[[], None] = lambda: None,
    ) -> None:
        """Build the stage. `spawn` starts the task of a host, `wake_desk` is called when there is news."""
        self._spawn = spawn
        self._wake_desk = wake_desk
        self._store = store
        self._fetcher = fetcher
        self._parser = parser
        self._clock = clock
        self._poll = poll
        self._hosts: set[asyncio.Task[int]] = set()
        self._outage = _Outage()
        self._stopping = False

    async def start_due(self) -> list["asyncio.Task[int]"]:
        """Begin to poll the hosts that are due and free; return the tasks, each giving the number of changes."""
        room = self._poll.hosts - len(self._hosts)
        if room <= 0:
            return []
        leases = await self._store.lease(self._clock.now(), self._clock.after(_LEASE), room)
        if self._stopping:
            return []  # the leases are reclaimed at the next start
        tasks = [self._spawn(self._poll_host(lease)) for lease in leases]
        for task in tasks:
            self._hosts.add(task)
            task.add_done_callback(self._done)
        return tasks

    def _done(self, task: "asyncio.Task[int]") -> None:
        self._hosts.discard(task)
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
        try:
            places = asyncio.Semaphore(self._poll.per_host)
            feeds = await self._store.due(lease, self._clock.now())
            return sum(await asyncio.gather(*(self._poll_feed(lease, feed, places) for feed in feeds)))
        except StaleLease:
            log.warning("lease_lost host=%s", lease.host)
            return 0
        finally:
            await self._store.release(lease)

    async def _poll_feed(self, lease: Lease, feed: Feed, places: asyncio.Semaphore) -> int:
        async with places:
            poll = await self._read(feed)
        await self._store.commit_poll(lease, poll, self._clock.after(_LEASE))
        if poll.new or poll.edited:
            self._wake_desk()
        self._outage.note(feed, poll.failure)
        log.debug(
            "poll feed=%s outcome=%s new=%d edited=%d",
            feed.name,
            poll.failure.reason if poll.failure else "ok",
            len(poll.new),
            len(poll.edited),
        )
        return len(poll.new) + len(poll.edited)

    async def _read(self, feed: Feed) -> Poll:
        """Ask, and read what came; nothing is stored here."""
        reply = await self._fetcher.fetch(feed)
        now = self._clock.now()
        if isinstance(reply, FeedFailure):
            return self._failed(feed, reply, now)
        if reply.status == 304 and feed.validators == Validators():
            # nothing was asked by condition, so nothing was seen: this must not end the baseline
            return self._failed(feed, FeedFailure("broken answer", "304 to a request without condition"), now)
        if reply.status == 304:
            return self._unchanged(feed, _refreshed(feed.validators, reply.validators), now)
        body_hash = _hash(reply)
        # the hash decides, not the validators: some servers send the same ETag for ever
        if body_hash == feed.body_hash:
            return self._unchanged(feed, reply.validators, now)
        if _CUT + body_hash == feed.body_hash:
            return self._unchanged(feed, feed.validators, now)
        document = await self._parser.parse(reply.body, reply.content_type, feed.url)
        if isinstance(document, FeedFailure):
            return self._failed(feed, document, now)
        return await self._changed(feed, reply, body_hash, document, now)

    def _failed(self, feed: Feed, failure: FeedFailure, now: datetime) -> Poll:
        """Keep what is stored, validators too: they belong to the last document that was read whole."""
        due = next_due(feed, now, self._poll, failure)
        return Poll(feed, now, due, feed.validators, feed.body_hash, failure=failure)

    def _unchanged(self, feed: Feed, validators: Validators, now: datetime) -> Poll:
        return Poll(feed, now, next_due(feed, now, self._poll), validators, feed.body_hash)

    async def _changed(self, feed: Feed, reply: Reply, body_hash: str, document: Document, now: datetime) -> Poll:
        if document.skipped:
            log.warning("entries_skipped feed=%s count=%d", feed.name, document.skipped)
        entries = keyed(document.entries)
        known = await self._store.recall(feed.id, {key for entry in entries for key in entry.keys})
        new, edited = sort_out(entries, known)
        was_cut = feed.body_hash is not None and feed.body_hash.startswith(_CUT)
        return Poll(
            feed,
            now,
            next_due(feed, now, self._poll),
            validators=reply.validators if document.complete else feed.validators,
            body_hash=body_hash if document.complete else _CUT + body_hash,
            is_settled=document.complete or was_cut,
            title=document.title or None,
            new=tuple(_dated(entry, now) for entry in new),
            edited=edited,
        )


class _Outage:
    """Logs which feeds begin to fail: one line each, or one for all while nothing at all can be reached.

    Feeds that cannot be reached are held back until another is, or until no poll is under way.
    """

    def __init__(self) -> None:
        self._is_up = False  # something was reached since polls are under way
        self._is_told = False  # nothing was reached since this was told
        self._held: list[Feed] = []

    def note(self, feed: Feed, failure: FeedFailure | None) -> None:
        """Note how a poll ended."""
        if failure is None or failure.reason not in _REACHED_NOBODY:
            self._is_up, self._is_told = True, False
            self._log_each()
        if failure is None or feed.errors:
            return
        if failure.reason == UNREACHABLE:
            self._held.append(feed)
            if self._is_up:
                self._log_each()
        else:
            _log_failing(feed, failure.reason)

    def conclude(self) -> None:
        """Decide what is said of the feeds held back, now that no poll is under way."""
        self._is_up = False
        if self._is_told:
            self._held.clear()
        elif len({host(feed.url) for feed in self._held}) >= _HOSTS_OF_AN_OUTAGE:
            log.warning("network_down (not one feed could be reached: is this machine online?)")
            self._is_told = True
            self._held.clear()
        self._log_each()

    def _log_each(self) -> None:
        for feed in self._held:
            _log_failing(feed, UNREACHABLE)
        self._held.clear()


def _log_failing(feed: Feed, reason: str) -> None:
    log.info("feed_failing feed=%s reason=%s", feed.name, reason)


def _refreshed(old: Validators, new: Validators) -> Validators:
    """Return the validators after a 304, which may bring new ones or none (RFC 9111 section 4.3.4)."""
    return Validators(new.etag or old.etag, new.last_modified or old.last_modified)


def _hash(reply: Reply) -> str:
    return hashlib.sha256(reply.content_type.encode() + b"\0" + reply.body).hexdigest()


def _dated(entry: Keyed, now: datetime) -> Keyed:
    date = believable(entry.entry.published, now)
    return entry if date == entry.entry.published else replace(entry, entry=replace(entry.entry, published=date))
