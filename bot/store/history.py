"""What was read: items in the order in which they were decided about, searching in them, and how long they are kept."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from bot.core.model import Item, StoredItem
from bot.core.text import clean
from bot.store.engine.connection import instant, micros
from bot.store.engine.transaction import Transaction
from bot.store.items import ITEM_COLUMNS, ITEMS, STORED_COLUMNS, item_of, stored_item_of

_MOST_WORDS, _SHORTEST = 12, 3  # of a search, and letters of a prefix
_AT_ONCE = 500  # rows that are forgotten in one transaction, so that no stage waits for it
# An item that was edited was read more than once, and stands here with each of its readings.
_READINGS = f"""select {ITEM_COLUMNS}, i.seq from {ITEMS} where i.state = 'done'
    union all select i.item_id as id, i.title, i.summary, i.url, f.name as outlet, f.owner, f.tags, i.published, i.seen,
    i.backfill, i.edits, i.seq from item_versions i join items j on j.id = i.item_id join feeds f on f.id = j.feed_id"""


def readings(db: Transaction, since: datetime) -> Iterator[Item]:
    """Yield what the decide stage has read since a moment, in its order; an edited item once for each of its texts."""
    return map(item_of, db.each(f"select * from ({_READINGS}) r where seen >= ? order by seq", [micros(since)]))


def count_readings(db: Transaction, since: datetime) -> int:
    """Return how many items `readings` yields."""
    return int(db.one(f"select count(*) as readings from ({_READINGS}) r where seen >= ?", [micros(since)]).readings)


def start_of_newest(db: Transaction, since: datetime, most: int) -> datetime:
    """Return from when on there are at most so many items, not before `since`."""
    row = db.one("select seen from items where state = 'done' order by seq desc limit 1 offset ?", [most])
    return since if row is None else max(since, instant(row.seen))


def labels(db: Transaction) -> Sequence[tuple[str, int, str, str]]:
    """Return what people said of items: the chat, the item, its headline, and "more" or "less" like it."""
    rows = db.rows(
        """select l.chat, l.item_id, i.title, l.verdict from labels l join items i on i.id = l.item_id
        order by i.seq, l.chat, l.watch"""
    )
    return [(row.chat, row.item_id, row.title, row.verdict) for row in rows]


def edited(db: Transaction) -> Sequence[int]:
    """Return the items that were read more than once."""
    return [row.item_id for row in db.rows("select distinct item_id from item_versions order by item_id")]


def search(db: Transaction, wanted: str, limit: int) -> Sequence[StoredItem]:
    """Return stored items with all of these words, the newest first; a word that ends in "*" may go on."""
    # a few words are enough, and each prefix of a letter or two would go through all there is
    words = [word.replace('"', "") for word in dict.fromkeys(clean(wanted).split())][:_MOST_WORDS]
    words = [word if len(word) > _SHORTEST else word.rstrip("*") for word in words]
    match = " ".join(f'"{word[:-1]}"*' if word.endswith("*") else f'"{word}"' for word in words if word.strip("*"))
    if not match:
        return ()
    rows = db.rows(
        f"""select {STORED_COLUMNS} from {ITEMS} where i.id in {db.dialect.found}
        order by i.seen desc, i.id desc limit ?""",
        [match, limit],
    )
    return [stored_item_of(row) for row in rows]


def forget(db: Transaction, now: datetime, items: timedelta, stories: timedelta) -> int:
    """Forget some of what is kept long enough, oldest first; return how many rows, 0 when nothing is left to forget.

    An item stays as long as its story does, and as long as its feed may still list it: what it is known by is
    never forgotten, so that it is not news once more.
    """
    old = db.rows(
        """select s.id from stories s where s.last < ? and not exists
        (select 1 from outbox o where o.story_id = s.id and o.state not in ('sent', 'dead')) limit ?""",
        [micros(now - stories), _AT_ONCE],
    )
    for story in [row.id for row in old]:
        db.execute("delete from handles where about = 'story' and subject = ?", [str(story)])
        for table in ("matches", "decisions", "story_sources", "outbox", "marks", "regroupings"):
            db.execute(f"delete from {table} where story_id = ?", [story])
        db.execute("delete from stories where id = ?", [story])
    gone = db.rows(
        """select i.id from items i where i.state = 'done' and i.seen < ? and (i.title != '' or i.summary != '')
        and not exists (select 1 from story_sources r where r.item_id = i.id) limit ?""",
        [micros(now - items), _AT_ONCE],
    )
    for item in [row.id for row in gone]:
        for table in ("decisions", "matches", "near_misses", "item_versions", "labels"):
            db.execute(f"delete from {table} where item_id = ?", [item])
        # the row stays, empty: its keys say that the item is known
        db.execute("update items set summary = '', title = '', url = null where id = ?", [item])
    # what is about no story: answers, notices, digests
    words = db.execute(
        """delete from outbox where id in (select o.id from outbox o
        where o.story_id is null and o.state in ('sent', 'dead') and o.changed < ? limit ?)""",
        [micros(now - stories), _AT_ONCE],
    )
    db.execute(
        """delete from handles where about = 'digest' and not exists
        (select 1 from outbox where id = cast(handles.subject as bigint))"""
    )
    for table in ("snoozes", "handles"):
        db.execute(f"delete from {table} where until < ?", [micros(now)])
    return len(old) + len(gone) + words
