"""The loop that decides: pending items → match → group → decide → commit."""

import logging
from datetime import timedelta

from bot.desk.decide import Memory, decide_items
from bot.desk.watches import Watchlist
from bot.model import Action
from bot.ports import DeskStore

log = logging.getLogger(__name__)

_ITEMS_AT_ONCE = 200


class Desk:
    """Decides about pending items, in order. `watchlist` may be replaced between two batches.

    Its only time is the items' own, so that the same items give the same decisions on any day.
    """

    def __init__(self, store: DeskStore, watchlist: Watchlist, window: timedelta) -> None:
        self._store = store
        self._window = window
        self.watchlist = watchlist

    async def run_once(self) -> int:
        """Decide about everything that is pending; return how many messages that orders."""
        orders = 0
        while items := await self._store.take_items(_ITEMS_AT_ONCE):
            since = min(item.seen for item in items) - self._window
            stories = await self._store.recent_stories(since)
            memory = Memory(
                stories={story.id: story for story in stories},
                last_story=await self._store.last_story_id(),
                revisions=dict(await self._store.told(story.id for story in stories)),
                matched=dict(await self._store.matched(item.id for item in items)),
            )
            batch = decide_items(items, self.watchlist, memory, self._window)
            await self._store.commit_desk(batch)
            orders += len(batch.orders)
            alerts = sum(decision.action is Action.ALERT for decision in batch.decisions)
            log.info("desk items=%d hits=%d alerts=%d", len(items), len(batch.hits), alerts)
        return orders
