"""The decide stage: pending items → match → group → decide → commit."""

import logging
from collections import deque
from collections.abc import Sequence
from datetime import timedelta

from bot.alerts.batch import Limits
from bot.alerts.candidates import StoryMemory
from bot.alerts.decide import decide_items, skip_item
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

    Its only time is the items' own, so that the same items give the same decisions on any day. It holds the live
    stories in memory, and builds that anew from the store after a failure.
    """

    def __init__(
        self,
        store: DecideStore,
        watchlist: Watchlist,
        window: timedelta,
        limits: Limits | None = None,
        people: RegroupStore | None = None,
    ) -> None:
        """Build the stage. `people` has the regroupings that people ask for; without it there are none."""
        self._store = store
        self._people = people
        self._window = window
        self._limits = limits or Limits()
        self._memory: StoryMemory | None = None
        self.watchlist = watchlist

    async def run_once(self) -> int:
        """Decide about all pending items; return how many messages that orders."""
        orders = await self._regroup()
        while items := await self._store.take_items(_ITEMS_AT_ONCE):
            try:
                batch = await self._decide(items)
            except TipoffError:
                raise
            except Exception:  # a bug is passed on; the item that meets it is skipped before
                await self._skip_failing(items)
                raise
            orders += len(batch.orders)
            alerts = sum(decision.action is Action.ALERT for decision in batch.decisions)
            log.info("decided items=%d matches=%d alerts=%d", len(items), len(batch.matches), alerts)
        return orders

    async def _decide(self, items: Sequence[Item]) -> Batch:
        """Decide about items and commit that. After a failure the memory is built anew: it holds what is committed."""
        memory, self._memory = self._memory or await self._build_memory(), None
        memory.matched = dict(await self._store.matched(item.id for item in items))
        batch = decide_items(items, self.watchlist, memory, self._limits, await self._store.preferences())
        await self._store.commit_batch(batch)
        self._memory = memory
        return batch

    async def _skip_failing(self, items: Sequence[Item]) -> None:
        """Decide about items one by one, and skip those that meet a bug: the next start must not end at them again."""
        for item in items:
            try:
                await self._decide([item])
            except TipoffError:
                raise
            except Exception as bug:  # the caller raises it; the other items are decided about first
                log.exception("skipped item=%d", item.id)
                await self._store.commit_batch(skip_item(item, type(bug).__name__))

    async def _regroup(self) -> int:
        """Regroup stories as people ask; return how many messages that orders."""
        orders = 0
        if self._people is None:
            return orders
        while regrouping := await self._people.next_regrouping():
            # the memory is built anew from the store afterwards: people do this seldom
            memory, self._memory = self._memory or await self._build_memory(), None
            memory.matched = {}
            done = regroup(regrouping, self.watchlist, memory, self._limits, await self._store.preferences())
            if not await self._people.commit_regrouping(done):
                break
            orders += len(done.orders)
            log.info("regrouped story=%d chat=%s orders=%d", regrouping.story.id, regrouping.chat, len(done.orders))
        return orders

    async def _build_memory(self) -> StoryMemory:
        """Return a memory of what is in the store."""
        now = await self._store.decided_until()
        stories = await self._store.recent_stories(now - self._window) if now is not None else ()
        alerts = await self._store.alerts_since(now - _HOUR) if now is not None else {}
        records: dict[str, dict[int, DeliveryRecord]] = {}
        for (chat, story), record in (await self._store.delivery_records(story.id for story in stories)).items():
            records.setdefault(chat, {})[story] = record
        return StoryMemory(
            stories=LiveStories(self._window, stories),
            last_story=await self._store.last_story_id(),
            delivery_records=records,
            alert_times={chat: deque(times) for chat, times in alerts.items()},
        )
