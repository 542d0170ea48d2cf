"""Alert, update, reply, digest, or the reason for silence. Pure.

Every item ends in one decision for each watch and chat that wants it, or in one for nobody; each with its
reason. A new reason for silence is one function and one line in `RULES`.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.alerts.candidates import Candidate, Deferral, StoryMemory, by_preference, record_of
from bot.core.model import (
    OWNER,
    Action,
    Batch,
    Decision,
    DigestLine,
    Item,
    Mark,
    Match,
    MessageKind,
    MessageOrder,
    NearMiss,
    Preferences,
    Priority,
    Story,
)
from bot.core.text import one_line
from bot.events.outlets import Title
from bot.stories.developments import developments, heard
from bot.stories.language import language
from bot.stories.report import Grouping
from bot.stories.sources import is_source_of
from bot.watches.match import Matched, match_item
from bot.watches.watchlist import Watch, Watchlist

__all__ = [
    "FIRST_POLL",
    "LATE",
    "NOBODY",
    "RULES",
    "UNWANTED",
    "BatchWriter",
    "Limits",
    "StoryMemory",
    "decide_items",
    "laid_aside",
]

NOBODY = ""  # the watch and chat of an item that no watch wants
FIRST_POLL = "first poll of this feed: what stood there before is no news"
LATE = "old news: it is dated from before this feed was read, and came in with other old items"
UNWANTED = "no watch matched"
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a chat is told."""

    per_hour: int = 30  # stories; what goes over is told in one line of a digest


Rule = Callable[[Candidate], str | None]


def muted(candidate: Candidate) -> str | None:
    """Silence a story of which a chat wants to hear nothing more."""
    return "this chat muted the story" if candidate.mark is Mark.MUTED else None


def read_before(candidate: Candidate) -> str | None:
    """Silence an item that changed after the watch had matched it, unless its headline did."""
    before = candidate.memory.matched.get((candidate.match.item.id, candidate.match.watch))
    if before == candidate.story.id and not candidate.is_changed:
        return "the item was edited after this watch had matched it"
    return None


def told_by_another_watch(candidate: Candidate) -> str | None:
    """Silence the second watch of one chat for one item."""
    other = candidate.memory.decided.get(candidate.chat)
    return f'told by the watch "{candidate.called(other)}"' if other is not None else None


def outlet_is_listed(candidate: Candidate) -> str | None:
    """Silence an outlet that repeats a story it has told already, and adds nothing to it."""
    if candidate.told is None or (candidate.told.in_digest and not _is_told_by_digest(candidate)):
        return None
    if candidate.is_listed and not candidate.is_changed and not candidate.news:
        return "the story is told already, and this outlet is among its sources"
    return None


def stands_in_a_digest(candidate: Candidate) -> str | None:
    """Silence what adds nothing to a story that stands in a digest, unless this watch tells it at once."""
    if candidate.told is None or not candidate.told.in_digest or candidate.news or not _is_told_by_digest(candidate):
        return None
    if candidate.told.watches:
        return "the story stands in a digest already"
    return "the story stands in a digest, for it went over the cap of this chat"


def _is_told_by_digest(candidate: Candidate) -> bool:
    """Say whether a line in a digest is enough for a watch: its own line, or one that it would not go before."""
    assert candidate.told is not None
    if (
        candidate.match.watch in candidate.told.watches
        or candidate.snoozed_until is not None
        or candidate.waits_for_the_day
    ):
        return True
    return not candidate.told.watches and not candidate.is_urgent


# Order matters: the first rule that gives a reason decides.
RULES: tuple[Rule, ...] = (muted, read_before, told_by_another_watch, outlet_is_listed, stands_in_a_digest)


def decide_items(
    items: Sequence[Item],
    watchlist: Watchlist,
    memory: StoryMemory,
    limits: Limits | None = None,
    preferences: Preferences | None = None,
) -> Batch:
    """Decide about items in their order; the same items after the same past give the same decisions."""
    writer = BatchWriter(memory, limits or Limits())
    preferences = preferences or Preferences()
    for item in items:
        memory.expire(item.seen)
        if item.is_backfill:
            writer.silence(item, LATE if item.is_late_arrival else FIRST_POLL)
            continue
        matched = match_item(item, watchlist, memory.stories.familiar)
        if matched.near_miss is not None:
            writer.near_misses.append(matched.near_miss)
        if not matched.matches:
            writer.silence(item, UNWANTED)
            continue
        news = [match for match in matched.matches if match.background is None]
        for match in matched.matches:
            if match.background is not None:
                writer.pass_over(match, watchlist.by_name[match.watch])
        if news:
            _tell(item, matched, news, watchlist, writer, preferences)
    return writer.batch(items)


def laid_aside(item: Item, bug: str) -> Batch:
    """Return what becomes of an item that a bug keeps from being decided about: the owner reads it unsorted."""
    reason = f"Tipoff has a bug ({bug}): the owner was told of this item as it stands"
    text = (
        f"Tipoff has a bug and could not read this ({bug}); please report it:\n{one_line(item.title)}\n{item.url or ''}"
    )
    # below zero, where no story is
    order = MessageOrder(OWNER, -item.id, MessageKind.NOTICE, item.edits, Priority.HIGH, text)
    decision = Decision(item.id, NOBODY, NOBODY, Action.SILENT, reason)
    return Batch(done=(item,), matches=(), stories=(), decisions=(decision,), orders=(order,))


def _tell(
    item: Item,
    matched: Matched,
    news: Sequence[Match],
    watchlist: Watchlist,
    writer: "BatchWriter",
    preferences: Preferences,
) -> None:
    """Decide about an item that is news to somebody."""
    memory = writer.memory
    memory.decided.clear()
    placed = _place(item, matched, news, memory)
    writer.stories[placed.story.id] = placed.story
    writer.matches += [(match, placed.story.id) for match in news]
    candidates = [
        Candidate(
            match,
            chat,
            placed.story,
            placed.is_listed,
            placed.is_changed,
            placed.news,
            placed.why,
            memory,
            preferences,
            watchlist.by_name[match.watch].priority,
        )
        for match in news
        for chat in watchlist.by_name[match.watch].to
    ]
    for candidate in sorted(candidates, key=lambda candidate: candidate.turn):
        writer.decide(candidate)
    for match in news:
        memory.matched.setdefault((item.id, match.watch), placed.story.id)


@dataclass(frozen=True, slots=True)
class _Placed:
    story: Story
    is_listed: bool
    is_changed: bool
    news: tuple[str, ...]
    why: str


def _place(item: Item, matched: Matched, matches: Sequence[Match], memory: StoryMemory) -> _Placed:
    """Return the item's story, with the item among its sources, and what the item adds to it."""
    stories = memory.stories
    report = stories.report(item, matched.events)
    before = next((memory.matched[item.id, h.watch] for h in matches if (item.id, h.watch) in memory.matched), None)
    known = stories.get(before) if before is not None else None
    found = stories.find(report) if known is None else Grouping(known, "the item was in it before")
    said = heard(found.about, report, language()) if found.story is None and found.about is not None else ()
    if said:
        # it is told, so that the doubt hides nothing
        found = Grouping(found.about, "it says something new of what is told there")
    if found.story is None:
        memory.last_story += 1
        return _Placed(stories.open(memory.last_story, report, found.possible_duplicate), False, False, (), found.why)
    is_listed = is_source_of(found.story, item)
    is_reworded = any(source.item_id == item.id and source.title != item.title for source in found.story.sources)
    is_changed = is_reworded or (is_listed and Title(item.title).is_correction)
    news = said or (developments(found.story, report, language()) if known is None or is_changed else ())
    story = stories.change(found.story, report) if is_changed else stories.add(found.story, report)
    return _Placed(story, is_listed, is_changed, news, found.why)


class BatchWriter:
    """Gathers what a batch commits."""

    def __init__(self, memory: StoryMemory, limits: Limits) -> None:
        self.memory = memory
        self._limits = limits
        self.matches: list[tuple[Match, int]] = []
        self.stories: dict[int, Story] = {}
        self.near_misses: list[NearMiss] = []
        self._decisions: list[Decision] = []
        self._orders: list[MessageOrder] = []

    def silence(self, item: Item, reason: str) -> None:
        """Tell nobody of an item, and remember why."""
        self._decisions.append(Decision(item.id, NOBODY, NOBODY, Action.SILENT, reason))

    def pass_over(self, match: Match, watch: Watch) -> None:
        """Keep silent about an event that is no news, and remember why."""
        for chat in watch.to:
            self._decisions.append(Decision(match.item.id, watch.name, chat, Action.SILENT, match.background or ""))

    def decide(self, candidate: Candidate) -> None:
        """Order what a case asks for, or keep silent; remember why."""
        reason = next((reason for rule in RULES if (reason := rule(candidate)) is not None), None)
        action = Action.SILENT
        if reason is None:
            action, reason = self._order(candidate)
        decision = Decision(
            candidate.match.item.id, candidate.match.watch, candidate.chat, action, reason, candidate.story.id
        )
        self._decisions.append(decision)

    def _order(self, candidate: Candidate) -> tuple[Action, str]:
        """Order the messages that a case asks for."""
        told, outlet = candidate.told, candidate.match.item.outlet
        priority = Priority.HIGH if candidate.is_urgent else candidate.priority
        self.memory.decided[candidate.chat] = candidate.match.watch
        if told is None or told.in_digest:
            if later := self._later(candidate):
                return self._put_off(candidate, later)
            self._note(candidate, MessageKind.ALERT, priority)
            return Action.ALERT, f"a story this chat has not been told: {candidate.why}"
        revision = self._note(candidate, MessageKind.EDIT, candidate.priority)
        if candidate.is_changed and not candidate.news:
            return Action.UPDATE, f"{outlet} changed its headline, or corrects what it said: the message follows"
        if candidate.news and (later := by_preference(candidate)):
            return self._put_off(candidate, later)
        if candidate.news:
            item = candidate.match.item
            text = "\n".join(("; ".join(candidate.news), one_line(item.title), one_line(outlet), item.url or ""))
            self._orders.append(
                MessageOrder(candidate.chat, candidate.story.id, MessageKind.REPLY, revision, priority, text)
            )
            return Action.REPLY, f"the story develops ({candidate.why}): {'; '.join(candidate.news)}"
        return Action.UPDATE, f"{outlet} reports a story that is told already ({candidate.why}): its message grows"

    def _note(self, candidate: Candidate, kind: MessageKind, priority: Priority) -> int:
        revision = 0 if candidate.told is None or candidate.told.in_digest else candidate.told.revision + 1
        self.memory.told.setdefault(candidate.chat, {})[candidate.story.id] = record_of(revision)
        self._orders.append(MessageOrder(candidate.chat, candidate.story.id, kind, revision, priority))
        if kind is MessageKind.ALERT:
            self._of_this_hour(candidate).append(candidate.match.item.seen)
        return revision

    def _later(self, candidate: Candidate) -> Deferral | None:
        """Return when a story is told that is not told now."""
        over = not candidate.is_urgent and len(self._of_this_hour(candidate)) >= self._limits.per_hour
        return by_preference(candidate) or (_at_the_hour(candidate.match.item, self._limits.per_hour) if over else None)

    def _of_this_hour(self, candidate: Candidate) -> deque[datetime]:
        told = self.memory.alerts.setdefault(candidate.chat, deque())
        while told and candidate.match.item.seen - told[0] >= _HOUR:
            told.popleft()
        return told

    def _put_off(self, candidate: Candidate, later: Deferral) -> tuple[Action, str]:
        """Tell a story, or what is new in it, in one line of a digest."""
        item, told = candidate.match.item, candidate.told
        watches = (candidate.match.watch,) if later.is_preference else ()
        if told is None or told.in_digest:
            known = None if told is None else told.watches
            stands = tuple(sorted({*watches, *(known or ())})) if watches and known != () else ()
            self.memory.told.setdefault(candidate.chat, {})[candidate.story.id] = record_of(
                0, in_digest=True, watches=stands
            )
        line = DigestLine(
            one_line(item.title),
            one_line(item.outlet),
            item.url,
            later.remark,
            "" if told is None else "; ".join(candidate.news),
            candidate.story.event_keys[0].kind if candidate.story.event_keys else "",
            watches,
        )
        order = MessageOrder(
            candidate.chat,
            candidate.story.id,
            MessageKind.DIGEST,
            0,
            candidate.priority,
            line=line,
            not_before=later.due,
        )
        self._orders.append(order)
        return Action.DIGEST, later.reason

    def batch(self, items: Sequence[Item]) -> Batch:
        """Return what was decided, about these items."""
        return Batch(
            done=tuple(items),
            matches=tuple(self.matches),
            stories=tuple(self.stories.values()),
            decisions=tuple(self._decisions),
            orders=tuple(self._orders),
            near_misses=tuple(self.near_misses),
        )


def _at_the_hour(item: Item, per_hour: int) -> Deferral:
    """Return that a story is told in the digest that ends the hour."""
    hour = item.seen.replace(minute=0, second=0, microsecond=0) + _HOUR
    reason = f"over the cap of {per_hour} stories an hour: told in one line at {hour:%H:%M} UTC"
    return Deferral(hour, "over the cap of this hour", reason, is_preference=False)
