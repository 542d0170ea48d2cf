"""A store for a backtest: items from anywhere go in, decisions come out, nothing is kept."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice

from bot.core.model import Batch, DeliveryRecord, Item, Preferences, Story


class MemoryStore:
    """DecideStore for a backtest: every batch goes to `receive`, and what the decide stage holds in memory is all."""

    def __init__(self, items: Iterator[Item], receive: Callable[[Batch], None], edited: Iterable[int] = ()) -> None:
        """Take items in the order in which they were committed; those in `edited` come more than once."""
        self._items = items
        self._receive = receive
        self._edited = frozenset(edited)
        self._matched: dict[tuple[int, str], int] = {}

    async def take_items(self, limit: int) -> Sequence[Item]:
        """Return the next items."""
        return list(islice(self._items, limit))

    async def recent_stories(self, since: datetime) -> Sequence[Story]:
        """Return none: a backtest begins with an empty past."""
        return ()

    async def last_story_id(self) -> int:
        """Return 0."""
        return 0

    async def decided_until(self) -> datetime | None:
        """Return None."""
        return None

    async def delivery_records(self, story_ids: Iterable[int]) -> Mapping[tuple[str, int], DeliveryRecord]:
        """Return none: no chat was sent anything before."""
        return {}

    async def alerts_since(self, since: datetime) -> Mapping[str, Sequence[datetime]]:
        """Return nothing, as above."""
        return {}

    async def preferences(self) -> Preferences:
        """Return none: what a chat wants today says nothing about its watches."""
        return Preferences()

    async def matched(self, item_ids: Iterable[int]) -> Mapping[tuple[int, str], int]:
        """Return the story of each (item, watch) that was matched when the item read otherwise."""
        wanted = self._edited.intersection(item_ids)
        return {key: story for key, story in self._matched.items() if key[0] in wanted}

    async def commit_batch(self, batch: Batch) -> None:
        """Hand a batch on."""
        for match, story in batch.matches:
            if match.item.id in self._edited:
                self._matched.setdefault((match.item.id, match.watch), story)
        self._receive(batch)
