"""A candidate: one match on its way to one chat, with what is known of both. Pure."""

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

from bot.core.model import DeliveryRecord, Mark, Match, Preferences, Priority, WatchSpec
from bot.stories.grouping import LiveStories
from bot.stories.placement import Placement


@dataclass(slots=True)
class StoryMemory:
    """What the decide stage knows of the last days; changes as it decides."""

    stories: LiveStories
    last_story: int = 0
    delivery_records: dict[str, dict[int, DeliveryRecord]] = field(default_factory=dict)  # chat → story
    alert_times: dict[str, deque[datetime]] = field(default_factory=dict)  # chat → when its alerts were ordered
    matched: dict[tuple[int, str], int] = field(default_factory=dict)  # (item, watch) → story
    reported_by: dict[str, str] = field(default_factory=dict)  # chat → the watch that reports the item at hand to it

    def expire(self, now: datetime) -> None:
        """Forget what is too old to matter."""
        for story in self.stories.expire(now):
            for records in self.delivery_records.values():
                records.pop(story, None)


@dataclass(frozen=True, slots=True)
class Candidate:
    """One match on its way to one chat."""

    match: Match
    chat: str
    placement: Placement
    memory: StoryMemory
    preferences: Preferences
    spec: WatchSpec  # of the watch

    @property
    def priority(self) -> Priority:
        """Return the priority of the watch."""
        return self.spec.priority

    @property
    def delivery_record(self) -> DeliveryRecord | None:
        """Return what the chat was sent of the story, None for nothing."""
        record = self.memory.delivery_records.get(self.chat, {}).get(self.placement.story.id)
        if record is not None and record.in_digest and (self.chat, self.placement.story.id) in self.preferences.shown:
            return record_of(0)
        return record

    @property
    def mark(self) -> Mark:
        """Return how the chat marked the story."""
        return self.preferences.marks.get((self.chat, self.placement.story.id), Mark.NONE)

    def name_of(self, watch: str) -> str:
        """Return the name of a watch in the chat; inside, one that was made there begins with the chat's."""
        return watch.removeprefix(f"{self.chat}/")

    @property
    def is_urgent(self) -> bool:
        """Say whether it is sent at any hour and over any cap."""
        return self.priority is Priority.HIGH or (self.mark is Mark.FOLLOWED and bool(self.placement.news))

    @property
    def snoozed_until(self) -> datetime | None:
        """Return until when the chat has snoozed the watch, None where it has not."""
        until = self.preferences.snoozes.get((self.chat, self.match.watch))
        return until if until is not None and until > self.match.item.seen else None

    @property
    def is_for_daily_digest(self) -> bool:
        """Say whether it belongs into the chat's digest of the day."""
        return self.priority is Priority.LOW and not self.is_urgent and self.chat in self.preferences.digests

    @property
    def rank(self) -> int:
        """Return its place among the candidates of one item: the most urgent watch of a chat reports it."""
        if self.snoozed_until is not None:
            return 3
        return {Priority.HIGH: 0, Priority.NORMAL: 1, Priority.LOW: 2}[self.priority]


@lru_cache(maxsize=1024)
def record_of(revision: int, *, in_digest: bool = False, watches: tuple[str, ...] = ()) -> DeliveryRecord:
    """Return one value for all equal records: there are many of them."""
    return DeliveryRecord(revision, in_digest, watches)
