"""The loop that decides: pending items → match → group → decide → commit."""

import logging
from collections import deque
from collections.abc import Sequence
from datetime import timedelta

from bot.alerts.decide import Limits, StoryMemory, decide_items, laid_aside
from bot.alerts.regroup import regroup
from bot.core.errors import TipoffError
from bot.core.model import Action, Batch, DeliveryRecord, Item
from bot.core.ports import DecideStore, RegroupStore
from bot.stories.grouping import LiveStories
from bot.watches.watchlist import Watchlist

log = logging.getLogger(__name__)

_ITEMS_AT_ONCE = 200
_HOUR = timedelta(hours=1)


class DecideStage:
    """Decides about pending items, in order. `watchlist` may be replaced between two batches.

    Its only time is the items' own, so that the same items give the same decisions on any day. What it knows of
    the live stories it keeps in memory, and reads anew after a failure.
    """

    def __init__(
        self,
        store: DecideStore,
        watchlist: Watchlist,
        window: timedelta,
        limits: Limits | None = None,
        people: RegroupStore | None = None,
    ) -> None:
        """Build the stage. `people` knows what was said of stories; without it they stay as they are."""
        self._store = store
        self._people = people
        self._window = window
        self._limits = limits or Limits()
        self._memory: StoryMemory | None = None
        self.watchlist = watchlist

    async def run_once(self) -> int:
        """Decide about everything that is pending; return how many messages that orders."""
        orders = await self._regroup()
        while items := await self._store.take_items(_ITEMS_AT_ONCE):
            try:
                batch = await self._decide(items)
            except TipoffError:
                raise
            except Exception:  # a bug is passed on; what it chokes on is laid aside before
                await self._lay_aside(items)
                raise
            orders += len(batch.orders)
            alerts = sum(decision.action is Action.ALERT for decision in batch.decisions)
            log.info("desk items=%d hits=%d alerts=%d", len(items), len(batch.matches), alerts)
        return orders

    async def _decide(self, items: Sequence[Item]) -> Batch:
        """Decide about items and commit that. Only what is committed is known: after a failure all is learnt anew."""
        memory, self._memory = self._memory or await self._remember(), None
        memory.matched = dict(await self._store.matched(item.id for item in items))
        batch = decide_items(items, self.watchlist, memory, self._limits, await self._store.preferences())
        await self._store.commit_batch(batch)
        self._memory = memory
        return batch

    async def _lay_aside(self, items: Sequence[Item]) -> None:
        """Decide about items one by one, and lay those aside that a bug chokes on: no start is to end at them again."""
        for item in items:
            try:
                await self._decide([item])
            except TipoffError:
                raise
            except Exception as bug:  # it is raised by whoever calls; the other items are decided first
                log.exception("laid_aside item=%d", item.id)
                await self._store.commit_batch(laid_aside(item, type(bug).__name__))

    async def _regroup(self) -> int:
        """Do with stories as people said; return how many messages that orders."""
        orders = 0
        if self._people is None:
            return orders
        while asked := await self._people.next_regrouping():
            # what it comes to is learnt anew from the store: people do this seldom
            memory, self._memory = self._memory or await self._remember(), None
            memory.matched = {}
            done = regroup(asked, self.watchlist, memory, self._limits, await self._store.preferences())
            if not await self._people.commit_regrouping(done):
                break
            orders += len(done.orders)
            log.info("regrouped story=%d chat=%s orders=%d", asked.story.id, asked.chat, len(done.orders))
        return orders

    async def _remember(self) -> StoryMemory:
        """Return what the store knows of the live stories."""
        now = await self._store.decided_until()
        stories = await self._store.recent_stories(now - self._window) if now is not None else ()
        alerts = await self._store.alerts_since(now - _HOUR) if now is not None else {}
        told: dict[str, dict[int, DeliveryRecord]] = {}
        for (chat, story), record in (await self._store.delivery_records(story.id for story in stories)).items():
            told.setdefault(chat, {})[story] = record
        return StoryMemory(
            stories=LiveStories(self._window, stories),
            last_story=await self._store.last_story_id(),
            told=told,
            alerts={chat: deque(times) for chat, times in alerts.items()},
        )
