"""The services of the chat: requests are understood, watches tried, feeds found, the database copied."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, timedelta
from pathlib import Path
from threading import Event

from bot.alerts.batch import Limits
from bot.alerts.stage import DecideStage
from bot.chat.context import FoundFeed
from bot.core.errors import StoreError
from bot.core.model import Action, Batch, FeedFailure, FeedHealth, Item, Status, StoredItem, Trial, WatchSpec
from bot.core.ports import Clock, Fetcher, Parser
from bot.core.text import one_line
from bot.feeds.discovery import look_for_feeds
from bot.in_force import InForce
from bot.store.memory import MemoryStore
from bot.store.store import Store, open_to_read
from bot.watches.request import understand_request
from bot.watches.watchlist import Watchlist

_TRIED = timedelta(days=30)  # how far a trial goes back
_MOST_TRIED = 30_000  # items
_SHOWN = 5  # stories of a trial
_MOST_STORIES = 1_000  # of a trial
_LONGEST_TRIAL = 20  # seconds
_FOUND = 3  # feeds of a page
_LONGEST_LOOK = 60  # seconds, at all the addresses of a page


class NewsroomServices:
    """Answers the chat out of the store, the decide stage and the feeds."""

    def __init__(
        self,
        path: Path,
        store: Store,
        clock: Clock,
        fetcher: Fetcher,
        parser: Parser,
        in_force: InForce,
        window: timedelta,
    ) -> None:
        """Join the parts; `window` is how long a story lives."""
        self._path = path
        self._store = store
        self._clock = clock
        self._fetcher = fetcher
        self._parser = parser
        self._in_force = in_force
        self._window = window
        self._trials = asyncio.Semaphore(1)  # threads: the others are needed for names of hosts

    def watches(self) -> Sequence[WatchSpec]:
        """Return the watches in force, from the configuration and from chats."""
        return self._in_force.configuration.watches

    def understand(self, text: str, chat: str) -> WatchSpec:
        """Return the watch that a line asks for. Raises WatchError."""
        names = self._in_force.configuration
        return understand_request(text, chat, names.people, names.organisations)

    async def try_out(self, watch: WatchSpec) -> Trial:
        """Return what a watch would have sent in the last month, as far as it is stored."""
        names = self._in_force.configuration
        watchlist = Watchlist.compile([watch], names.people, names.organisations)
        enough = Event()
        async with self._trials:
            return await self._try_out(watchlist, enough)

    async def _try_out(self, watchlist: Watchlist, enough: Event) -> Trial:
        try:
            return await asyncio.to_thread(_try_out, self._path, watchlist, self._window, self._clock, enough)
        finally:
            enough.set()  # nobody waits for it any more

    async def feeds(self) -> Sequence[FeedHealth]:
        """Return the feeds and how they are doing."""
        return await self._store.feeds()

    async def find_feeds(self, url: str) -> Sequence[FoundFeed] | str:
        """Return the feeds at an address or of the page there, the best first, or why there is none, in words."""
        try:
            async with asyncio.timeout(_LONGEST_LOOK):
                found = await look_for_feeds(url, self._fetcher, self._parser)
        except TimeoutError:
            return f"nothing was answered within {_LONGEST_LOOK} seconds"
        if isinstance(found, FeedFailure):
            return f"{found.reason}: {found.detail}"
        return [
            FoundFeed(
                one.url,
                one_line(one.document.title),
                len(one.document.entries),
                one.document.entries[0].title if one.document.entries else "",
            )
            for one in found[:_FOUND]
        ]

    async def reload(self) -> None:
        """Take over the watches and feeds of the chats."""
        await self._in_force.refresh()

    async def status(self) -> Status:
        """Return the state of the feeds, the items and the outbox."""
        return await self._store.status(self._clock.now())

    async def backup(self) -> str:
        """Copy the database; return how the copy is called. Raises StoreError."""
        copy = await self._store.backup(self._clock.now())
        if copy is None:
            raise StoreError("there is no file to copy")
        return copy.name


def _try_out(path: Path, watchlist: Watchlist, window: timedelta, clock: Clock, enough: Event) -> Trial:
    """Go through the stored items once more, with one watch; runs in a thread of its own.

    It ends when it has seen `enough`: that many stories are too much of a watch anyway.
    """
    now, until = clock.now(), clock.monotonic() + _LONGEST_TRIAL
    sent: dict[int, Item] = {}
    oldest = now
    count = 0

    with open_to_read(path) as store:
        start = store.start_of_newest(now - _TRIED, _MOST_TRIED)

        def items() -> Iterator[Item]:
            nonlocal oldest, count
            for item in store.readings(start):
                at = item.published or item.seen
                if at < now - _TRIED:
                    continue
                if enough.is_set() or len(sent) >= _MOST_STORIES or clock.monotonic() > until:
                    enough.set()
                    return
                oldest, count = min(oldest, at), count + 1
                # what stood in a feed at its first poll was news to its readers once
                yield replace(item, is_backfill=False, is_late_arrival=False)

        def receive(batch: Batch) -> None:
            stories = {story.id: story for story in batch.stories}
            by_id = {item.id: item for item in batch.done}
            for decision in batch.decisions:
                if decision.action is Action.ALERT and decision.story_id in stories:
                    sent[decision.story_id] = by_id[decision.item_id]

        stage = DecideStage(MemoryStore(items(), receive), watchlist, window, Limits(per_hour=_MOST_TRIED))
        asyncio.run(stage.run_once())
    newest = sorted(sent.values(), key=lambda item: item.published or item.seen, reverse=True)[:_SHOWN]
    kept = tuple(StoredItem(item.id, item.outlet, item.title, item.url, item.published or item.seen) for item in newest)
    return Trial(oldest.astimezone(UTC), count, len(sent), kept, is_cut=enough.is_set())
