"""The wire's part of the store: feeds, leases, items."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlite_utils import Database

from bot.errors import StaleLease
from bot.links import host
from bot.model import Edit, Feed, FeedHealth, FeedSpec, Keyed, Known, Lease, Poll, Validators
from bot.store.connection import Connection, as_json, instant, instant_or_none, micros, micros_or_none, texts

_KEYS_AT_ONCE = 500
_LONGEST_NAME = 60  # characters; a title beyond it is a sentence
_FEED_COLUMNS = "id, url, name, tags, owner, interval, etag, last_modified, body_hash, errors, baselined"


class SqliteWire:
    """WireStore on SQLite, and the list of feeds."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def set_feeds(self, feeds: Iterable[FeedSpec], now: datetime) -> None:
        """Make these the feeds that are polled.

        A feed that is new is due now; one that is known keeps its due time and all it knows; one that is
        no longer listed keeps its items but is not asked any more. One without a name is called by its host
        until a poll brings its title.
        """

        def work(db: Database) -> None:
            db.execute("update feeds set active = 0")
            for feed in feeds:
                db.execute(
                    """insert into feeds (url, host, name, tags, owner, interval, due) values (?, ?, ?, ?, ?, ?, ?)
                    on conflict (url) do update set name = coalesce(?, title, host), tags = excluded.tags,
                    owner = excluded.owner, interval = excluded.interval, active = 1""",
                    [
                        feed.url,
                        host(feed.url),
                        feed.name or host(feed.url),
                        as_json(feed.tags),
                        feed.owner,
                        None if feed.interval is None else feed.interval // timedelta(microseconds=1),
                        micros(now),
                        feed.name,
                    ],
                )

        await self._connection.write(work)

    async def reclaim(self) -> None:
        """Free all hosts: whoever holds the database's lock file knows that no other worker lives."""
        await self._connection.write(lambda db: db.execute("update leases set token = token + 1, until = 0"))

    async def lease(self, now: datetime, until: datetime, limit: int) -> Sequence[Lease]:
        """Take up to `limit` hosts that have due feeds and are free; the longest overdue first."""

        def work(db: Database) -> list[Lease]:
            rows = db.execute(
                """select f.host, coalesce(l.token, 0) from feeds f left join leases l on l.host = f.host
                where f.active and f.due <= ? and coalesce(l.until, 0) <= ?
                group by f.host order by min(f.due), f.host limit ?""",
                [micros(now), micros(now), limit],
            ).fetchall()
            leases = [Lease(host, token + 1) for host, token in rows]
            for lease in leases:
                db.execute("replace into leases values (?, ?, ?)", [lease.host, lease.token, micros(until)])
            return leases

        # looking first costs no write when nothing is due, which is nearly always
        due = "select 1 from feeds where active and due <= ? limit 1"
        if not await self._connection.read(lambda db: db.execute(due, [micros(now)]).fetchone()):
            return []
        return await self._connection.write(work)

    async def due(self, lease: Lease, now: datetime) -> Sequence[Feed]:
        """Return the due feeds of a leased host, the longest overdue first."""
        query = f"select {_FEED_COLUMNS} from feeds where active and host = ? and due <= ? order by due, id"
        rows = await self._connection.read(lambda db: db.execute(query, [lease.host, micros(now)]).fetchall())
        return [_feed(row) for row in rows]

    async def recall(self, feed_id: int, keys: Iterable[bytes]) -> Mapping[bytes, Known]:
        """Return what is known of a feed's items under these keys."""
        wanted = list(keys)

        def work(db: Database) -> dict[bytes, Known]:
            found: dict[bytes, Known] = {}
            for start in range(0, len(wanted), _KEYS_AT_ONCE):
                part = wanted[start : start + _KEYS_AT_ONCE]
                marks = ",".join("?" * len(part))
                rows = db.execute(
                    "select k.key, i.id, i.digest, i.edits from item_keys k join items i on i.id = k.item_id "
                    f"where k.feed_id = ? and k.key in ({marks})",
                    [feed_id, *part],
                )
                found.update((key, Known(item, digest, edits)) for key, item, digest, edits in rows)
            return found

        return await self._connection.read(work)

    async def commit_poll(self, lease: Lease, poll: Poll, until: datetime) -> None:
        """Commit a poll whole and hold the lease until then; a replay changes nothing.

        Raises StaleLease, and writes nothing, when the lease has passed to another worker.
        """

        def work(db: Database) -> None:
            row = db.execute("select token from leases where host = ?", [lease.host]).fetchone()
            if row is None or row[0] != lease.token:
                raise StaleLease(f"the lease on {lease.host} has passed to another worker")
            db.execute("update leases set until = max(until, ?) where host = ?", [micros(until), lease.host])
            for entry in poll.new:
                _insert(db, poll, entry)
            for edit in poll.edited:
                _apply(db, poll, edit)
            _mark(db, poll)

        await self._connection.write(work)

    async def release(self, lease: Lease) -> None:
        """Give a host back; a stale lease is ignored."""
        await self._connection.write(
            lambda db: db.execute("update leases set until = 0 where host = ? and token = ?", [lease.host, lease.token])
        )


def clamp_feeds(db: Database, now: datetime, longest: timedelta) -> None:
    """Let no feed be due later than its interval, or `longest`, from now: the clock was set back."""
    span = longest // timedelta(microseconds=1)
    db.execute("update feeds set due = min(due, ? + max(coalesce(interval, 0), ?))", [micros(now), span])
    db.execute("update leases set until = min(until, ?)", [micros(now + timedelta(hours=1))])


def spread_feeds(db: Database, now: datetime, span: timedelta) -> None:
    """Let the feeds that are due by now come one after the other within a span, the longest overdue first."""
    db.execute(
        """update feeds set due = ? + ? * late.place / late.count from
        (select id, row_number() over (order by due, id) as place, count(*) over () as count
            from feeds where active and due <= ?) as late where late.id = feeds.id""",
        [micros(now), span // timedelta(microseconds=1), micros(now)],
    )


def feed_health(db: Database) -> list[FeedHealth]:
    """Return how each feed is doing, by name."""
    rows = db.execute(
        """select f.name, f.url, (select count(*) from items i where i.feed_id = f.id), f.last_success, f.due,
        f.errors, f.error from feeds f where f.active order by lower(f.name), f.id"""
    )
    return [
        FeedHealth(name, url, items, instant_or_none(success), instant(due), errors, error)
        for name, url, items, success, due, errors, error in rows
    ]


def _feed(row: Sequence[Any]) -> Feed:
    id_, url, name, tags, owner, interval, etag, last_modified, body_hash, errors, baselined = row
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
        baselined=bool(baselined),
    )


_NEXT_SEQ = "(select coalesce(max(seq), 0) + 1 from items)"


def _insert(db: Database, poll: Poll, keyed: Keyed) -> None:
    """Store a new item, unless one of its keys became known since: then this is a replay."""
    marks = ",".join("?" * len(keyed.keys))
    known = f"select 1 from item_keys where feed_id = ? and key in ({marks})"
    if db.execute(known, [poll.feed.id, *keyed.keys]).fetchone():
        return
    entry = keyed.entry
    cursor = db.execute(
        "insert into items (feed_id, seq, state, title, summary, url, published, seen, digest, baseline) "
        f"values (?, {_NEXT_SEQ}, 'pending', ?, ?, ?, ?, ?, ?, ?)",
        [
            poll.feed.id,
            entry.title,
            entry.summary,
            entry.link,
            micros_or_none(entry.published),
            micros(poll.at),
            keyed.digest,
            not poll.feed.baselined,
        ],
    )
    _remember(db, poll.feed.id, keyed.keys, cursor.lastrowid)


def _apply(db: Database, poll: Poll, edit: Edit) -> None:
    """Store the new words of an item and let the desk read them once more."""
    entry = edit.keyed.entry
    db.execute(
        f"""update items set title = ?, summary = ?, url = coalesce(?, url), digest = ?, seen = ?, edits = edits + 1,
        state = 'pending', seq = {_NEXT_SEQ} where id = ? and digest != ?""",
        [entry.title, entry.summary, entry.link, edit.keyed.digest, micros(poll.at), edit.item_id, edit.keyed.digest],
    )
    _remember(db, poll.feed.id, edit.keyed.keys, edit.item_id)


def _remember(db: Database, feed_id: int, keys: Iterable[bytes], item_id: int | None) -> None:
    rows = [(feed_id, key, item_id) for key in keys]
    db.conn.executemany("insert or ignore into item_keys (feed_id, key, item_id) values (?, ?, ?)", rows)


def _mark(db: Database, poll: Poll) -> None:
    """Store when and how the poll ended, with the validators: they go together with the items they stand for."""
    if poll.failure is not None:
        db.execute(
            "update feeds set due = ?, last_poll = ?, errors = errors + 1, error = ? where id = ?",
            [micros(poll.due), micros(poll.at), f"{poll.failure.reason}: {poll.failure.detail}", poll.feed.id],
        )
        return
    db.execute(
        """update feeds set due = ?, last_poll = ?, last_success = ?, errors = 0, error = null,
        baselined = max(baselined, ?), etag = ?, last_modified = ?, body_hash = ? where id = ?""",
        [
            micros(poll.due),
            micros(poll.at),
            micros(poll.at),
            poll.is_settled,
            poll.validators.etag,
            poll.validators.last_modified,
            poll.body_hash,
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
