"""What people ask about: the state of the newsroom, and why something was said or not."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.core.links import canonical, site
from bot.core.model import Explained, Status
from bot.store.engine.connection import as_json, instant, instant_or_none, micros, sqlite_report
from bot.store.engine.transaction import Transaction
from bot.store.items import ITEMS, STORED_COLUMNS
from bot.store.outbox.rows import oldest_waiting, outbox_counts, unknown, unpaired

_LONGEST_NUMBER = 18  # digits that SQLite takes; no id is longer
_MOST_PAGES = 20_000  # of a site, the newest, that a question looks at


def status_of(db: Transaction, now: datetime | None = None) -> Status:
    """Return how the newsroom is doing; without the time no feed is due."""
    feeds = db.one(
        """select count(*) as feeds, count(*) filter (where errors > 0) as failing,
        count(*) filter (where last_success is null) as never_read, count(*) filter (where due <= ?) as overdue,
        max(last_poll) as last_poll, max(last_success) as last_success, min(due) as next_due
        from feeds where active = 1""",
        [0 if now is None else micros(now)],
    )
    items = db.one("select count(*) as items, count(*) filter (where state = 'pending') as pending from items")
    found = db.one("select (select count(*) from stories) as stories, (select count(*) from matches) as matches")
    return Status(
        feeds=feeds.feeds,
        feeds_failing=feeds.failing,
        feeds_due=feeds.overdue,
        feeds_never_read=feeds.never_read,
        last_poll=instant_or_none(feeds.last_poll),
        last_success=instant_or_none(feeds.last_success),
        next_due=instant_or_none(feeds.next_due),
        items=items.items,
        items_pending=items.pending,
        stories=found.stories,
        matches=found.matches,
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
        f"""select {STORED_COLUMNS}, m.at, m.name, m.role from {ITEMS} join near_misses m on m.item_id = i.id
        where m.at >= ? order by m.at desc, i.id desc limit ?""",
        [micros(since), limit],
    )
    return [
        StoredNearMiss(row.item_id, row.outlet, row.title, row.url, instant(row.at), row.name, row.role) for row in rows
    ]


def explain(db: Transaction, wanted: str, chat: str | None = None) -> Sequence[Explained]:
    """Return every decision about an item (its id or URL), or about a story ("story 7"), in order.

    With a `chat` only those about it, and those that an item was for nobody.
    """
    condition, values = _condition(db, wanted)
    if chat is not None:
        condition, values = f"({condition}) and d.chat in (?, '')", [*values, chat]
    rows = db.rows(
        f"""select {STORED_COLUMNS}, d.watch, d.chat, d.story_id, d.action, d.reason, o.state as message
        from {ITEMS} join decisions d on d.item_id = i.id
        left join outbox o on o.chat = d.chat and o.story_id = d.story_id and o.kind = 'alert'
            and d.action in ('alert', 'update')
        where {condition} order by i.seq, d.edits, d.watch, d.chat""",
        values,
    )
    return [
        Explained(
            *(row.item_id, row.outlet, row.title, row.url, instant(row.seen)),
            *(row.watch, row.chat, row.story_id, row.action, row.reason, row.message),
        )
        for row in rows
    ]


def _condition(db: Transaction, wanted: str) -> tuple[str, list[object]]:
    kind, _, number = wanted.rpartition(" ")
    if number.isdecimal() and len(number) <= _LONGEST_NUMBER:
        return ("d.story_id = ?" if kind == "story" else "i.id = ?"), [int(number)]
    page = canonical(wanted)
    # canonical forms are not stored: a look over the pages of that site
    host = site(wanted)
    query = "select id, url from items where replace(lower(url), ?, '') != lower(url) order by id desc limit ?"
    rows = db.rows(query, [host, _MOST_PAGES]) if "." in host else []
    return f"i.id in {db.dialect.listed}", [as_json([row.id for row in rows if canonical(row.url) == page])]
