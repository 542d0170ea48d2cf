"""A store with news in it."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

from bot.model import (
    Action,
    Batch,
    ChatSpec,
    Decision,
    Entry,
    Feed,
    FeedSpec,
    Hit,
    Item,
    Kind,
    Lease,
    Order,
    Poll,
    Priority,
    Source,
    Story,
    Validators,
    Where,
)
from bot.store.sqlite import SqliteStore
from bot.wire.identity import keyed

T = TypeVar("T")

NOW = datetime(2026, 3, 3, 12, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
URL = "https://ledger.example/feed"
TEAM = ChatSpec("team", -1001)


def with_store(path: Path | None, work: Callable[[SqliteStore], Awaitable[T]]) -> T:
    """Open a store, work with it, and close it."""
    store = SqliteStore(path)

    async def run() -> T:
        return await work(store)

    try:
        return asyncio.run(run())
    finally:
        store.close()


async def leased(store: SqliteStore, *feeds: FeedSpec) -> tuple[Lease, Feed]:
    """Make these the feeds, one if none is named, and lease the host of the first."""
    await store.wire.set_feeds(feeds or [FeedSpec(URL, "The Ledger")], NOW)
    (lease, *_) = await store.wire.lease(NOW, LATER, 1)
    (feed, *_) = await store.wire.due(lease, NOW)
    return lease, feed


def poll(feed: Feed, *titles: str, at: datetime = NOW) -> Poll:
    """Return a good poll that brought these entries."""
    entries = [Entry(title, f"https://ledger.example/{title}", title, "", None) for title in titles]
    return Poll(feed, at, LATER, Validators('"v1"', "yesterday"), "hash", new=keyed(entries))


def told(
    item: Item, story: int = 1, chat: str = "team", revision: int = 0, priority: Priority = Priority.NORMAL
) -> Batch:
    """Return the batch in which an item is told to a chat."""
    source = Source(item.id, item.outlet, item.owner, item.title, item.url, item.seen)
    hit = Hit(item, "watch", Where.TITLE, ())
    return Batch(
        done=(item,),
        hits=((hit, story),),
        stories=(Story(story, (), (source,)),),
        decisions=(Decision(item.id, "watch", chat, Action.ALERT, "because", story),),
        orders=(Order(chat, story, Kind.EDIT if revision else Kind.ALERT, revision, priority),),
    )
