"""A store with news in it."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

from bot.core.model import (
    Action,
    Batch,
    ChatSpec,
    Decision,
    Entry,
    Feed,
    FeedSpec,
    Item,
    Lease,
    Match,
    Part,
    Poll,
    Priority,
    Source,
    Story,
    Validators,
)
from bot.core.model.outbox import order_alert, order_edit
from bot.feeds.identity import keyed
from bot.store.store import Store

T = TypeVar("T")

NOW = datetime(2026, 3, 3, 12, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
URL = "https://ledger.example/feed"
TEAM = ChatSpec("team", -1001)


def with_store(path: Path | None, work: Callable[[Store], Awaitable[T]]) -> T:
    """Open a store, work with it, and close it."""
    store = Store(path)

    async def run() -> T:
        return await work(store)

    try:
        return asyncio.run(run())
    finally:
        store.close()


async def leased(store: Store, *feeds: FeedSpec) -> tuple[Lease, Feed]:
    """Make these the feeds, one if none is named, and lease the host of the first."""
    await store.fetch.set_feeds(feeds or [FeedSpec(URL, "The Ledger")], NOW)
    (lease, *_) = await store.fetch.lease(NOW, LATER, 1)
    (feed, *_) = await store.fetch.due(lease, NOW)
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
    match = Match(item, "watch", Part.TITLE, ())
    order = order_edit(chat, story, revision, priority) if revision else order_alert(chat, story, priority)
    return Batch(
        done=(item,),
        matches=((match, story),),
        stories=(Story(story, (), (source,)),),
        decisions=(Decision(item.id, "watch", chat, Action.ALERT, "because", story),),
        orders=(order,),
    )


async def counted(store: Store, *tables: str) -> list[int]:
    """Return how many rows there are in each of some tables."""
    queries = [f"select count(*) from {table}" for table in tables]  # noqa: S608  # the names stand in tests
    return await store._connection.read(lambda db: [db.one(query)[0] for query in queries])
