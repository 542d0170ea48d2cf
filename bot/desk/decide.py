"""Alert, update, or the reason for silence. Pure.

Every item ends in one decision for each watch and chat that wants it, or in one for nobody; each with its
reason. A new reason for silence is one function and one line in `RULES`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from bot.desk.match import match
from bot.desk.stories import add_source, find_story, is_source_of, open_story
from bot.desk.watches import Watch, Watchlist
from bot.model import Action, Batch, Decision, Hit, Item, Kind, Miss, Order, Story

NOBODY = ""  # the watch and chat of an item that no watch wants
FIRST_POLL = "first poll of this feed: what stood there before is no news"
LATE = "old news: it is dated from before this feed was read, and came in with other old items"
UNWANTED = "no watch matched"


@dataclass(slots=True)
class Memory:
    """What the desk knows while it works through a batch; changes as it decides."""

    stories: dict[int, Story]
    last_story: int
    revisions: dict[tuple[str, int], int]  # (chat, story) → the highest revision ordered
    matched: dict[tuple[int, str], int]  # (item, watch) → story
    decided: dict[tuple[int, str], str] = field(default_factory=dict)  # (item, chat) → the watch that told it


@dataclass(frozen=True, slots=True)
class Case:
    """One hit on its way to one chat. `is_listed`: the story had this outlet before."""

    hit: Hit
    chat: str
    story: Story
    is_listed: bool
    memory: Memory


Rule = Callable[[Case], str | None]


def read_before(case: Case) -> str | None:
    """Silence an item that changed after the watch had matched it."""
    if (case.hit.item.id, case.hit.watch) in case.memory.matched:
        return "the item was edited after this watch had matched it"
    return None


def told_by_another_watch(case: Case) -> str | None:
    """Silence the second watch of one chat for one item."""
    other = case.memory.decided.get((case.hit.item.id, case.chat))
    return f'told by the watch "{other}"' if other is not None else None


def outlet_is_listed(case: Case) -> str | None:
    """Silence an outlet that repeats a story it has told already."""
    if case.is_listed and (case.chat, case.story.id) in case.memory.revisions:
        return "the story is told already, and this outlet is among its sources"
    return None


# Order matters: the first rule that gives a reason decides.
RULES: tuple[Rule, ...] = (read_before, told_by_another_watch, outlet_is_listed)


def decide_items(items: Sequence[Item], watchlist: Watchlist, memory: Memory, window: timedelta) -> Batch:
    """Decide about items in their order; the same items after the same past give the same decisions."""
    writer = _Writer(memory)
    for item in items:
        if item.baseline:
            writer.silence(item, LATE if item.late else FIRST_POLL)
            continue
        matched = match(item, watchlist)
        if matched.miss is not None:
            writer.misses.append(matched.miss)
        if hits := matched.hits:
            news = [hit for hit in hits if hit.background is None]
            for hit in hits:
                if hit.background is not None:
                    writer.pass_over(hit, watchlist.by_name[hit.watch])
            if not news:
                continue
            story, is_listed = _place(item, news, memory, window, writer)
            for hit in news:
                watch = watchlist.by_name[hit.watch]
                writer.hits.append((hit, story.id))
                for chat in watch.to:
                    writer.decide(Case(hit, chat, story, is_listed, memory), watch)
                memory.matched[item.id, hit.watch] = story.id
        else:
            writer.silence(item, UNWANTED)
    return writer.batch(items)


def _place(item: Item, hits: Sequence[Hit], memory: Memory, window: timedelta, writer: "_Writer") -> tuple[Story, bool]:
    """Return the item's story, with the item among its sources, and whether its outlet was there before."""
    before = next((memory.matched[item.id, h.watch] for h in hits if (item.id, h.watch) in memory.matched), None)
    story = memory.stories.get(before) if before else None
    story = story or find_story(item, hits, memory.stories.values(), window)
    is_listed = story is not None and is_source_of(story, item)
    if story is None:
        memory.last_story += 1
        story = open_story(memory.last_story, item, hits)
    else:
        story = add_source(story, item)
    memory.stories[story.id] = writer.stories[story.id] = story
    return story, is_listed


class _Writer:
    """Gathers what a batch commits."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self.hits: list[tuple[Hit, int]] = []
        self.stories: dict[int, Story] = {}
        self.misses: list[Miss] = []
        self._decisions: list[Decision] = []
        self._orders: list[Order] = []

    def silence(self, item: Item, reason: str) -> None:
        self._decisions.append(Decision(item.id, NOBODY, NOBODY, Action.SILENT, reason))

    def pass_over(self, hit: Hit, watch: Watch) -> None:
        """Keep silent about an event that is no news, and remember why."""
        for chat in watch.to:
            self._decisions.append(Decision(hit.item.id, watch.name, chat, Action.SILENT, hit.background or ""))

    def decide(self, case: Case, watch: Watch) -> None:
        reason = next((reason for rule in RULES if (reason := rule(case)) is not None), None)
        action = Action.SILENT
        if reason is None:
            action, reason = self._order(case, watch)
        decision = Decision(case.hit.item.id, watch.name, case.chat, action, reason, case.story.id)
        self._decisions.append(decision)

    def _order(self, case: Case, watch: Watch) -> tuple[Action, str]:
        key = (case.chat, case.story.id)
        revision = self._memory.revisions.get(key, -1) + 1
        self._memory.revisions[key] = revision
        self._memory.decided[case.hit.item.id, case.chat] = watch.name
        kind = Kind.EDIT if revision else Kind.ALERT
        self._orders.append(Order(case.chat, case.story.id, kind, revision, watch.priority))
        if revision:
            return Action.UPDATE, f"{case.hit.item.outlet} reports a story that is told already: its message grows"
        return Action.ALERT, "a story this chat has not been told"

    def batch(self, items: Sequence[Item]) -> Batch:
        return Batch(
            done=tuple(items),
            hits=tuple(self.hits),
            stories=tuple(self.stories.values()),
            decisions=tuple(self._decisions),
            orders=tuple(self._orders),
            misses=tuple(self.misses),
        )
