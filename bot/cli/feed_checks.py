"""Asks for a feed by hand that the daemon polls: with its validators, and at most once in five minutes.

When that was last done stands in a file beside the database, for all processes: the daemon alone writes the database.
"""

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.chat.phrases import ago, ahead
from bot.core.errors import StoreError
from bot.core.model import FeedFailure, FeedRecord, Validators
from bot.core.ports import Clock, Fetcher, Parser
from bot.feeds.delta import read_all
from bot.feeds.discovery import DiscoveredFeed
from bot.feeds.due_times import TOO_MANY, UNAVAILABLE
from bot.feeds.stage import hash_of

_LEAST = timedelta(minutes=5)  # between two requests for one feed, whoever makes them
_LONGEST = timedelta(days=1)  # that a publisher is believed


@dataclass(frozen=True, slots=True)
class Checked:
    """What a look at a feed that is known gave.

    `words` say it; `asked` is whether the publisher heard of it, `found` what came, unless that was read before.
    """

    words: str
    asked: bool
    found: DiscoveredFeed | None = None


class Checks:
    """The turns in which feeds are asked by hand. Raises StoreError where their file cannot be kept."""

    def __init__(self, database: Path) -> None:
        self._database = database
        self._file = database.with_name(f"{database.name}.checks")

    def take(self, url: str, now: datetime) -> datetime | None:
        """Take the turn of a feed; return None, or when the next one comes."""
        with self._turns(now) as turns:
            if (until := turns.get(_key(url))) is not None:
                return datetime.fromtimestamp(until, UTC)
            turns[_key(url)] = (now + _LEAST).timestamp()
            return None

    def put_off(self, url: str, now: datetime, span: timedelta) -> None:
        """Let the next turn of a feed come no sooner than the publisher wants, within a day."""
        with self._turns(now) as turns:
            turns[_key(url)] = (now + max(min(span, _LONGEST), _LEAST)).timestamp()

    @contextmanager
    def _turns(self, now: datetime) -> Iterator[dict[str, float]]:
        """Hold the file alone and keep what is changed in it; turns that are over are forgotten."""
        try:
            handle = os.open(self._file, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise StoreError(f"{self._file}: cannot be written ({error.strerror})") from error
        with os.fdopen(handle, "r+") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            if os.geteuid() == 0:  # whoever the database belongs to has to be able to go on with it
                owner = self._database.stat()
                os.chown(handle, owner.st_uid, owner.st_gid)
            turns = _live(file.read(), now.timestamp())
            yield turns
            file.seek(0)
            file.truncate()
            json.dump(turns, file)


def _live(text: str, now: float) -> dict[str, float]:
    """Return the turns that are not over; what is further ahead than any can be was written by another clock."""
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


async def check(
    record: FeedRecord, checks: Checks, fetcher: Fetcher, parser: Parser, clock: Clock, *, is_polled: bool
) -> Checked | FeedFailure:
    """Ask for a feed as the daemon would, unless it was asked just now, is about to be, or wants to rest."""
    feed, now = record.feed, clock.now()
    if (why := _silence(record, now, is_polled=is_polled)) is not None:
        return Checked(f"not asked now: {why}", asked=False)
    if (until := checks.take(feed.url, now)) is not None:
        return Checked(f"not asked now: it was asked by hand, and may be again {ahead(until, now)}", asked=False)
    reply = await fetcher.fetch(feed)
    if isinstance(reply, FeedFailure):
        if reply.not_before is not None:
            checks.put_off(feed.url, now, reply.not_before)
        return reply
    if reply.status == 304 and feed.validators == Validators():
        return FeedFailure("broken answer", "304 to a request without condition")
    if reply.status == 304:
        return Checked("asked just now: not modified (304) since it was read last", asked=True)
    if hash_of(reply) == feed.body_hash:
        return Checked("asked just now: the same document as was read last", asked=True)
    document = await read_all(parser, feed.url, reply)
    if isinstance(document, FeedFailure):
        return document
    return Checked(
        "asked just now: it has changed since it was read last", True, DiscoveredFeed(feed.url, reply, document)
    )


def _silence(record: FeedRecord, now: datetime, *, is_polled: bool) -> str | None:
    """Return why a feed is left alone, or None."""
    polled, rests = record.feed.polled, record.rests_until
    if (record.error or "").startswith((TOO_MANY, UNAVAILABLE)):
        rests = max(rests or record.due, record.due)  # when it wants to be asked again went into its due time
    if rests is not None and rests > now:
        return f"its publisher asked for fewer requests; the next one is due {ahead(rests, now)}"
    if polled is not None and now - _LEAST < polled <= now:
        return f"it was polled {ago(polled, now)}"
    if is_polled and not record.is_gone and record.due < now + _LEAST:
        return f"the daemon polls it {ahead(record.due, now)}"
    return None
