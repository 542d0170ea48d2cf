"""The desk's part of the store: pending items, stories, hits, decisions, and the orders it gives."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from bot.core.model import (
    Batch,
    Decision,
    DeliveryRecord,
    EventKey,
    EventSummary,
    Evidence,
    Item,
    Match,
    MessageKind,
    MessageOrder,
    Part,
    Preferences,
    Source,
    Story,
)
from bot.store.chat_hours import preferences
from bot.store.engine.connection import Connection, as_json, instant, instant_or_none, micros, texts
from bot.store.engine.transaction import Transaction
from bot.store.feeds import LATE
from bot.store.outbox.digests import save_line, told_in_digests

ITEM_COLUMNS = "i.id, i.title, i.summary, i.url, f.name, f.owner, f.tags, i.published, i.seen, i.baseline, i.edits"
ITEM_TABLES = "from items i join feeds f on f.id = i.feed_id"
_SOURCE_COLUMNS = (
    "s.id, s.facts, s.akin, r.item_id, r.outlet, r.owner, r.title, r.url, r.at, "
    "r.credit, r.is_named, r.is_corrected, r.is_denial"
)


class DecideTables:
    """DeskStore on SQLite."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def take_items(self, limit: int) -> Sequence[Item]:
        """Return pending items in the order in which they were committed."""
        query = f"select {ITEM_COLUMNS} {ITEM_TABLES} where i.state = 'pending' order by i.seq limit ?"
        rows = await self._connection.read(lambda db: db.rows(query, [limit]))
        return [item_of(row) for row in rows]

    async def recent_stories(self, since: datetime) -> Sequence[Story]:
        """Return the stories with a source seen at or after `since`, oldest first."""
        return await self._connection.read(lambda db: stories_where(db, "s.last >= ?", [micros(since)]))

    async def last_story_id(self) -> int:
        """Return the highest story id given so far, 0 for none; one that was joined with another is not given again."""
        query = """select coalesce(max(id), 0) from (select max(id) as id from stories
            union all select max(story_id) from regroupings union all select max(story_id) from digest_lines)"""
        return int((await self._connection.read(lambda db: db.one(query)))[0])

    async def decided_until(self) -> datetime | None:
        """Return when the newest item was seen that is decided about, or None."""
        query = "select max(seen) from items where state = 'done'"
        return instant_or_none((await self._connection.read(lambda db: db.one(query)))[0])

    async def delivery_records(self, story_ids: Iterable[int]) -> Mapping[tuple[str, int], DeliveryRecord]:
        """Return what each (chat, story) that was ordered at all has been told so far."""
        wanted = list(story_ids)
        return await self._connection.read(lambda db: told_of(db, wanted))

    async def preferences(self) -> Preferences:
        """Return what chats want beside their watches."""
        return await self._connection.read(preferences)

    async def alerts_since(self, since: datetime) -> Mapping[str, Sequence[datetime]]:
        """Return when each chat was told of a story for the first time, at or after `since`, in order."""
        query = "select chat, at from decisions where action = 'alert' and at >= ? order by at"
        found: dict[str, list[datetime]] = {}
        for chat, at in await self._connection.read(lambda db: db.rows(query, [micros(since)])):
            found.setdefault(chat, []).append(instant(at))
        return found

    async def matched(self, item_ids: Iterable[int]) -> Mapping[tuple[int, str], int]:
        """Return the story of each (item, watch) that was matched before."""
        wanted = as_json(list(item_ids))
        query = "select item_id, watch, story_id from hits where item_id in (select value from json_each(?))"
        rows = await self._connection.read(lambda db: db.rows(query, [wanted]))
        return {(item, watch): story for item, watch, story in rows}

    async def commit_batch(self, batch: Batch) -> None:
        """Commit a batch whole; a replay changes nothing."""

        def work(db: Transaction) -> None:
            at = {item.id: micros(item.seen) for item in batch.done}
            edits = {item.id: item.edits for item in batch.done}
            for story in batch.stories:
                save_story(db, story)
            for match, story_id in batch.matches:
                save_match(db, match, story_id)
            for decision in batch.decisions:
                _save_decision(db, decision, at[decision.item_id], edits[decision.item_id])
            former = {name for (name,) in db.rows("select name from former_chats")}
            for order in (order for order in batch.orders if order.chat not in former):
                save_order(db, order, max(at.values()))
            for near_miss in batch.near_misses:
                row = [near_miss.item_id, near_miss.name, near_miss.role, at[near_miss.item_id]]
                db.execute("insert or ignore into misses values (?, ?, ?, ?)", row)
            for item in batch.done:
                # an item that was edited while the desk read it stays pending
                db.execute("update items set state = 'done' where id = ? and edits = ?", [item.id, item.edits])

        await self._connection.write(work)


def item_of(row: Sequence[Any]) -> Item:
    """Return the item in a row of `ITEM_COLUMNS`."""
    id_, title, summary, url, outlet, owner, tags, published, seen, is_backfill, edits = row
    return Item(
        id=id_,
        title=title,
        summary=summary,
        url=url,
        outlet=outlet,
        owner=owner,
        tags=texts(tags),
        published=instant_or_none(published),
        seen=instant(seen),
        is_backfill=bool(is_backfill),
        edits=edits,
        is_late_arrival=is_backfill == LATE,
    )


def stories_where(db: Transaction, condition: str, values: Sequence[object]) -> list[Story]:
    """Return stories with their sources, oldest first; `condition` is SQL of this folder."""
    rows = db.rows(
        f"select {_SOURCE_COLUMNS} from stories s join story_sources r on r.story_id = s.id "
        f"where {condition} order by s.id, r.at, r.item_id",
        values,
    )
    return [
        Story(id_, _event_keys(event_keys), tuple(_source(row) for row in group), possible_duplicate)
        for (id_, event_keys, possible_duplicate), group in groupby(rows, key=lambda row: row[:3])
    ]


def _event_keys(stored: str) -> tuple[EventKey, ...]:
    return tuple(
        EventKey(kind, certainty, tuple(people), tuple(organisations), is_named, tuple(roles))
        for kind, certainty, people, organisations, is_named, roles in json.loads(stored)
    )


def _source(row: Sequence[Any]) -> Source:
    item_id, outlet, owner, title, url, at, credit, named, corrected, denial = row[3:]
    return Source(item_id, outlet, owner, title, url, instant(at), credit, bool(named), bool(corrected), bool(denial))


def told_of(db: Transaction, story_ids: Iterable[int]) -> dict[tuple[str, int], DeliveryRecord]:
    """Return what each (chat, story) that was ordered at all has been told so far."""
    wanted = as_json(list(story_ids))
    messages = """select chat, story_id, max(revision) from outbox
        where kind in ('alert', 'edit') and story_id in (select value from json_each(?)) group by chat, story_id"""
    found = {key: DeliveryRecord(0, in_digest=True, watches=watches) for key, watches in told_in_digests(db, wanted)}
    return found | {(chat, story): DeliveryRecord(revision) for chat, story, revision in db.rows(messages, [wanted])}


def matches_of(db: Transaction, story_id: int, chat: str) -> list[Match]:
    """Return what put a story before a chat, in the order in which it was found."""
    rows = db.rows(
        f"""select {ITEM_COLUMNS}, h.watch, h.place, h.event, h.certainty, h.people, h.organisations, h.evidence
        {ITEM_TABLES} join hits h on h.item_id = i.id
        where h.story_id = ? and exists
            (select 1 from decisions d where d.item_id = h.item_id and d.watch = h.watch and d.chat = ?)
        order by i.seq, h.watch""",
        [story_id, chat],
    )
    return [_match(row) for row in rows]


def _match(row: Sequence[Any]) -> Match:
    watch, place, event, certainty, people, organisations, evidence = row[11:]
    return Match(
        item=item_of(row[:11]),
        watch=watch,
        where=Part(place),
        evidence=tuple(Evidence(Part(where), text, slot) for where, text, slot in json.loads(evidence)),
        event=EventSummary(event, certainty, texts(people), texts(organisations)) if event else None,
    )


def save_story(db: Transaction, story: Story) -> None:
    """Write a story with its sources; what is there already and has not changed stays."""
    event_keys = as_json(
        [[f.kind, f.certainty, f.people, f.organisations, f.is_named, f.roles] for f in story.event_keys]
    )
    db.execute(
        """insert into stories (id, facts, akin, first, last) values (?, ?, ?, ?, ?)
        on conflict (id) do update set last = max(last, excluded.last), facts = excluded.facts""",
        [story.id, event_keys, story.possible_duplicate, micros(story.first), micros(story.last)],
    )
    for source in story.sources:
        db.execute(
            """insert into story_sources
            (story_id, item_id, outlet, owner, title, url, at, credit, is_named, is_corrected, is_denial)
            values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            on conflict do update set title = excluded.title, is_corrected = excluded.is_corrected
            where is_corrected != excluded.is_corrected or title != excluded.title""",
            [
                story.id,
                source.item_id,
                source.outlet,
                source.owner,
                source.title,
                source.url,
                micros(source.at),
                source.credit,
                source.is_named,
                source.is_corrected,
                source.is_denial,
            ],
        )


def save_match(db: Transaction, match: Match, story_id: int) -> None:
    """Write what a watch found in an item; what is there already stays."""
    event = match.event
    db.execute(
        "insert or ignore into hits values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            match.item.id,
            match.watch,
            story_id,
            match.where,
            event.kind if event else None,
            event.certainty if event else None,
            as_json(event.people if event else ()),
            as_json(event.organisations if event else ()),
            as_json([[piece.where, piece.text, piece.slot] for piece in match.evidence]),
        ],
    )


def _save_decision(db: Transaction, decision: Decision, at: int, edits: int) -> None:
    """Keep a decision beside those about the item as it read before; the same one again changes nothing."""
    db.execute(
        """insert or ignore into decisions (item_id, watch, chat, edits, story_id, action, reason, at)
        values (?, ?, ?, ?, ?, ?, ?, ?)""",
        [
            decision.item_id,
            decision.watch,
            decision.chat,
            edits,
            decision.story_id,
            decision.action,
            decision.reason,
            at,
        ],
    )


def save_order(db: Transaction, order: MessageOrder, at: int) -> None:
    """Put what the desk ordered into the outbox, or a digest; the same order again changes nothing."""
    if order.kind is MessageKind.DIGEST:
        save_line(db, order, at)
        return
    db.execute(
        """insert or ignore into outbox
        (chat, story_id, kind, revision, priority, state, not_before, created, changed, answer)
        values (?, ?, ?, ?, ?, 'pending', 0, ?, ?, ?)""",
        [order.chat, order.story_id, order.kind, order.revision, order.priority, at, at, order.text],
    )
