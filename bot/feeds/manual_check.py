"""Polls a known feed by hand, as politely as the daemon does: with its validators, and at most once in five minutes.

Nothing is stored but when a feed may be checked again: that stands in a file beside the database, for all processes,
since the daemon alone writes the database.
"""

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path

from bot.core.errors import StoreError
from bot.core.files import as_owner_of, open_beside
from bot.core.model import Feed, FeedFailure, FeedRecord, Validators
from bot.core.ports import Clock, Fetcher, Parser
from bot.core.settings import PollSettings
from bot.feeds.delta import body_hash_of, read_all
from bot.feeds.discovery import DiscoveredFeed
from bot.feeds.due_times import TOO_MANY, UNAVAILABLE, next_due
from bot.feeds.feed_statistics import after_answer, with_arrivals
from bot.feeds.identity import believable

_LEAST = timedelta(minutes=5)  # between two requests for one feed, whoever makes them
_LONGEST = timedelta(days=1)  # that a publisher is believed


class CheckOutcome(StrEnum):
    """What a check by hand came to."""

    HOST_RESTS = "host rests"  # not asked: the publisher asked for fewer requests
    JUST_POLLED = "just polled"  # not asked: the daemon has
    DUE_SOON = "due soon"  # not asked: the daemon will
    JUST_CHECKED = "just checked"  # not asked: somebody has, by hand
    NOT_MODIFIED = "not modified"  # the server said so
    SAME_DOCUMENT = "same document"
    CHANGED = "changed"


_ASKED = frozenset({CheckOutcome.NOT_MODIFIED, CheckOutcome.SAME_DOCUMENT, CheckOutcome.CHANGED})


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What a check gave: `at` is when the feed was or will be asked instead, `found` the document if it has changed."""

    outcome: CheckOutcome
    at: datetime | None = None
    found: DiscoveredFeed | None = None

    @property
    def is_asked(self) -> bool:
        """Say whether the publisher got a request."""
        return self.outcome in _ASKED


class ManualCheck:
    """Polls known feeds by hand. Raises StoreError where the file of the last checks cannot be kept."""

    def __init__(self, database: Path, fetcher: Fetcher, parser: Parser, clock: Clock) -> None:
        self._times = CheckTimes(database)
        self._fetcher = fetcher
        self._parser = parser
        self._clock = clock

    async def check(self, record: FeedRecord, *, is_polled: bool) -> CheckResult | FeedFailure:
        """Ask for a feed, unless it was asked just now, is about to be, or its host wants no requests.

        `is_polled`: a daemon runs, which will ask for it.
        """
        feed, now = record.feed, self._clock.now()
        if (instead := _asked_elsewhere(record, now, is_polled=is_polled)) is not None:
            return instead
        if (until := self._times.reserve(feed.url, now)) is not None:
            return CheckResult(CheckOutcome.JUST_CHECKED, until)
        reply = await self._fetcher.fetch(feed)
        if isinstance(reply, FeedFailure):
            if reply.not_before is not None:
                self._times.put_off(feed.url, now, reply.not_before)
            return reply
        if reply.status == 304 and feed.validators == Validators():
            return FeedFailure("broken answer", "304 to a request without condition")
        if reply.status == 304:
            return CheckResult(CheckOutcome.NOT_MODIFIED)
        if body_hash_of(reply) == feed.body_hash:
            return CheckResult(CheckOutcome.SAME_DOCUMENT)
        document = await read_all(self._parser, feed.url, reply)
        if isinstance(document, FeedFailure):
            return document
        return CheckResult(CheckOutcome.CHANGED, found=DiscoveredFeed(feed.url, reply, document))


def _asked_elsewhere(record: FeedRecord, now: datetime, *, is_polled: bool) -> CheckResult | None:
    """Return why a feed is not asked now, or None."""
    polled, rests = record.feed.polled, record.rests_until
    if (record.error or "").startswith((TOO_MANY, UNAVAILABLE)):
        rests = max(rests or record.due, record.due)  # when it wants to be asked again went into its due time
    if rests is not None and rests > now:
        return CheckResult(CheckOutcome.HOST_RESTS, rests)
    if polled is not None and now - _LEAST < polled <= now:
        return CheckResult(CheckOutcome.JUST_POLLED, polled)
    if is_polled and not record.is_gone and record.due < now + _LEAST:
        return CheckResult(CheckOutcome.DUE_SOON, record.due)
    return None


def first_interval(found: DiscoveredFeed, poll: PollSettings, now: datetime) -> timedelta:
    """Return after how long a feed that was found just now would be polled again."""
    feed = Feed(0, found.url, found.document.title, validators=found.reply.validators, polled=now)
    dates = [believable(entry.published, now) for entry in found.document.entries]
    statistics = with_arrivals(after_answer(feed, found.reply, poll), feed, dates, now, is_first=True)
    learned = Feed(0, found.url, feed.name, validators=found.reply.validators, polled=now, statistics=statistics)
    return next_due(learned, now, poll) - now


class CheckTimes:
    """When each feed may be checked by hand again. Raises StoreError where the file cannot be kept."""

    def __init__(self, database: Path) -> None:
        self._database = database
        self._file = database.with_name(f"{database.name}.checks")

    def reserve(self, url: str, now: datetime) -> datetime | None:
        """Reserve a feed for a check now; return None, or from when on that is possible."""
        with self._open(now) as times:
            if (until := times.get(_key(url))) is not None:
                return datetime.fromtimestamp(until, UTC)
            times[_key(url)] = (now + _LEAST).timestamp()
            return None

    def put_off(self, url: str, now: datetime, span: timedelta) -> None:
        """Let the next check of a feed come no sooner than the publisher wants, within a day."""
        with self._open(now) as times:
            times[_key(url)] = (now + max(min(span, _LONGEST), _LEAST)).timestamp()

    @contextmanager
    def _open(self, now: datetime) -> Iterator[dict[str, float]]:
        """Hold the file alone, and write back what is changed; times that are past are dropped."""
        try:
            with as_owner_of(self._database):  # who has to be able to go on with it
                handle = open_beside(self._file, os.O_RDWR | os.O_CREAT)
        except OSError as error:
            raise StoreError(f"{self._file}: cannot be written ({error.strerror})") from error
        with os.fdopen(handle, "r+") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            times = _ahead_of(now.timestamp(), file.read())
            yield times
            file.seek(0)
            file.truncate()
            json.dump(times, file)


def _ahead_of(now: float, text: str) -> dict[str, float]:
    """Return the times that are not past; what is further ahead than any can be was written by another clock."""
    try:
        stored = json.loads(text or "{}")
    except ValueError:
        return {}
    known = stored.items() if isinstance(stored, dict) else ()
    return {
        key: until for key, until in known if isinstance(until, float) and now < until <= now + _LONGEST.total_seconds()
    }


def _key(url: str) -> str:
    return hashlib.sha256(url.encode()).hexdigest()  # an address may hold a password
