"""The decide stage's part of the store: pending items, stories, matches, decisions, and the messages it orders."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import groupby

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
from bot.store.engine.transaction import Row, Transaction
from bot.store.items import ITEM_COLUMNS, ITEMS, item_of
from bot.store.outbox.digests import save_line, stories_in_digests
from bot.store.outbox.rows import put

_STORY_COLUMNS = (
    "s.id as story_id, s.event_keys, s.possible_duplicate, r.item_id, r.outlet, r.owner, r.title, r.url, r.at, "
    "r.credit, r.is_named, r.is_corrected, r.is_denial"
)
_MATCH_COLUMNS = "m.watch, m.place, m.event, m.certainty, m.people, m.organisations, m.evidence"


class DecideTables:
    """DecideStore."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def take_items(self, limit: int) -> Sequence[Item]:
        """Return pending items in the order in which they were committed."""
        query = f"select {ITEM_COLUMNS} from {ITEMS} where i.state = 'pending' order by i.seq limit ?"
        rows = await self._connection.read(lambda db: db.rows(query, [limit]))
        return [item_of(row) for row in rows]

    async def recent_stories(self, since: datetime) -> Sequence[Story]:
        """Return the stories with a source seen at or after `since`, oldest first."""
        return await self._connection.read(lambda db: stories_where(db, "s.last >= ?", [micros(since)]))

    async def last_story_id(self) -> int:
        """Return the highest story id given so far, 0 for none; one that was joined with another is not given again."""
        query = """select coalesce(max(id), 0) as id from (select max(id) as id from stories
            union all select max(story_id) from regroupings union all select max(story_id) from digest_lines) given"""
        return int((await self._connection.read(lambda db: db.one(query))).id)

    async def decided_until(self) -> datetime | None:
        """Return when the newest item was seen that is decided about, or None."""
        query = "select max(seen) as seen from items where state = 'done'"
        return instant_or_none((await self._connection.read(lambda db: db.one(query))).seen)

    async def delivery_records(self, story_ids: Iterable[int]) -> Mapping[tuple[str, int], DeliveryRecord]:
        """Return what each chat was sent so far of each story of which a message was ordered there."""
        wanted = list(story_ids)
        return await self._connection.read(lambda db: delivery_records(db, wanted))

    async def preferences(self) -> Preferences:
        """Return what chats want beside their watches."""
        return await self._connection.read(preferences)

    async def alerts_since(self, since: datetime) -> Mapping[str, Sequence[datetime]]:
        """Return when each chat was alerted to a new story, at or after `since`, in order."""
        query = "select chat, at from decisions where action = 'alert' and at >= ? order by at"
        found: dict[str, list[datetime]] = {}
        for row in await self._connection.read(lambda db: db.rows(query, [micros(since)])):
            found.setdefault(row.chat, []).append(instant(row.at))
        return found

    async def matched(self, item_ids: Iterable[int]) -> Mapping[tuple[int, str], int]:
        """Return the story of each (item, watch) that was matched before."""
        wanted = as_json(list(item_ids))

        def work(db: Transaction) -> list[Row]:
            query = f"select item_id, watch, story_id from matches where item_id in {db.dialect.listed}"
            return db.rows(query, [wanted])

        return {(row.item_id, row.watch): row.story_id for row in await self._connection.read(work)}

    async def commit_batch(self, batch: Batch) -> None:
        """Commit a batch whole; a replay changes nothing."""

        def work(db: Transaction) -> None:
            at = {item.id: micros(item.seen) for item in batch.done}
            edits = {item.id: item.edits for item in batch.done}
            for story in batch.stories:
                save_story(db, story)
            for match, story_id in batch.matches:
                save_match(db, match, story_id)
            _save_decisions(db, batch.decisions, at, edits)
            former = {row.name for row in db.rows("select name from former_chats")}
            for order in (order for order in batch.orders if order.chat not in former):
                save_order(db, order, max(at.values()))
            db.execute_many(
                "insert into near_misses (item_id, name, role, at) values (?, ?, ?, ?) on conflict do nothing",
                [(miss.item_id, miss.name, miss.role, at[miss.item_id]) for miss in batch.near_misses],
            )
            # an item that was edited meanwhile stays pending
            db.execute_many(
                "update items set state = 'done' where id = ? and edits = ?",
                [(item.id, item.edits) for item in batch.done],
            )

        await self._connection.write(work)


def stories_where(db: Transaction, condition: str, values: Sequence[object]) -> list[Story]:
    """Return stories with their sources, oldest first; `condition` is SQL of this folder."""
    rows = db.rows(
        f"""select {_STORY_COLUMNS} from stories s join story_sources r on r.story_id = s.id
        where {condition} order by s.id, r.at, r.item_id""",
        values,
    )
    return [_story_of(list(sources)) for _, sources in groupby(rows, key=lambda row: row.story_id)]


def stories_by_id(db: Transaction, ids: Iterable[int]) -> dict[int, Story]:
    """Return those of the stories with these ids that are kept."""
    found = stories_where(db, f"s.id in {db.dialect.listed}", [as_json(list(ids))])
    return {story.id: story for story in found}


def _story_of(rows: Sequence[Row]) -> Story:
    """Return the story in the rows of `_STORY_COLUMNS` of its sources."""
    first = rows[0]
    return Story(first.story_id, _event_keys(first.event_keys), tuple(map(_source_of, rows)), first.possible_duplicate)


def _event_keys(stored: str) -> tuple[EventKey, ...]:
    return tuple(
        EventKey(kind, certainty, tuple(people), tuple(organisations), is_named, tuple(roles))
        for kind, certainty, people, organisations, is_named, roles in json.loads(stored)
    )


def _source_of(row: Row) -> Source:
    return Source(
        row.item_id,
        row.outlet,
        row.owner,
        row.title,
        row.url,
        instant(row.at),
        row.credit,
        row.is_named == 1,
        row.is_corrected == 1,
        row.is_denial == 1,
    )


def delivery_records(db: Transaction, story_ids: Iterable[int]) -> dict[tuple[str, int], DeliveryRecord]:
    """Return what each chat was sent so far of each story of which a message was ordered there."""
    wanted = as_json(list(story_ids))
    messages = f"""select chat, story_id, coalesce(max(revision), 0) as revision from outbox
        where kind in ('alert', 'edit') and story_id in {db.dialect.listed} group by chat, story_id"""
    found = {key: DeliveryRecord(0, in_digest=True, watches=watches) for key, watches in stories_in_digests(db, wanted)}
    return found | {(row.chat, row.story_id): DeliveryRecord(row.revision) for row in db.rows(messages, [wanted])}


def matches_of(db: Transaction, story_id: int, chat: str) -> list[Match]:
    """Return what put a story before a chat, in the order in which it was found."""
    rows = db.rows(
        f"""select {ITEM_COLUMNS}, {_MATCH_COLUMNS} from {ITEMS} join matches m on m.item_id = i.id
        where m.story_id = ? and exists
            (select 1 from decisions d where d.item_id = m.item_id and d.watch = m.watch and d.chat = ?)
        order by i.seq, m.watch""",
        [story_id, chat],
    )
    return [_match_of(row) for row in rows]


def _match_of(row: Row) -> Match:
    """Return the match in a row of `ITEM_COLUMNS` and `_MATCH_COLUMNS`."""
    event = None
    if row.event:
        event = EventSummary(row.event, row.certainty, texts(row.people), texts(row.organisations))
    return Match(
        item=item_of(row),
        watch=row.watch,
        where=Part(row.place),
        evidence=tuple(Evidence(Part(where), text, slot) for where, text, slot in json.loads(row.evidence)),
        event=event,
    )


def save_story(db: Transaction, story: Story) -> None:
    """Write a story with its sources; what is there already and has not changed stays."""
    event_keys = as_json(
        [[f.kind, f.certainty, f.people, f.organisations, f.is_named, f.roles] for f in story.event_keys]
    )
    db.execute(
        """insert into stories (id, event_keys, possible_duplicate, first, last) values (?, ?, ?, ?, ?)
        on conflict (id) do update set event_keys = excluded.event_keys,
        last = case when excluded.last > stories.last then excluded.last else stories.last end""",
        [story.id, event_keys, story.possible_duplicate, micros(story.first), micros(story.last)],
    )
    db.execute_many(
        """insert into story_sources
        (story_id, item_id, outlet, owner, title, url, at, credit, is_named, is_corrected, is_denial)
        values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        on conflict (story_id, item_id) do update set title = excluded.title, is_corrected = excluded.is_corrected
        where story_sources.is_corrected != excluded.is_corrected or story_sources.title != excluded.title""",
        [
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
            ]
            for source in story.sources
        ],
    )


def save_match(db: Transaction, match: Match, story_id: int) -> None:
    """Write what a watch found in an item; what is there already stays."""
    event = match.event
    db.execute(
        """insert into matches
        (item_id, watch, story_id, place, event, certainty, people, organisations, evidence)
        values (?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict do nothing""",
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


def _save_decisions(
    db: Transaction, decisions: Iterable[Decision], at: Mapping[int, int], edits: Mapping[int, int]
) -> None:
    """Keep decisions beside those about the items as they read before; the same ones again change nothing."""
    db.execute_many(
        """insert into decisions (item_id, watch, chat, edits, story_id, action, reason, at)
        values (?, ?, ?, ?, ?, ?, ?, ?) on conflict do nothing""",
        [
            [
                *(one.item_id, one.watch, one.chat, edits[one.item_id]),
                *(one.story_id, one.action, one.reason, at[one.item_id]),
            ]
            for one in decisions
        ],
    )


def save_order(db: Transaction, order: MessageOrder, at: int) -> None:
    """Put a message that was ordered into the outbox, or a digest; the same order again changes nothing."""
    if order.kind is MessageKind.DIGEST:
        save_line(db, order, at)
    else:
        put(db, order, at)
