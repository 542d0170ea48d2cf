"""The loop that brings news in: due feeds → fetch → parse → commit."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from bot.core.errors import StaleLease, TipoffError
from bot.core.model import Feed, FeedFailure, KeyedEntry, Lease, Poll, Response, Validators
from bot.core.ports import Clock, Fetcher, FetchStore, Parser
from bot.core.settings import PollSettings
from bot.feeds.delta import DocumentDelta, body_hash_of, read_all, read_delta
from bot.feeds.due_times import gap, longest_wait, next_due, pause_after
from bot.feeds.feed_statistics import (
    after_answer,
    after_failure,
    is_gone,
    tell_failure,
    tell_gap,
    tell_late,
    tell_silence,
    with_arrivals,
)
from bot.feeds.identity import Sorted, believable, fingerprint_of, keyed, shared_by, sort_out
from bot.feeds.outage_log import NO_PROOF_OF_NETWORK, OutageLog
from bot.feeds.rate_gate import RateGate

log = logging.getLogger(__name__)

# Marks the hash of a document that was cut off: it need not be read again, but it has to be asked for again
# without condition, for the rest may come under the same validators.
_CUT = "cut:"
_LEASE = timedelta(minutes=30)  # renewed by every commit
_SPREAD = timedelta(seconds=60)  # over which feeds are asked that are overdue together
_MOST_ARCHIVES = 20  # pages that are followed back
_SLOW = 2.0  # seconds after which a host holds up nobody: another is begun beside it
_MOST_BESIDE = 16  # times `[poll] hosts`, slow ones among them
_LEAST_OF_A_WINDOW = 5  # entries; a feed with fewer says little by being all new
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
        self._fetcher = fetcher
        self._parser = parser
        self._clock = clock
        self._poll = poll
        self._hosts: dict[asyncio.Task[int], float] = {}  # under way, since when
        self._outage = OutageLog()
        self._stopping = False
        self._settled: datetime | None = None  # when due times were last made to fit

    async def settle_in(self) -> None:
        """Make due times fit the clock, and spread what is overdue: after a start, a sleep or a change of the clock."""
        now = self._clock.now()
        spread = self._clock.after(_SPREAD) - now
        before, self._settled = self._settled, now
        ahead = before if before is not None and before > now else None
        await self._store.realign(now, spread, self._poll.hosts, longest_wait(self._poll), ahead)

    async def start_due(self) -> list["asyncio.Task[int]"]:
        """Begin to poll the hosts that are due and free; return the tasks, each giving the number of changes."""
        room = self._room()
        if room <= 0:
            return []
        leases = await self._store.lease(self._clock.now(), self._clock.after(_LEASE), room)
        if self._stopping:
            return []  # the leases are reclaimed at the next start
        tasks = [self._spawn(self._poll_host(lease)) for lease in leases]
        for task in tasks:
            self._hosts[task] = asyncio.get_running_loop().time()
            task.add_done_callback(self._done)
        return tasks

    def _room(self) -> int:
        """Return how many hosts more may be asked; hundreds that never answer leave places for those that do."""
        slow = asyncio.get_running_loop().time() - _SLOW
        lively = sum(since > slow for since in self._hosts.values())
        return min(self._poll.hosts - lively, self._poll.hosts * _MOST_BESIDE - len(self._hosts))

    def _done(self, task: "asyncio.Task[int]") -> None:
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
            return sum(await asyncio.gather(*(self._poll_feed(lease, feed, gate) for feed in feeds)))
        except StaleLease:
            log.warning("lease_lost host=%s", lease.host)
            return 0
        finally:
            await self._store.release(lease, self._clock.after(least))

    async def _poll_feed(self, lease: Lease, feed: Feed, gate: RateGate) -> int:
        async with gate.places:
            if not await gate.take():
                return 0  # the host wants to be left alone; the feed stays due
            try:
                poll = await self._read(feed)
            except TipoffError:
                raise
            except Exception as bug:  # passed on; noted before: then it waits its turn like any feed that fails
                failure = FeedFailure("a bug of Tipoff", f"{type(bug).__name__}: please report it")
                failed = self._failed(feed, failure, self._clock.now())
                await self._store.commit_poll(lease, failed, self._clock.after(_LEASE))
                raise
            if poll.failure is not None:
                poll = replace(poll, pause=pause_after(poll.failure, poll.at, self._poll, gate.unavailable + 1))
            gate.note(poll.failure, pauses=poll.pause is not None)
        await self._store.commit_poll(lease, poll, self._clock.after(_LEASE))
        if poll.new or poll.edited:
            self._wake_decide()
        self._outage.note(feed, poll.failure)
        for notice in poll.notices:
            log.warning("%s", notice)  # for those who run without a chat
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
        feed = replace(feed, statistics=after_answer(feed, reply, self._poll))
        if reply.status == 304:
            return self._unchanged(feed, _refreshed(feed.validators, reply.validators), now)
        body_hash = body_hash_of(reply)
        # the hash decides, not the validators: some servers send the same ETag for ever
        if body_hash == feed.body_hash:
            return self._unchanged(feed, reply.validators, now)
        if _CUT + body_hash == feed.body_hash:
            return self._unchanged(feed, feed.validators, now)
        reading = await read_delta(self._parser, feed, reply, now)
        if isinstance(reading, FeedFailure):
            return self._failed(feed, reading, now)
        return await self._changed(feed, reply, body_hash, reading, now)

    def _failed(self, feed: Feed, failure: FeedFailure, now: datetime) -> Poll:
        """Keep what is stored, validators too: they belong to the last document that was read whole."""
        in_outage = failure.reason in NO_PROOF_OF_NETWORK and self._outage.may_be_outage(feed)
        statistics, notices = tell_failure(feed, after_failure(feed), failure, is_online=not in_outage)
        asked = replace(feed, statistics=statistics, polled=now)
        return Poll(
            asked,
            now,
            next_due(asked, now, self._poll, failure, in_outage=in_outage),
            feed.validators,
            feed.body_hash,
            fingerprint=feed.fingerprint,
            failure=failure,
            in_outage=in_outage,
            statistics=statistics,
            is_gone=is_gone(failure),
            notices=tuple(notices),
        )

    def _unchanged(self, feed: Feed, validators: Validators, now: datetime) -> Poll:
        statistics, notices = tell_silence(feed, feed.statistics, now)
        asked = replace(feed, statistics=statistics, validators=validators, polled=now)
        due = next_due(asked, now, self._poll)
        kept = feed.fingerprint
        return Poll(
            asked, now, due, validators, feed.body_hash, fingerprint=kept, statistics=statistics, notices=tuple(notices)
        )

    async def _changed(
        self, feed: Feed, reply: Response, body_hash: str, reading: DocumentDelta, now: datetime
    ) -> Poll:
        document = reading.document
        if document.skipped:
            log.warning("entries_skipped feed=%s count=%d", feed.name, document.skipped)
        if document.left_out:
            log.warning("entries_left_out feed=%s count=%d (in the middle of too many)", feed.name, document.left_out)
        shared = feed.statistics.shared | shared_by([*map(fingerprint_of, document.entries), *reading.beside])
        entries = self._keyed(reading, shared, now)
        found = await self._sort_out(feed, entries, reading.beside_places)
        missed = reply.status == 200 and _may_have_missed(feed, found, len(entries) + len(reading.beside))
        if missed and document.older is not None:
            older, is_whole = await self._read_older(feed, document.older, shared, now)
            entries = (*entries, *(replace(entry, place=entry.place + len(entries)) for entry in older))
            found, missed = await self._sort_out(feed, entries, ()), not is_whole
        news = [entry.entry.published for entry in found.new if not entry.is_late_arrival]
        hints = document.hints if reply.status == 200 else feed.statistics.hints
        statistics = replace(feed.statistics, hints=hints, shared=shared)
        statistics = with_arrivals(statistics, feed, news, now, is_first=not feed.is_backfilled)
        statistics, notices = tell_late(feed, statistics, [entry for entry in found.new if entry.is_late_arrival])
        if missed:
            log.warning("items_missed feed=%s (all of it is new since the last poll)", feed.name)
            statistics, gap_notices = tell_gap(feed, statistics, now - (feed.polled or now))
            notices = (*notices, *gap_notices)
        was_cut = feed.body_hash is not None and feed.body_hash.startswith(_CUT)
        validators = reply.validators if document.complete else feed.validators
        asked = replace(feed, statistics=statistics, validators=validators, polled=now)
        return Poll(
            asked,
            now,
            next_due(asked, now, self._poll, hurry=missed),
            validators=validators,
            body_hash=body_hash if document.complete else _CUT + body_hash,
            is_settled=document.complete or was_cut,
            title=document.title or None,
            new=found.new,
            edited=found.edited,
            rekeyed=found.rekeyed,
            fingerprint=reading.fingerprint,
            statistics=statistics,
            notices=tuple(notices),
        )

    def _keyed(self, reading: DocumentDelta, shared: frozenset[str], now: datetime) -> tuple[KeyedEntry, ...]:
        entries = keyed(reading.document.entries, beside=reading.beside, shared=shared, places=reading.places)
        return tuple(_dated(entry, now) for entry in entries)

    async def _sort_out(self, feed: Feed, entries: Sequence[KeyedEntry], beside: Sequence[int]) -> Sorted:
        wanted = {key for entry in entries for key in (*entry.keys, entry.name) if key is not None}
        known = await self._store.recall(feed.id, wanted)
        return sort_out(entries, known, beside=beside, oldest=feed.oldest, polled=feed.polled)

    async def _read_older(
        self, feed: Feed, url: str, shared: frozenset[str], now: datetime
    ) -> tuple[Sequence[KeyedEntry], bool]:
        """Follow a feed's archive (RFC 5005) back; return its entries, and whether what is known was reached."""
        read: list[KeyedEntry] = []
        asked: set[str] = set()
        next_url: str | None = url
        while next_url is not None and next_url not in asked and len(asked) < _MOST_ARCHIVES:
            asked.add(next_url)
            page = replace(feed, validators=Validators(), statistics=replace(feed.statistics, address=next_url))
            reply = await self._fetcher.fetch(page)
            if isinstance(reply, FeedFailure) or reply.status != 200:
                return read, False
            document = await read_all(self._parser, feed.url, reply)
            if isinstance(document, FeedFailure):
                return read, False
            entries = self._keyed(DocumentDelta(document, tuple(range(len(document.entries)))), shared, now)
            read += (replace(entry, place=entry.place + len(read)) for entry in entries)
            found = await self._sort_out(feed, entries, ())
            if found.strange < len(entries):
                return read, True
            next_url = document.older
        return read, False


def _may_have_missed(feed: Feed, found: Sorted, entries: int) -> bool:
    """Say whether a feed has moved on so far that nothing of what it held is left: between, more may have come."""
    was_read = feed.is_backfilled and feed.body_hash is not None
    return was_read and entries >= _LEAST_OF_A_WINDOW and len(found.new) == entries


def _refreshed(old: Validators, new: Validators) -> Validators:
    """Return the validators after a 304, which may bring new ones or none (RFC 9111 section 4.3.4)."""
    return Validators(new.etag or old.etag, new.last_modified or old.last_modified)


def _dated(entry: KeyedEntry, now: datetime) -> KeyedEntry:
    date = believable(entry.entry.published, now)
    return entry if date == entry.entry.published else replace(entry, entry=replace(entry.entry, published=date))
