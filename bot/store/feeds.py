"""The fetch stage's part of the store: feeds, the leases on their hosts, and polls."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bot.core.errors import StaleLease
from bot.core.links import host, site
from bot.core.model import (
    Entry,
    Feed,
    FeedHealth,
    FeedRecord,
    FeedSpec,
    KnownItem,
    Lease,
    Poll,
    Validators,
)
from bot.store.due_slots import DueSlots
from bot.store.engine.connection import Connection, as_json, instant, instant_or_none, micros, micros_or_none, texts
from bot.store.engine.transaction import Row, Transaction
from bot.store.feed_statistics import read_statistics
from bot.store.items import KNOWN_COLUMNS, known_item_of
from bot.store.outbox.rows import put_notice
from bot.store.polls import save_poll

_KEYS_AT_ONCE = 500
_FEED_COLUMNS = (
    "id, url, name, tags, owner, interval, etag, last_modified, body_hash, errors, is_backfilled, statistics, "
    "firsts, last_poll, oldest, fingerprint"
)
_CLOCK_TOLERANCE = timedelta(minutes=1)
_LONGEST_PAUSE = timedelta(days=31)
_LONGEST_LEASE = timedelta(hours=1)
_MICROSECOND = timedelta(microseconds=1)
_DAY = 86_400_000_000  # microseconds
_OF_LATE = timedelta(weeks=4)


class FetchTables:
    """FetchStore, and the list of feeds."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._slots = DueSlots()

    async def set_feeds(self, feeds: Iterable[FeedSpec], now: datetime) -> None:
        """Make these the feeds that are polled.

        A feed that is new is due now; one that is known keeps its due time and all it knows; one that is
        no longer listed keeps its items but is not asked any more. One without a name is called by its host
        until a poll brings its title. A feed that was gone is asked again once it was taken off the list.
        """

        def work(db: Transaction) -> None:
            db.execute("update feeds set active = 0")
            db.execute_many(
                """insert into feeds (url, host, site, name, tags, owner, interval, due)
                values (?, ?, ?, ?, ?, ?, ?, ?)
                on conflict (url) do update set name = coalesce(?, feeds.title, feeds.host), tags = excluded.tags,
                site = excluded.site, owner = excluded.owner, interval = excluded.interval, active = 1""",
                [
                    [
                        feed.url,
                        host(feed.url),
                        site(feed.url),
                        feed.name or host(feed.url),
                        as_json(feed.tags),
                        feed.owner,
                        None if feed.interval is None else feed.interval // _MICROSECOND,
                        micros(now),
                        feed.name,
                    ]
                    for feed in feeds
                ],
            )
            db.execute("update feeds set gone = 0 where active = 0")

        await self._connection.write(work)

    async def reclaim(self) -> None:
        """Free all hosts: whoever holds the database's lock file knows that no other worker lives."""
        await self._connection.write(lambda db: db.execute("update leases set token = token + 1, until = 0"))

    async def lease(self, now: datetime, until: datetime, limit: int) -> Sequence[Lease]:
        """Take up to `limit` hosts that have due feeds, are free and do not rest; the longest overdue first."""
        at = micros(now)

        def look(db: Transaction) -> list[str]:
            # "gone < 1", for SQLite would go through the whole index by site, which holds those with "gone = 0"
            rows = db.rows(
                """select f.site from feeds f left join leases l on l.host = f.site
                where f.active = 1 and f.gone < 1 and f.due <= ?
                and coalesce(l.until, 0) <= ? and coalesce(l.paused, 0) <= ?
                group by f.site order by min(f.due), f.site limit ?""",
                [at, at, at, limit],
            )
            return [row.site for row in rows]

        def take(db: Transaction, site: str) -> Lease | None:
            # looked at once more: another worker may take the same host in this moment
            row = db.one(
                """insert into leases (host, token, until) values (?, 1, ?)
                on conflict (host) do update set token = leases.token + 1, until = excluded.until
                where leases.until <= ? and leases.paused <= ? returning token""",
                [site, micros(until), at, at],
            )
            return None if row is None else Lease(site, row.token)

        def work(db: Transaction) -> list[Lease]:
            return [lease for site in look(db) if (lease := take(db, site)) is not None]

        # looking first costs no write when nothing can be taken, which is nearly always
        return await self._connection.write(work) if await self._connection.read(look) else []

    async def due(self, lease: Lease, now: datetime) -> Sequence[Feed]:
        """Return the due feeds of a leased host, the longest overdue first."""
        query = f"""select {_FEED_COLUMNS} from feeds
            where active = 1 and gone = 0 and site = ? and due <= ? order by due, id"""
        rows = await self._connection.read(lambda db: db.rows(query, [lease.host, micros(now)]))
        return [_feed_of(row) for row in rows]

    async def recall(self, feed_id: int, keys: Iterable[bytes]) -> Mapping[bytes, KnownItem]:
        """Return what is known of a feed's items under these keys."""
        wanted = list(keys)

        def work(db: Transaction) -> dict[bytes, KnownItem]:
            found: dict[bytes, KnownItem] = {}
            for start in range(0, len(wanted), _KEYS_AT_ONCE):
                part = wanted[start : start + _KEYS_AT_ONCE]
                marks = ",".join("?" * len(part))
                rows = db.rows(
                    f"""select k.key, {KNOWN_COLUMNS} from item_keys k join items i on i.id = k.item_id
                    where k.feed_id = ? and k.key in ({marks})""",
                    [feed_id, *part],
                )
                found.update((row.key, known_item_of(row)) for row in rows)
            return found

        return await self._connection.read(work)

    async def commit_poll(self, lease: Lease, poll: Poll, until: datetime) -> None:
        """Commit a poll whole and hold the lease until then; a replay changes nothing.

        Raises StaleLease, and writes nothing, when the lease has passed to another worker.
        """

        def work(db: Transaction) -> None:
            ends, rests = micros(until), micros_or_none(poll.pause) or 0
            held = db.execute(
                """update leases set until = case when until < ? then ? else until end,
                paused = case when paused < ? then ? else paused end where host = ? and token = ?""",
                [ends, ends, rests, rests, lease.host, lease.token],
            )
            if not held:
                raise StaleLease(f"the lease on {lease.host} has passed to another worker")
            save_poll(db, replace(poll, due=self._slots.give(db, poll.due, poll.at)))
            for notice in poll.notices:
                put_notice(db, notice, poll.at)

        await self._connection.write(work)

    async def release(self, lease: Lease, until: datetime | None = None) -> None:
        """Give a host back, to be taken again from `until` on; a stale lease is ignored."""
        query = "update leases set until = ? where host = ? and token = ?"
        values = [micros_or_none(until) or 0, lease.host, lease.token]
        await self._connection.write(lambda db: db.execute(query, values))

    async def realign(
        self, now: datetime, spread: timedelta, at_once: int, longest: timedelta, ahead: datetime | None
    ) -> None:
        """Make due times fit the clock, and spread overdue feeds, if more than `at_once`, evenly over `spread`.

        A feed that was asked later than now was asked by a clock that has been set back since: it waits from
        now on as long as it had to wait, and its host rests as long. No pause is longer than a month.
        A feed that was spread by such a clock, at the instant `ahead` if it is known, is overdue still; and so is one
        that is due later than `longest` and its own interval allow, or was never asked and is not due yet.
        """

        def work(db: Transaction) -> None:
            at = micros(now)
            db.execute(
                """update leases set until = case when until > ahead then until - ahead else 0 end,
                paused = case when paused > ahead then paused - ahead else 0 end
                from (select site, max(last_poll) - ? as ahead from feeds group by site) asked
                where site = host and ahead > ?""",
                [at, _CLOCK_TOLERANCE // _MICROSECOND],
            )
            db.execute(
                """update feeds set due = ? + case when due > last_poll then due - last_poll else 0 end, last_poll = ?
                where last_poll > ?""",
                [at, at, micros(now + _CLOCK_TOLERANCE)],
            )
            rest = micros(now + _LONGEST_PAUSE)
            db.execute("update leases set paused = ? where paused > ?", [rest, rest])
            # given by a clock that was set forward and back before any poll of that host was noted
            db.execute("update leases set until = ? where until > ?", [at, micros(now + _LONGEST_LEASE)])
            db.execute(
                """update feeds set due = ?
                where due - ? > case when last_poll is null then ? else ? + coalesce(interval, 0) * 2 end""",
                [at, at, spread // _MICROSECOND, longest // _MICROSECOND],
            )
            if ahead is not None:
                db.execute(
                    "update feeds set due = ? where due between ? and ? and coalesce(last_poll, 0) <= ?",
                    [at, micros(ahead), micros(ahead + spread), at],
                )
            query = "select id from feeds where active = 1 and gone = 0 and due <= ? order by due, id"
            overdue = [row.id for row in db.rows(query, [at])]
            if len(overdue) > at_once:
                step = spread // _MICROSECOND / len(overdue)
                rows = [(at + int(place * step), id_) for place, id_ in enumerate(overdue)]
                db.execute_many("update feeds set due = ? where id = ?", rows)

        await self._connection.write(work)


def count_firsts(db: Transaction) -> None:
    """Note for every feed how many of the stories of the last weeks it had before all others."""
    db.execute(
        """update feeds set firsts = (select count(*) from items i join (
            select item_id, at, row_number() over (partition by story_id order by at, item_id) as place
            from story_sources
        ) s on s.item_id = i.id
        where i.feed_id = feeds.id and s.place = 1 and s.at >= (select max(last) from stories) - ?)
        where firsts > 0
        or id in (select distinct feed_id from items where id in (select item_id from story_sources))""",
        [_OF_LATE // _MICROSECOND],
    )


def feed_health(db: Transaction) -> list[FeedHealth]:
    """Return how each feed is doing, by name."""
    rows = db.rows(
        """select f.name, f.url, coalesce(i.items, 0) as items, f.last_success, f.due, f.errors, f.error,
        coalesce(i.news, 0) as news, i.oldest, f.last_poll, f.gone, f.statistics,
        (select count(distinct m.item_id) from matches m join items n on n.id = m.item_id
            where n.feed_id = f.id) as matched
        from feeds f left join (select feed_id, count(*) as items,
            count(*) filter (where backfill = 0) as news, min(seen) as oldest from items group by feed_id) i
            on i.feed_id = f.id
        where f.active = 1 order by lower(f.name), f.id"""
    )
    return [_health_of(row) for row in rows]


def feed_record(db: Transaction, wanted: str, newest: int) -> FeedRecord | None:
    """Return a feed by its address or name, with so many of its newest items; None where it is not polled."""
    row = db.one(
        f"""select {_FEED_COLUMNS}, last_success, due, error, gone,
        (select paused from leases where host = site) as paused
        from feeds where active = 1 and (url = ? or name = ?) order by url = ? desc limit 1""",
        [wanted, wanted, wanted],
    )
    if row is None:
        return None
    items = db.rows(
        "select url, title, summary, published from items where feed_id = ? order by id desc limit ?", [row.id, newest]
    )
    return FeedRecord(
        _feed_of(row),
        instant_or_none(row.last_success),
        instant(row.due),
        row.error,
        row.gone == 1,
        instant_or_none(row.paused or None),
        tuple(Entry(None, one.url, one.title, one.summary, instant_or_none(one.published)) for one in items),
    )


def _health_of(row: Row) -> FeedHealth:
    days = 1.0
    if row.oldest is not None and row.last_poll is not None:
        days = max((row.last_poll - row.oldest) / _DAY, days)
    return FeedHealth(
        row.name,
        row.url,
        row.items,
        instant_or_none(row.last_success),
        instant(row.due),
        row.errors,
        row.error,
        per_day=row.news / days if row.news else None,
        matched=row.matched / row.news if row.news else None,
        gone=row.gone == 1,
        address=read_statistics(row.statistics).address,
    )


def _feed_of(row: Row) -> Feed:
    """Return the feed in a row of `_FEED_COLUMNS`."""
    return Feed(
        id=row.id,
        url=row.url,
        name=row.name,
        tags=texts(row.tags),
        owner=row.owner,
        interval=None if row.interval is None else timedelta(microseconds=row.interval),
        validators=Validators(row.etag, row.last_modified),
        body_hash=row.body_hash,
        errors=row.errors,
        is_backfilled=row.is_backfilled == 1,
        statistics=read_statistics(row.statistics),
        firsts=row.firsts,
        polled=instant_or_none(row.last_poll),
        oldest=instant_or_none(row.oldest),
        fingerprint=row.fingerprint,
    )
