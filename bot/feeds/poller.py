"""Polls one feed: asks for it, reads what is new in it, and says what is to be committed. Stores nothing."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from bot.core.model import Feed, FeedDocument, FeedFailure, KeyedEntry, Poll, Response, Validators
from bot.core.ports import Clock, Fetcher, FetchStore, Parser
from bot.core.settings import PollSettings
from bot.feeds.delta import DocumentDelta, body_hash_of, read_all, read_delta, whole
from bot.feeds.due_times import next_due
from bot.feeds.feed_statistics import (
    after_answer,
    after_failure,
    is_gone,
    report_failure,
    report_gap,
    report_late_arrivals,
    report_silence,
    with_arrivals,
)
from bot.feeds.identity import SortedEntries, believable, fingerprint_of, keyed, shared_by, sort_out
from bot.feeds.outage_log import NO_PROOF_OF_NETWORK, OutageLog

log = logging.getLogger(__name__)

# Stands before the hash of a document that was cut off: it need not be read again, but it has to be asked for again
# without condition, for the rest may come under the same validators.
_CUT_OFF = "cut:"
_MOST_ARCHIVES = 20  # pages that are followed back
_FEWEST_ALL_NEW = 5  # entries; that all of fewer are new says little


class FeedPoller:
    """Polls feeds, one at a time each."""

    def __init__(
        self,
        store: FetchStore,
        fetcher: Fetcher,
        parser: Parser,
        clock: Clock,
        poll: PollSettings,
        outage: OutageLog,
    ) -> None:
        self._store = store
        self._fetcher = fetcher
        self._parser = parser
        self._clock = clock
        self._poll = poll
        self._outage = outage

    async def poll(self, feed: Feed) -> Poll:
        """Ask for a feed and read what came."""
        reply = await self._fetcher.fetch(feed)
        now = self._clock.now()
        if isinstance(reply, FeedFailure):
            return self.failed(feed, reply, now)
        if reply.status == 304 and feed.validators == Validators():
            # nothing was asked by condition, so nothing was seen: this must not end the backfill
            return self.failed(feed, FeedFailure("broken answer", "304 to a request without condition"), now)
        feed = replace(feed, statistics=after_answer(feed, reply, self._poll))
        if reply.status == 304:
            return self._unchanged(feed, _refreshed(feed.validators, reply.validators), now)
        body_hash = body_hash_of(reply)
        # the hash decides, not the validators: some servers send the same ETag for ever
        if body_hash == feed.body_hash:
            return self._unchanged(feed, reply.validators, now)
        if _CUT_OFF + body_hash == feed.body_hash:
            return self._unchanged(feed, feed.validators, now)
        delta = await read_delta(self._parser, feed, reply, now)
        if isinstance(delta, FeedFailure):
            return self.failed(feed, delta, now)
        return await self._changed(feed, reply, body_hash, delta, now)

    def failed(self, feed: Feed, failure: FeedFailure, now: datetime) -> Poll:
        """Return a failed poll. It keeps what is stored, validators too: they belong to the last document read."""
        in_outage = failure.reason in NO_PROOF_OF_NETWORK and self._outage.may_be_outage(feed)
        statistics, notices = report_failure(feed, after_failure(feed), failure, is_online=not in_outage)
        polled = replace(feed, statistics=statistics, polled=now)
        return Poll(
            polled,
            now,
            next_due(polled, now, self._poll, failure, in_outage=in_outage),
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
        statistics, notices = report_silence(feed, feed.statistics, now)
        polled = replace(feed, statistics=statistics, validators=validators, polled=now)
        return Poll(
            polled,
            now,
            next_due(polled, now, self._poll),
            validators,
            feed.body_hash,
            fingerprint=feed.fingerprint,
            statistics=statistics,
            notices=tuple(notices),
        )

    async def _changed(self, feed: Feed, reply: Response, body_hash: str, delta: DocumentDelta, now: datetime) -> Poll:
        document = delta.document
        _log_unread(feed, document)
        shared = feed.statistics.shared | shared_by([*map(fingerprint_of, document.entries), *delta.unchanged])
        hints = document.hints if reply.status == 200 else feed.statistics.hints
        feed = replace(feed, statistics=replace(feed.statistics, hints=hints, shared=shared))
        found, has_gap = await self._new_entries(feed, reply, delta, now)
        feed, notices = _with_news(feed, found, now, has_gap=has_gap)
        was_cut_off = feed.body_hash is not None and feed.body_hash.startswith(_CUT_OFF)
        validators = reply.validators if document.complete else feed.validators
        polled = replace(feed, validators=validators, polled=now)
        return Poll(
            polled,
            now,
            next_due(polled, now, self._poll, hurry=has_gap),
            validators=validators,
            body_hash=body_hash if document.complete else _CUT_OFF + body_hash,
            ends_backfill=document.complete or was_cut_off,
            title=document.title or None,
            new=found.new,
            edited=found.edited,
            rekeyed=found.rekeyed,
            fingerprint=delta.fingerprint,
            statistics=polled.statistics,
            notices=notices,
        )

    async def _new_entries(
        self, feed: Feed, reply: Response, delta: DocumentDelta, now: datetime
    ) -> tuple[SortedEntries, bool]:
        """Return what is new in a document, and whether items may have come and gone since the last poll."""
        entries = _keyed(delta, feed.statistics.shared, now)
        found = await self._sort_out(feed, entries, delta.unchanged_places)
        has_gap = reply.status == 200 and _is_all_new(feed, found, len(entries) + len(delta.unchanged))
        older_page = delta.document.older
        if not has_gap or older_page is None:
            return found, has_gap
        older, is_closed = await self._read_older(feed, older_page, now)
        entries = (*entries, *(replace(entry, place=entry.place + len(entries)) for entry in older))
        return await self._sort_out(feed, entries, ()), not is_closed

    async def _sort_out(self, feed: Feed, entries: Sequence[KeyedEntry], unchanged: Sequence[int]) -> SortedEntries:
        wanted = {key for entry in entries for key in (*entry.keys, entry.title_key) if key is not None}
        known = await self._store.recall(feed.id, wanted)
        return sort_out(entries, known, unchanged=unchanged, oldest=feed.oldest, polled=feed.polled)

    async def _read_older(self, feed: Feed, url: str, now: datetime) -> tuple[Sequence[KeyedEntry], bool]:
        """Follow a feed's archive (RFC 5005) back; return its entries, and whether what is known was reached."""
        read: list[KeyedEntry] = []
        asked: set[str] = set()
        next_url: str | None = url
        while next_url is not None and next_url not in asked and len(asked) < _MOST_ARCHIVES:
            asked.add(next_url)
            document = await self._read_page(feed, next_url)
            if document is None:
                return read, False
            entries = _keyed(whole(document), feed.statistics.shared, now)
            read += (replace(entry, place=entry.place + len(read)) for entry in entries)
            found = await self._sort_out(feed, entries, ())
            if found.unknown < len(entries):
                return read, True
            next_url = document.older
        return read, False

    async def _read_page(self, feed: Feed, url: str) -> FeedDocument | None:
        page = replace(feed, validators=Validators(), statistics=replace(feed.statistics, address=url))
        reply = await self._fetcher.fetch(page)
        if isinstance(reply, FeedFailure) or reply.status != 200:
            return None
        document = await read_all(self._parser, feed.url, reply)
        return None if isinstance(document, FeedFailure) else document


def _log_unread(feed: Feed, document: FeedDocument) -> None:
    if document.skipped:
        log.warning("entries_skipped feed=%s count=%d", feed.name, document.skipped)
    if document.left_out:
        log.warning("entries_left_out feed=%s count=%d (in the middle of too many)", feed.name, document.left_out)


def _is_all_new(feed: Feed, found: SortedEntries, entries: int) -> bool:
    """Say whether nothing is left of what a feed held at the last poll: more may have come and gone in between."""
    was_read = feed.is_backfilled and feed.body_hash is not None
    return was_read and entries >= _FEWEST_ALL_NEW and len(found.new) == entries


def _with_news(feed: Feed, found: SortedEntries, now: datetime, *, has_gap: bool) -> tuple[Feed, tuple[str, ...]]:
    """Return a feed with the statistics of its new items, and what its owner is to know of them."""
    news = [entry.entry.published for entry in found.new if not entry.is_late_arrival]
    statistics = with_arrivals(feed.statistics, feed, news, now, is_first=not feed.is_backfilled)
    late = [entry for entry in found.new if entry.is_late_arrival]
    statistics, notices = report_late_arrivals(feed, statistics, late)
    if has_gap:
        log.warning("items_missed feed=%s (all of it is new since the last poll)", feed.name)
        statistics, of_gap = report_gap(feed, statistics, now - (feed.polled or now))
        notices = (*notices, *of_gap)
    return replace(feed, statistics=statistics), tuple(notices)


def _keyed(delta: DocumentDelta, shared: frozenset[str], now: datetime) -> tuple[KeyedEntry, ...]:
    entries = keyed(delta.document.entries, unchanged=delta.unchanged, shared=shared, places=delta.places)
    return tuple(_dated(entry, now) for entry in entries)


def _dated(entry: KeyedEntry, now: datetime) -> KeyedEntry:
    """Return an entry without a date that cannot be true."""
    date = believable(entry.entry.published, now)
    return entry if date == entry.entry.published else replace(entry, entry=replace(entry.entry, published=date))


def _refreshed(old: Validators, new: Validators) -> Validators:
    """Return the validators after a 304, which may bring new ones or none (RFC 9111 section 4.3.4)."""
    return Validators(new.etag or old.etag, new.last_modified or old.last_modified)
