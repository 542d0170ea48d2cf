"""What people ask about: the state of the newsroom, and why something was said or not."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.core.links import canonical, site
from bot.core.model import Explained, Status
from bot.store.engine.connection import instant, instant_or_none, micros, sqlite_report
from bot.store.engine.transaction import Transaction
from bot.store.outbox.rows import oldest_waiting, outbox_counts, unknown, unpaired

_LONGEST_NUMBER = 18  # digits that SQLite takes; no id is longer
_MOST_PAGES = 20_000  # of a site, the newest, that a question looks at


def status_of(db: Transaction, now: datetime | None = None) -> Status:
    """Return how the newsroom is doing; without the time no feed is due."""
    feeds = db.one(
        """select count(*), coalesce(sum(errors > 0), 0), coalesce(sum(last_success is null), 0),
        max(last_poll), max(last_success), min(due), coalesce(sum(due <= ?), 0) from feeds where active""",
        [0 if now is None else micros(now)],
    )
    items = db.one("select count(*), coalesce(sum(state = 'pending'), 0) from items")
    return Status(
        feeds=feeds[0],
        feeds_failing=feeds[1],
        feeds_due=feeds[6],
        feeds_never_read=feeds[2],
        last_poll=instant_or_none(feeds[3]),
        last_success=instant_or_none(feeds[4]),
        next_due=instant_or_none(feeds[5]),
        items=items[0],
        items_pending=items[1],
        stories=db.one("select count(*) from stories")[0],
        matches=db.one("select count(*) from hits")[0],
        outbox=outbox_counts(db),
        oldest_waiting=instant_or_none(oldest_waiting(db, now)),
        unpaired=unpaired(db),
        unknown=unknown(db),
        paused=dict(db.rows("select name, reason from chats where state = 'paused' order by name")),
        sqlite=sqlite_report(),
    )


def actions(db: Transaction) -> dict[str, int]:
    """Return how many decisions there were of each kind."""
    return dict(db.rows("select action, count(*) from decisions group by action"))


def silences(db: Transaction) -> dict[str, int]:
    """Return how many items stayed silent for each reason, the most frequent first.

    What was decided before an item was edited does not count; that nobody wanted it, not once somebody does.
    """
    query = """select d.reason, count(*) from decisions d where d.action = 'silent' and not exists
        (select 1 from decisions l where l.item_id = d.item_id and l.edits > d.edits
            and (d.watch = '' or (l.watch = d.watch and l.chat = d.chat)))
        group by d.reason order by 2 desc, 1"""
    return dict(db.rows(query))


@dataclass(frozen=True, slots=True)
class StoredNearMiss:
    """A headline with a watched name and a role in which no event was read."""

    item_id: int
    outlet: str
    title: str
    url: str | None
    seen: datetime
    name: str
    role: str


def near_misses(db: Transaction, since: datetime, limit: int) -> Sequence[StoredNearMiss]:
    """Return headlines in which a wording may be missing from the lexicon, the newest first."""
    rows = db.rows(
        """select i.id, f.name, i.title, i.url, m.at, m.name, m.role from misses m
        join items i on i.id = m.item_id join feeds f on f.id = i.feed_id
        where m.at >= ? order by m.at desc, i.id desc limit ?""",
        [micros(since), limit],
    )
    return [
        StoredNearMiss(id_, outlet, title, url, instant(at), name, role)
        for id_, outlet, title, url, at, name, role in rows
    ]


def explain(db: Transaction, wanted: str, chat: str | None = None) -> Sequence[Explained]:
    """Return every decision about an item (its id or URL), or about a story ("story 7"), in order.

    With a `chat` only those about it, and those that an item was for nobody.
    """
    condition, values = _condition(db, wanted)
    if chat is not None:
        condition, values = f"({condition}) and d.chat in (?, '')", [*values, chat]
    rows = db.rows(
        f"""select i.id, f.name, i.title, i.url, i.seen, d.watch, d.chat, d.story_id, d.action, d.reason, o.state
        from decisions d join items i on i.id = d.item_id join feeds f on f.id = i.feed_id
        left join outbox o on o.chat = d.chat and o.story_id = d.story_id and o.kind = 'alert'
            and d.action in ('alert', 'update')
        where {condition} order by i.seq, d.edits, d.watch, d.chat""",
        values,
    )
    return [
        Explained(item, outlet, title, url, instant(seen), watch, chat, story, action, reason, message)
        for item, outlet, title, url, seen, watch, chat, story, action, reason, message in rows
    ]


def _condition(db: Transaction, wanted: str) -> tuple[str, list[object]]:
    kind, _, number = wanted.rpartition(" ")
    if number.isdecimal() and len(number) <= _LONGEST_NUMBER:
        return ("d.story_id = ?" if kind == "story" else "i.id = ?"), [int(number)]
    page = canonical(wanted)
    # canonical forms are not stored: a look over the pages of that site
    host = site(wanted)
    query = "select id, url from items where instr(lower(url), ?) order by id desc limit ?"
    rows = db.rows(query, [host, _MOST_PAGES]) if "." in host else ()
    ids = [number for number, url in rows if canonical(url) == page]
    return f"i.id in ({','.join('?' * len(ids))})", [*ids]
