"""The wire's part of the store: feeds, leases, items."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from bot.core.errors import StaleLease
from bot.core.links import host, site
from bot.core.model import (
    Edit,
    Entry,
    Feed,
    FeedHealth,
    FeedRecord,
    FeedSpec,
    KeyedEntry,
    KnownItem,
    Lease,
    Poll,
    Validators,
)
from bot.store.due_slots import DueSlots
from bot.store.engine.connection import Connection, as_json, instant, instant_or_none, micros, micros_or_none, texts
from bot.store.engine.transaction import Transaction
from bot.store.feed_statistics import read_statistics, write_statistics
from bot.store.outbox.rows import put_notice

_KEYS_AT_ONCE = 500
_LONGEST_NAME = 60  # characters; a title beyond it is a sentence
_FEED_COLUMNS = (
    "id, url, name, tags, owner, interval, etag, last_modified, body_hash, errors, baselined, habits, "
    "firsts, last_poll, oldest, window"
)
_CLOCK_TOLERANCE = timedelta(minutes=1)
_LONGEST_PAUSE = timedelta(days=31)
_LONGEST_LEASE = timedelta(hours=1)
_DAY = 86_400_000_000  # microseconds
_OF_LATE = timedelta(weeks=4)


class FetchTables:
    """WireStore on SQLite, and the list of feeds."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._turns = DueSlots()

    async def set_feeds(self, feeds: Iterable[FeedSpec], now: datetime) -> None:
        """Make these the feeds that are polled.

        A feed that is new is due now; one that is known keeps its due time and all it knows; one that is
        no longer listed keeps its items but is not asked any more. One without a name is called by its host
        until a poll brings its title. A feed that was gone is asked again once it was taken off the list.
        """

        def work(db: Transaction) -> None:
            db.execute("update feeds set active = 0")
            for feed in feeds:
                db.execute(
                    """insert into feeds (url, host, site, name, tags, owner, interval, due)
                    values (?, ?, ?, ?, ?, ?, ?, ?)
                    on conflict (url) do update set name = coalesce(?, title, host), tags = excluded.tags,
                    site = excluded.site, owner = excluded.owner, interval = excluded.interval, active = 1""",
                    [
                        feed.url,
                        host(feed.url),
                        site(feed.url),
                        feed.name or host(feed.url),
                        as_json(feed.tags),
                        feed.owner,
                        None if feed.interval is None else feed.interval // timedelta(microseconds=1),
                        micros(now),
                        feed.name,
                    ],
                )
            db.execute("update feeds set gone = 0 where not active")

        await self._connection.write(work)

    async def reclaim(self) -> None:
        """Free all hosts: whoever holds the database's lock file knows that no other worker lives."""
        await self._connection.write(lambda db: db.execute("update leases set token = token + 1, until = 0"))

    async def lease(self, now: datetime, until: datetime, limit: int) -> Sequence[Lease]:
        """Take up to `limit` hosts that have due feeds, are free and do not rest; the longest overdue first."""

        def look(db: Transaction) -> list[Lease]:
            rows = db.rows(
                """select f.site, coalesce(l.token, 0) from feeds f left join leases l on l.host = f.site
                where f.active and not f.gone and f.due <= ? and coalesce(max(l.until, l.paused), 0) <= ?
                group by f.site order by min(f.due), f.site limit ?""",
                [micros(now), micros(now), limit],
            )
            return [Lease(host, token + 1) for host, token in rows]

        def work(db: Transaction) -> list[Lease]:
            leases = look(db)
            for lease in leases:
                db.execute(
                    """insert into leases (host, token, until) values (?, ?, ?)
                    on conflict (host) do update set token = excluded.token, until = excluded.until""",
                    [lease.host, lease.token, micros(until)],
                )
            return leases

        # looking first costs no write when nothing can be taken, which is nearly always
        return await self._connection.write(work) if await self._connection.read(look) else []

    async def due(self, lease: Lease, now: datetime) -> Sequence[Feed]:
        """Return the due feeds of a leased host, the longest overdue first."""
        query = (
            f"select {_FEED_COLUMNS} from feeds where active and not gone and site = ? and due <= ? order by due, id"
        )
        rows = await self._connection.read(lambda db: db.rows(query, [lease.host, micros(now)]))
        return [_feed(row) for row in rows]

    async def recall(self, feed_id: int, keys: Iterable[bytes]) -> Mapping[bytes, KnownItem]:
        """Return what is known of a feed's items under these keys."""
        wanted = list(keys)

        def work(db: Transaction) -> dict[bytes, KnownItem]:
            found: dict[bytes, KnownItem] = {}
            for start in range(0, len(wanted), _KEYS_AT_ONCE):
                part = wanted[start : start + _KEYS_AT_ONCE]
                marks = ",".join("?" * len(part))
                rows = db.rows(
                    "select k.key, i.id, i.digest, i.edits, i.title, i.url, i.published "
                    "from item_keys k join items i on i.id = k.item_id "
                    f"where k.feed_id = ? and k.key in ({marks})",
                    [feed_id, *part],
                )
                for key, item, digest, edits, title, link, published in rows:
                    found[key] = KnownItem(item, digest, edits, title, link, instant_or_none(published))
            return found

        return await self._connection.read(work)

    async def commit_poll(self, lease: Lease, poll: Poll, until: datetime) -> None:
        """Commit a poll whole and hold the lease until then; a replay changes nothing.

        Raises StaleLease, and writes nothing, when the lease has passed to another worker.
        """

        def work(db: Transaction) -> None:
            held = db.execute(
                "update leases set until = max(until, ?), paused = max(paused, ?) where host = ? and token = ?",
                [micros(until), micros_or_none(poll.pause) or 0, lease.host, lease.token],
            )
            if not held:
                raise StaleLease(f"the lease on {lease.host} has passed to another worker")
            for entry in poll.new:
                _insert(db, poll, entry)
            for edit in poll.edited:
                _apply(db, poll, edit)
            for edit in poll.rekeyed:
                _remember(db, poll.feed.id, edit.keyed, edit.item_id)
            _mark(db, replace(poll, due=self._turns.give(db, poll.due, poll.at)))
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
                """update leases set until = max(until - ahead, 0), paused = max(paused - ahead, 0)
                from (select site, max(last_poll) - ? as ahead from feeds group by site)
                where site = host and ahead > ?""",
                [at, _CLOCK_TOLERANCE // timedelta(microseconds=1)],
            )
            db.execute(
                "update feeds set due = ? + max(due - last_poll, 0), last_poll = ? where last_poll > ?",
                [at, at, micros(now + _CLOCK_TOLERANCE)],
            )
            db.execute("update leases set paused = min(paused, ?)", [micros(now + _LONGEST_PAUSE)])
            # given by a clock that was set forward and back before any poll of that host was noted
            db.execute("update leases set until = ? where until > ?", [at, micros(now + _LONGEST_LEASE)])
            db.execute(
                """update feeds set due = ?
                where due - ? > iif(last_poll is null, ?, ? + coalesce(interval, 0) * 2)""",
                [at, at, spread // timedelta(microseconds=1), longest // timedelta(microseconds=1)],
            )
            if ahead is not None:
                db.execute(
                    "update feeds set due = ? where due between ? and ? and coalesce(last_poll, 0) <= ?",
                    [at, micros(ahead), micros(ahead + spread), at],
                )
            query = "select id from feeds where active and not gone and due <= ? order by due, id"
            overdue = [id_ for (id_,) in db.rows(query, [at])]
            if len(overdue) > at_once:
                step = spread // timedelta(microseconds=1) / len(overdue)
                rows = [(at + int(place * step), id_) for place, id_ in enumerate(overdue)]
                db.execute_many("update feeds set due = ? where id = ?", rows)

        await self._connection.write(work)


def count_firsts(db: Transaction) -> None:
    """Note for every feed how many of the stories of the last weeks it told before all others."""
    db.execute(
        """update feeds set firsts = (select count(*) from items i join (
            select item_id, min(at) from story_sources group by story_id
            having min(at) >= (select max(last) from stories) - ?
        ) s on s.item_id = i.id where i.feed_id = feeds.id)
        where id in (select distinct feed_id from items where id in (select item_id from story_sources)) or firsts""",
        [_OF_LATE // timedelta(microseconds=1)],
    )


def feed_health(db: Transaction) -> list[FeedHealth]:
    """Return how each feed is doing, by name."""
    rows = db.rows(
        """select f.name, f.url, coalesce(i.items, 0), f.last_success, f.due, f.errors, f.error,
        coalesce(i.news, 0), i.first, f.last_poll,
        (select count(distinct h.item_id) from hits h join items m on m.id = h.item_id where m.feed_id = f.id),
        f.gone, f.habits
        from feeds f left join (select feed_id, count(*) as items, sum(not baseline) as news, min(seen) as first
            from items group by feed_id) i on i.feed_id = f.id
        where f.active order by lower(f.name), f.id"""
    )
    return [_health(row) for row in rows]


def feed_record(db: Transaction, wanted: str, newest: int) -> FeedRecord | None:
    """Return a feed by its address or name, with so many of its newest items; None where it is not polled."""
    row = db.one(
        f"""select {_FEED_COLUMNS}, last_success, due, error, gone, (select paused from leases where host = site)
        from feeds where active and (url = ? or name = ?) order by url = ? desc limit 1""",
        [wanted, wanted, wanted],
    )
    if row is None:
        return None
    *columns, success, due, error, gone, paused = row
    entries = db.rows(
        "select url, title, summary, published from items where feed_id = ? order by id desc limit ?", [row[0], newest]
    )
    return FeedRecord(
        _feed(columns),
        instant_or_none(success),
        instant(due),
        error,
        bool(gone),
        instant_or_none(paused or None),
        tuple(Entry(None, url, title, summary, instant_or_none(at)) for url, title, summary, at in entries),
    )


def _health(row: Sequence[Any]) -> FeedHealth:
    name, url, items, success, due, errors, error, news, first, last, matched, gone, statistics = row
    days = max((last - first) / _DAY, 1.0) if first is not None and last is not None else 1.0
    return FeedHealth(
        name,
        url,
        items,
        instant_or_none(success),
        instant(due),
        errors,
        error,
        per_day=news / days if news else None,
        matched=matched / news if news else None,
        gone=bool(gone),
        address=read_statistics(statistics).address,
    )


def _feed(row: Sequence[Any]) -> Feed:
    id_, url, name, tags, owner, interval, etag, last_modified, body_hash, errors, is_backfilled = row[:11]
    statistics, firsts, last_poll, oldest, fingerprint = row[11:]
    return Feed(
        id=id_,
        url=url,
        name=name,
        tags=texts(tags),
        owner=owner,
        interval=None if interval is None else timedelta(microseconds=interval),
        validators=Validators(etag, last_modified),
        body_hash=body_hash,
        errors=errors,
        is_backfilled=bool(is_backfilled),
        statistics=read_statistics(statistics),
        firsts=firsts,
        polled=instant_or_none(last_poll),
        oldest=instant_or_none(oldest),
        fingerprint=fingerprint,
    )


LATE = 2
"""In the column `is_backfill`: an item that was news before the feed was read, and came later."""

_NEXT_SEQ = "(select coalesce(max(seq), 0) + 1 from items)"


def _insert(db: Transaction, poll: Poll, keyed: KeyedEntry) -> None:
    """Store a new item, unless one of its keys became known since: then this is a replay."""
    marks = ",".join("?" * len(keyed.keys))
    known = f"select 1 from item_keys where feed_id = ? and key in ({marks})"
    if db.one(known, [poll.feed.id, *keyed.keys]):
        return
    entry = keyed.entry
    (item,) = db.one(
        "insert into items (feed_id, seq, state, title, summary, url, published, seen, digest, baseline) "
        f"values (?, {_NEXT_SEQ}, 'pending', ?, ?, ?, ?, ?, ?, ?) returning id",
        [
            poll.feed.id,
            entry.title,
            entry.summary,
            entry.link,
            micros_or_none(entry.published),
            micros(poll.at),
            keyed.text_hash,
            1 if not poll.feed.is_backfilled else LATE if keyed.is_late_arrival else 0,
        ],
    )
    _remember(db, poll.feed.id, keyed, item)


def _apply(db: Transaction, poll: Poll, edit: Edit) -> None:
    """Store the new words of an item and let the desk read them once more; keep those that it has read."""
    entry, text_hash = edit.keyed.entry, edit.keyed.text_hash
    db.execute(
        """insert or ignore into item_versions
        select id, edits, seq, title, summary, url, published, seen, baseline from items
        where id = ? and digest != ? and state = 'done'""",
        [edit.item_id, text_hash],
    )
    db.execute(
        f"""update items set title = ?, summary = ?, url = coalesce(?, url), digest = ?, seen = ?, edits = edits + 1,
        state = 'pending', seq = {_NEXT_SEQ} where id = ? and digest != ?""",
        [entry.title, entry.summary, entry.link, text_hash, micros(poll.at), edit.item_id, text_hash],
    )
    _remember(db, poll.feed.id, edit.keyed, edit.item_id)


def _remember(db: Transaction, feed_id: int, keyed: KeyedEntry, item_id: int) -> None:
    rows = [(feed_id, key, item_id) for key in (*keyed.keys, keyed.title_key) if key is not None]
    db.execute_many("insert or ignore into item_keys (feed_id, key, item_id) values (?, ?, ?)", rows)


def _mark(db: Transaction, poll: Poll) -> None:
    """Store when and how the poll ended, with the validators: they go together with the items they stand for."""
    if poll.failure is not None:
        db.execute(
            """update feeds set due = ?, last_poll = ?, errors = max(errors + ?, 1), error = ?, habits = ?, gone = ?
            where id = ?""",
            [
                micros(poll.due),
                micros(poll.at),
                not poll.in_outage,
                f"{poll.failure.reason}: {poll.failure.detail}",
                write_statistics(poll.statistics),
                poll.is_gone,
                poll.feed.id,
            ],
        )
        return
    dates = [date for entry in poll.new if (date := entry.entry.published) is not None]
    oldest = micros(min(dates)) if dates else micros_or_none(poll.feed.oldest)
    # what has not changed is not written again: a window is the greatest part of a row
    fingerprint, values = (
        ("", []) if poll.fingerprint == poll.feed.fingerprint else (", window = ?", [poll.fingerprint])
    )
    db.execute(
        f"""update feeds set due = ?, last_poll = ?, last_success = ?, errors = 0, error = null,
        baselined = max(baselined, ?), etag = ?, last_modified = ?, body_hash = ?, habits = ?,
        oldest = min(coalesce(oldest, ?), ?){fingerprint} where id = ?""",
        [
            micros(poll.due),
            micros(poll.at),
            micros(poll.at),
            poll.ends_backfill,
            poll.validators.etag,
            poll.validators.last_modified,
            poll.body_hash,
            write_statistics(poll.statistics),
            oldest,
            oldest,
            *values,
            poll.feed.id,
        ],
    )
    if poll.title and len(poll.title) <= _LONGEST_NAME:
        # only once: an outlet keeps its name, and two outlets never share one
        db.execute(
            """update feeds set name = ?, title = ? where id = ? and title is null and name = host
            and not exists (select 1 from feeds where name = ?)""",
            [poll.title, poll.title, poll.feed.id, poll.title],
        )
