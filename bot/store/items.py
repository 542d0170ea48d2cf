"""Items as rows: what the fetch stage stored, as the decide stage and people read it."""

from bot.core.model import Item, KnownItem, StoredItem
from bot.store.engine.connection import instant, instant_or_none, texts
from bot.store.engine.transaction import Row

ITEMS = "items i join feeds f on f.id = i.feed_id"
ITEM_COLUMNS = (
    "i.id, i.title, i.summary, i.url, f.name as outlet, f.owner, f.tags, i.published, i.seen, i.backfill, i.edits"
)
KNOWN_COLUMNS = "i.id, i.text_hash, i.edits, i.title, i.url, i.published"
STORED_COLUMNS = "i.id as item_id, f.name as outlet, i.title, i.url, i.seen"

# What stands in the column `backfill` of an item that is no news, or came behind its time.
BACKFILL = 1
LATE_ARRIVAL = 2


def item_of(row: Row) -> Item:
    """Return the item in a row of `ITEM_COLUMNS`."""
    return Item(
        id=row.id,
        title=row.title,
        summary=row.summary,
        url=row.url,
        outlet=row.outlet,
        owner=row.owner,
        tags=texts(row.tags),
        published=instant_or_none(row.published),
        seen=instant(row.seen),
        is_backfill=row.backfill != 0,
        edits=row.edits,
        is_late_arrival=row.backfill == LATE_ARRIVAL,
    )


def known_item_of(row: Row) -> KnownItem:
    """Return what is remembered of the item in a row of `KNOWN_COLUMNS`."""
    return KnownItem(row.id, row.text_hash, row.edits, row.title, row.url, instant_or_none(row.published))


def stored_item_of(row: Row) -> StoredItem:
    """Return the item in a row of `STORED_COLUMNS`, as people are shown it."""
    return StoredItem(row.item_id, row.outlet, row.title, row.url, instant(row.seen))
