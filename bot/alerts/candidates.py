"""One hit on its way to one chat: what the desk knows of it, and what the chat wants. Pure."""

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

from bot.core.model import DeliveryRecord, Mark, Match, Preferences, Priority, Story, next_at
from bot.stories.grouping import LiveStories


@dataclass(slots=True)
class StoryMemory:
    """What the desk knows; changes as it decides."""

    stories: LiveStories
    last_story: int = 0
    told: dict[str, dict[int, DeliveryRecord]] = field(default_factory=dict)  # chat → story
    alerts: dict[str, deque[datetime]] = field(default_factory=dict)  # chat → when it was told of a story
    matched: dict[tuple[int, str], int] = field(default_factory=dict)  # (item, watch) → story
    decided: dict[str, str] = field(default_factory=dict)  # chat → the watch that told it of the item at hand

    def expire(self, now: datetime) -> None:
        """Forget what lies too far back to be asked for."""
        for story in self.stories.expire(now):
            for told in self.told.values():
                told.pop(story, None)


@dataclass(frozen=True, slots=True)
class Candidate:
    """One hit on its way to one chat. `is_listed`: the story had this outlet before; `news`: what is new in it."""

    match: Match
    chat: str
    story: Story
    is_listed: bool
    is_changed: bool
    news: tuple[str, ...]
    why: str
    memory: StoryMemory
    preferences: Preferences = field(default_factory=Preferences)
    priority: Priority = Priority.NORMAL  # of the watch

    @property
    def told(self) -> DeliveryRecord | None:
        """Return what the chat has been told of the story."""
        told = self.memory.told.get(self.chat, {}).get(self.story.id)
        if told is not None and told.in_digest and (self.chat, self.story.id) in self.preferences.shown:
            return record_of(0)
        return told

    @property
    def mark(self) -> Mark:
        """Return what the chat made of the story."""
        return self.preferences.marks.get((self.chat, self.story.id), Mark.NONE)

    def called(self, watch: str) -> str:
        """Return how the chat calls a watch: one that was made in it bears its name inside."""
        return watch.removeprefix(f"{self.chat}/")

    @property
    def is_urgent(self) -> bool:
        """Say whether it is told at any hour, whatever else is told."""
        return self.priority is Priority.HIGH or (self.mark is Mark.FOLLOWED and bool(self.news))

    @property
    def snoozed_until(self) -> datetime | None:
        """Return until when the chat wants to hear of the watch in a digest only."""
        until = self.preferences.snoozes.get((self.chat, self.match.watch))
        return until if until is not None and until > self.match.item.seen else None

    @property
    def waits_for_the_day(self) -> bool:
        """Say whether it belongs into the chat's digest of the day."""
        return self.priority is Priority.LOW and not self.is_urgent and self.chat in self.preferences.digests

    @property
    def turn(self) -> int:
        """Return its place among the cases of one item: the watch of a chat that speaks loudest tells it."""
        if self.snoozed_until is not None:
            return 3
        return {Priority.HIGH: 0, Priority.NORMAL: 1, Priority.LOW: 2}[self.priority]


@lru_cache(maxsize=1024)
def record_of(revision: int, *, in_digest: bool = False, watches: tuple[str, ...] = ()) -> DeliveryRecord:
    """Return one value for all that were told as much: there are many of them."""
    return DeliveryRecord(revision, in_digest, watches)


@dataclass(frozen=True, slots=True)
class Deferral:
    """When something is told that is not told now, and why; `is_preference`: the chat wants it so of this watch."""

    due: datetime
    remark: str
    reason: str
    is_preference: bool


def by_preference(candidate: Candidate) -> Deferral | None:
    """Return when a chat wants to hear of what a snoozed watch, or one of low priority, finds."""
    if (until := candidate.snoozed_until) is not None:
        reason = f"the watch is snoozed until {until:%Y-%m-%d %H:%M} UTC: told in one line then"
        return Deferral(
            until,
            f"while the watch “{candidate.called(candidate.match.watch)}” was snoozed",
            reason,
            is_preference=True,
        )
    if candidate.waits_for_the_day:
        hour, zone = candidate.preferences.digests[candidate.chat]
        due = next_at(hour, zone, candidate.match.item.seen)
        reason = f"low priority: told in the digest of {due.astimezone(zone):%Y-%m-%d %H:%M} ({zone.key})"
        return Deferral(due, "", reason, is_preference=True)
    return None
