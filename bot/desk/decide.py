"""Alert, update, reply, digest, or the reason for silence. Pure.

Every item ends in one decision for each watch and chat that wants it, or in one for nobody; each with its
reason. A new reason for silence is one function and one line in `RULES`.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.desk.cases import Case, Later, Memory, by_wish, telling
from bot.desk.developments import developments, heard
from bot.desk.match import Matched, match
from bot.desk.outlets import is_correction
from bot.desk.report import Found
from bot.desk.sources import is_source_of
from bot.desk.speech import language
from bot.desk.watches import Watch, Watchlist
from bot.model import (
    OWNER,
    Action,
    Batch,
    Decision,
    DigestLine,
    Hit,
    Item,
    Kind,
    Mark,
    Miss,
    Order,
    Priority,
    Story,
    Wishes,
)
from bot.text import one_line

__all__ = [
    "FIRST_POLL",
    "LATE",
    "NOBODY",
    "RULES",
    "UNWANTED",
    "Limits",
    "Memory",
    "Writer",
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


Rule = Callable[[Case], str | None]


def muted(case: Case) -> str | None:
    """Silence a story of which a chat wants to hear nothing more."""
    return "this chat muted the story" if case.mark is Mark.MUTED else None


def read_before(case: Case) -> str | None:
    """Silence an item that changed after the watch had matched it, unless its headline did."""
    before = case.memory.matched.get((case.hit.item.id, case.hit.watch))
    if before == case.story.id and not case.is_changed:
        return "the item was edited after this watch had matched it"
    return None


def told_by_another_watch(case: Case) -> str | None:
    """Silence the second watch of one chat for one item."""
    other = case.memory.decided.get(case.chat)
    return f'told by the watch "{case.called(other)}"' if other is not None else None


def outlet_is_listed(case: Case) -> str | None:
    """Silence an outlet that repeats a story it has told already, and adds nothing to it."""
    if case.told is None or (case.told.in_digest and not _is_told_by_digest(case)):
        return None
    if case.is_listed and not case.is_changed and not case.news:
        return "the story is told already, and this outlet is among its sources"
    return None


def stands_in_a_digest(case: Case) -> str | None:
    """Silence what adds nothing to a story that stands in a digest, unless this watch tells it at once."""
    if case.told is None or not case.told.in_digest or case.news or not _is_told_by_digest(case):
        return None
    if case.told.watches:
        return "the story stands in a digest already"
    return "the story stands in a digest, for it went over the cap of this chat"


def _is_told_by_digest(case: Case) -> bool:
    """Say whether a line in a digest is enough for a watch: its own line, or one that it would not go before."""
    assert case.told is not None
    if case.hit.watch in case.told.watches or case.snoozed_until is not None or case.waits_for_the_day:
        return True
    return not case.told.watches and not case.is_urgent


# Order matters: the first rule that gives a reason decides.
RULES: tuple[Rule, ...] = (muted, read_before, told_by_another_watch, outlet_is_listed, stands_in_a_digest)


def decide_items(
    items: Sequence[Item],
    watchlist: Watchlist,
    memory: Memory,
    limits: Limits | None = None,
    wishes: Wishes | None = None,
) -> Batch:
    """Decide about items in their order; the same items after the same past give the same decisions."""
    writer = Writer(memory, limits or Limits())
    wishes = wishes or Wishes()
    for item in items:
        memory.expire(item.seen)
        if item.baseline:
            writer.silence(item, LATE if item.late else FIRST_POLL)
            continue
        matched = match(item, watchlist, memory.stories.familiar)
        if matched.miss is not None:
            writer.misses.append(matched.miss)
        if not matched.hits:
            writer.silence(item, UNWANTED)
            continue
        news = [hit for hit in matched.hits if hit.background is None]
        for hit in matched.hits:
            if hit.background is not None:
                writer.pass_over(hit, watchlist.by_name[hit.watch])
        if news:
            _tell(item, matched, news, watchlist, writer, wishes)
    return writer.batch(items)


def laid_aside(item: Item, bug: str) -> Batch:
    """Return what becomes of an item that a bug keeps from being decided about: the owner reads it unsorted."""
    reason = f"Tipoff has a bug ({bug}): the owner was told of this item as it stands"
    text = (
        f"Tipoff has a bug and could not read this ({bug}); please report it:\n{one_line(item.title)}\n{item.url or ''}"
    )
    # below zero, where no story is
    order = Order(OWNER, -item.id, Kind.NOTICE, item.edits, Priority.HIGH, text)
    decision = Decision(item.id, NOBODY, NOBODY, Action.SILENT, reason)
    return Batch(done=(item,), hits=(), stories=(), decisions=(decision,), orders=(order,))


def _tell(
    item: Item, matched: Matched, news: Sequence[Hit], watchlist: Watchlist, writer: "Writer", wishes: Wishes
) -> None:
    """Decide about an item that is news to somebody."""
    memory = writer.memory
    memory.decided.clear()
    placed = _place(item, matched, news, memory)
    writer.stories[placed.story.id] = placed.story
    writer.hits += [(hit, placed.story.id) for hit in news]
    cases = [
        Case(
            hit,
            chat,
            placed.story,
            placed.is_listed,
            placed.is_changed,
            placed.news,
            placed.why,
            memory,
            wishes,
            watchlist.by_name[hit.watch].priority,
        )
        for hit in news
        for chat in watchlist.by_name[hit.watch].to
    ]
    for case in sorted(cases, key=lambda case: case.turn):
        writer.decide(case)
    for hit in news:
        memory.matched.setdefault((item.id, hit.watch), placed.story.id)


@dataclass(frozen=True, slots=True)
class _Placed:
    story: Story
    is_listed: bool
    is_changed: bool
    news: tuple[str, ...]
    why: str


def _place(item: Item, matched: Matched, hits: Sequence[Hit], memory: Memory) -> _Placed:
    """Return the item's story, with the item among its sources, and what the item adds to it."""
    stories = memory.stories
    report = stories.report(item, matched.events)
    before = next((memory.matched[item.id, h.watch] for h in hits if (item.id, h.watch) in memory.matched), None)
    known = stories.get(before) if before is not None else None
    found = stories.find(report) if known is None else Found(known, "the item was in it before")
    said = heard(found.about, report, language()) if found.story is None and found.about is not None else ()
    if said:
        # it is told, so that the doubt hides nothing
        found = Found(found.about, "it says something new of what is told there")
    if found.story is None:
        memory.last_story += 1
        return _Placed(stories.open(memory.last_story, report, found.akin), False, False, (), found.why)
    is_listed = is_source_of(found.story, item)
    is_reworded = any(source.item_id == item.id and source.title != item.title for source in found.story.sources)
    is_changed = is_reworded or (is_listed and is_correction(item.title))
    news = said or (developments(found.story, report, language()) if known is None or is_changed else ())
    story = stories.change(found.story, report) if is_changed else stories.add(found.story, report)
    return _Placed(story, is_listed, is_changed, news, found.why)


class Writer:
    """Gathers what a batch commits."""

    def __init__(self, memory: Memory, limits: Limits) -> None:
        self.memory = memory
        self._limits = limits
        self.hits: list[tuple[Hit, int]] = []
        self.stories: dict[int, Story] = {}
        self.misses: list[Miss] = []
        self._decisions: list[Decision] = []
        self._orders: list[Order] = []

    def silence(self, item: Item, reason: str) -> None:
        """Tell nobody of an item, and remember why."""
        self._decisions.append(Decision(item.id, NOBODY, NOBODY, Action.SILENT, reason))

    def pass_over(self, hit: Hit, watch: Watch) -> None:
        """Keep silent about an event that is no news, and remember why."""
        for chat in watch.to:
            self._decisions.append(Decision(hit.item.id, watch.name, chat, Action.SILENT, hit.background or ""))

    def decide(self, case: Case) -> None:
        """Order what a case asks for, or keep silent; remember why."""
        reason = next((reason for rule in RULES if (reason := rule(case)) is not None), None)
        action = Action.SILENT
        if reason is None:
            action, reason = self._order(case)
        decision = Decision(case.hit.item.id, case.hit.watch, case.chat, action, reason, case.story.id)
        self._decisions.append(decision)

    def _order(self, case: Case) -> tuple[Action, str]:
        """Order the messages that a case asks for."""
        told, outlet = case.told, case.hit.item.outlet
        priority = Priority.HIGH if case.is_urgent else case.priority
        self.memory.decided[case.chat] = case.hit.watch
        if told is None or told.in_digest:
            if later := self._later(case):
                return self._put_off(case, later)
            self._note(case, Kind.ALERT, priority)
            return Action.ALERT, f"a story this chat has not been told: {case.why}"
        revision = self._note(case, Kind.EDIT, case.priority)
        if case.is_changed and not case.news:
            return Action.UPDATE, f"{outlet} changed its headline, or corrects what it said: the message follows"
        if case.news and (later := by_wish(case)):
            return self._put_off(case, later)
        if case.news:
            item = case.hit.item
            text = "\n".join(("; ".join(case.news), one_line(item.title), one_line(outlet), item.url or ""))
            self._orders.append(Order(case.chat, case.story.id, Kind.REPLY, revision, priority, text))
            return Action.REPLY, f"the story develops ({case.why}): {'; '.join(case.news)}"
        return Action.UPDATE, f"{outlet} reports a story that is told already ({case.why}): its message grows"

    def _note(self, case: Case, kind: Kind, priority: Priority) -> int:
        revision = 0 if case.told is None or case.told.in_digest else case.told.revision + 1
        self.memory.told.setdefault(case.chat, {})[case.story.id] = telling(revision)
        self._orders.append(Order(case.chat, case.story.id, kind, revision, priority))
        if kind is Kind.ALERT:
            self._of_this_hour(case).append(case.hit.item.seen)
        return revision

    def _later(self, case: Case) -> Later | None:
        """Return when a story is told that is not told now."""
        over = not case.is_urgent and len(self._of_this_hour(case)) >= self._limits.per_hour
        return by_wish(case) or (_at_the_hour(case.hit.item, self._limits.per_hour) if over else None)

    def _of_this_hour(self, case: Case) -> deque[datetime]:
        told = self.memory.alerts.setdefault(case.chat, deque())
        while told and case.hit.item.seen - told[0] >= _HOUR:
            told.popleft()
        return told

    def _put_off(self, case: Case, later: Later) -> tuple[Action, str]:
        """Tell a story, or what is new in it, in one line of a digest."""
        item, told = case.hit.item, case.told
        watches = (case.hit.watch,) if later.is_wish else ()
        if told is None or told.in_digest:
            known = None if told is None else told.watches
            stands = tuple(sorted({*watches, *(known or ())})) if watches and known != () else ()
            self.memory.told.setdefault(case.chat, {})[case.story.id] = telling(0, in_digest=True, watches=stands)
        line = DigestLine(
            one_line(item.title),
            one_line(item.outlet),
            item.url,
            later.remark,
            "" if told is None else "; ".join(case.news),
            case.story.facts[0].kind if case.story.facts else "",
            watches,
        )
        order = Order(case.chat, case.story.id, Kind.DIGEST, 0, case.priority, line=line, not_before=later.due)
        self._orders.append(order)
        return Action.DIGEST, later.reason

    def batch(self, items: Sequence[Item]) -> Batch:
        """Return what was decided, about these items."""
        return Batch(
            done=tuple(items),
            hits=tuple(self.hits),
            stories=tuple(self.stories.values()),
            decisions=tuple(self._decisions),
            orders=tuple(self._orders),
            misses=tuple(self.misses),
        )


def _at_the_hour(item: Item, per_hour: int) -> Later:
    """Return that a story is told in the digest that ends the hour."""
    hour = item.seen.replace(minute=0, second=0, microsecond=0) + _HOUR
    reason = f"over the cap of {per_hour} stories an hour: told in one line at {hour:%H:%M} UTC"
    return Later(hour, "over the cap of this hour", reason, is_wish=False)
