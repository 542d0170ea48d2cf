"""One hit on its way to one chat: what the desk knows of it, and what the chat wants. Pure."""

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

from bot.desk.stories import Stories
from bot.model import Hit, Mark, Priority, Story, Telling, Wishes, next_at


@dataclass(slots=True)
class Memory:
    """What the desk knows; changes as it decides."""

    stories: Stories
    last_story: int = 0
    told: dict[str, dict[int, Telling]] = field(default_factory=dict)  # chat → story
    alerts: dict[str, deque[datetime]] = field(default_factory=dict)  # chat → when it was told of a story
    matched: dict[tuple[int, str], int] = field(default_factory=dict)  # (item, watch) → story
    decided: dict[str, str] = field(default_factory=dict)  # chat → the watch that told it of the item at hand

    def expire(self, now: datetime) -> None:
        """Forget what lies too far back to be asked for."""
        for story in self.stories.expire(now):
            for told in self.told.values():
                told.pop(story, None)


@dataclass(frozen=True, slots=True)
class Case:
    """One hit on its way to one chat. `is_listed`: the story had this outlet before; `news`: what is new in it."""

    hit: Hit
    chat: str
    story: Story
    is_listed: bool
    is_changed: bool
    news: tuple[str, ...]
    why: str
    memory: Memory
    wishes: Wishes = field(default_factory=Wishes)
    priority: Priority = Priority.NORMAL  # of the watch

    @property
    def told(self) -> Telling | None:
        """Return what the chat has been told of the story."""
        told = self.memory.told.get(self.chat, {}).get(self.story.id)
        if told is not None and told.in_digest and (self.chat, self.story.id) in self.wishes.shown:
            return telling(0)
        return told

    @property
    def mark(self) -> Mark:
        """Return what the chat made of the story."""
        return self.wishes.marks.get((self.chat, self.story.id), Mark.NONE)

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
        until = self.wishes.snoozes.get((self.chat, self.hit.watch))
        return until if until is not None and until > self.hit.item.seen else None

    @property
    def waits_for_the_day(self) -> bool:
        """Say whether it belongs into the chat's digest of the day."""
        return self.priority is Priority.LOW and not self.is_urgent and self.chat in self.wishes.digests

    @property
    def turn(self) -> int:
        """Return its place among the cases of one item: the watch of a chat that speaks loudest tells it."""
        if self.snoozed_until is not None:
            return 3
        return {Priority.HIGH: 0, Priority.NORMAL: 1, Priority.LOW: 2}[self.priority]


@lru_cache(maxsize=1024)
def telling(revision: int, *, in_digest: bool = False, watches: tuple[str, ...] = ()) -> Telling:
    """Return one value for all that were told as much: there are many of them."""
    return Telling(revision, in_digest, watches)


@dataclass(frozen=True, slots=True)
class Later:
    """When something is told that is not told now, and why; `is_wish`: the chat wants it so of this watch."""

    due: datetime
    remark: str
    reason: str
    is_wish: bool


def by_wish(case: Case) -> Later | None:
    """Return when a chat wants to hear of what a snoozed watch, or one of low priority, finds."""
    if (until := case.snoozed_until) is not None:
        reason = f"the watch is snoozed until {until:%Y-%m-%d %H:%M} UTC: told in one line then"
        return Later(until, f"while the watch “{case.called(case.hit.watch)}” was snoozed", reason, is_wish=True)
    if case.waits_for_the_day:
        hour, zone = case.wishes.digests[case.chat]
        due = next_at(hour, zone, case.hit.item.seen)
        reason = f"low priority: told in the digest of {due.astimezone(zone):%Y-%m-%d %H:%M} ({zone.key})"
        return Later(due, "", reason, is_wish=True)
    return None
