"""A fetch stage with a real store and a real server around it, and a clock that is moved by hand."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import ClassVar

from bot.core.guard import Guard
from bot.core.model import FeedHealth, FeedSpec, Item
from bot.core.model.outbox import NoticePayload
from bot.core.settings import PollSettings
from bot.feeds.fetch import HttpFetcher
from bot.feeds.parsing.formats import read_document
from bot.feeds.rate_gate import RateGate
from bot.feeds.stage import FetchStage
from bot.store.outbox.payloads import decode
from bot.store.store import Store
from tests.builders import Entry, rss
from tests.fakes import FixedClock
from tests.servers.feeds import FeedServer


class RecordingGate(RateGate):
    """The real gate; `begun` holds when it let each request through, by the loop's time."""

    begun: ClassVar[list[float]] = []

    async def take(self) -> bool:
        is_open = await super().take()
        self.begun.append(self._free_at - self._gap)
        return is_open


class Counting:
    """Reads in this process, and counts how often: the tests of the workers start the real ones."""

    def __init__(self) -> None:
        self.documents = 0  # that were read whole
        self.parts = 0

    async def parse(self, body: bytes, content_type: str, url: str) -> object:
        if content_type.startswith("application/xml; charset="):
            self.parts += 1
        else:
            self.documents += 1
        return read_document(body, content_type, url)


class Bed:
    """A fetch stage with everything around it, and a clock that is moved by hand."""

    def __init__(self, server: FeedServer, store: Store, *others: FeedServer) -> None:
        self.server = server
        self.others = others
        self.store = store
        self.clock = FixedClock()
        self.parser = Counting()
        self.poll = PollSettings(gap=timedelta(0))
        self.fetcher = HttpFetcher(Guard([one.address for one in (server, *others)]), self.poll)
        self.fetch_stage = FetchStage(store.fetch, self.fetcher, self.parser, self.clock, self.poll)  # type: ignore[arg-type]  # counted

    async def pass_once(self) -> list[Item]:
        """Poll what is due an hour later; return what is new for the decide stage, and take it off."""
        return await self.pass_after(hours=1)

    async def pass_after(self, **span: float) -> list[Item]:
        """Poll what is due after this time; return what is new for the decide stage, and take it off."""
        self.clock.move(**span)
        await self.fetch_stage.run_once()
        items = list(await self.store.decide.take_items(100))
        await self.store._connection.write(lambda db: db.execute("update items set state = 'done'"))
        return items

    async def notices(self) -> list[str]:
        """Return what the owner is sent."""
        query = "select payload from outbox where kind = 'notice' order by id"
        payloads = [decode(row.payload) for row in await self.store._connection.read(lambda db: db.rows(query))]
        return [payload.text for payload in payloads if isinstance(payload, NoticePayload)]

    async def feeds(self) -> list[FeedHealth]:
        return list(await self.store.feeds())

    async def health(self) -> FeedHealth:
        return (await self.feeds())[0]


def run(work: Callable[[Bed], Awaitable[None]], *paths: str) -> None:
    """Run a story with one feed, /a, or with these."""

    async def story(server: FeedServer, store: Store) -> None:
        bed = Bed(server, store)
        try:
            feeds = [FeedSpec(server.url(path), path) for path in paths or ("/a",)]
            await store.fetch.set_feeds(feeds, bed.clock.now())
            await store.chats.set_chats(())
            await store.chats.pair(1, 1, "paired", bed.clock.now())
            await work(bed)
        finally:
            await bed.fetcher.close()

    store = Store(None)
    try:
        with FeedServer() as server:
            asyncio.run(story(server, store))
    finally:
        store.close()


def news(*numbers: int) -> bytes:
    return rss([Entry(f"Title {n}", f"https://a.example/{n}", f"id-{n}") for n in numbers])


def titles(items: list[Item]) -> list[str]:
    return [item.title.removeprefix("Title ") for item in items]
