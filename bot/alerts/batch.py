"""What a batch commits: each candidate ends in one decision, and in the messages that it orders. Pure."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.alerts.candidates import Candidate, StoryMemory, record_of
from bot.alerts.deferrals import HOUR, Deferral, by_preference, over_the_cap
from bot.alerts.rules import RULES, first_reason
from bot.core.model import (
    Action,
    Batch,
    Decision,
    DigestLine,
    Item,
    Match,
    MessageOrder,
    NearMiss,
    Priority,
    ReplyPayload,
    Story,
)
from bot.core.model.outbox import order_alert, order_edit, order_line, order_reply
from bot.core.text import one_line

NOBODY = ""  # the watch and chat of an item that no watch wants


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a chat is sent."""

    per_hour: int = 30  # stories; what goes over is sent in one line of a digest


def silence(item: Item, reason: str, watch: str = NOBODY, chat: str = NOBODY, story: int | None = None) -> Decision:
    """Return the decision that an item stays silent."""
    return Decision(item.id, watch, chat, Action.SILENT, reason, story)


class BatchWriter:
    """Gathers what a batch commits."""

    def __init__(self, memory: StoryMemory, limits: Limits) -> None:
        self.memory = memory
        self._limits = limits
        self.matches: list[tuple[Match, int]] = []
        self.stories: dict[int, Story] = {}
        self.near_misses: list[NearMiss] = []
        self.decisions: list[Decision] = []
        self._orders: list[MessageOrder] = []

    def decide(self, candidate: Candidate) -> None:
        """Decide about a candidate: a rule silences it, or it orders messages."""
        item, watch, story = candidate.match.item, candidate.match.watch, candidate.placement.story.id
        if (reason := first_reason(RULES, candidate)) is not None:
            self.decisions.append(silence(item, reason, watch, candidate.chat, story))
            return
        self.memory.reported_by[candidate.chat] = watch
        action, reason = self._order(candidate)
        self.decisions.append(Decision(item.id, watch, candidate.chat, action, reason, story))

    def _order(self, candidate: Candidate) -> tuple[Action, str]:
        """Order the messages for a candidate; return what they are, and why."""
        record, outlet, placement = candidate.delivery_record, candidate.match.item.outlet, candidate.placement
        priority = Priority.HIGH if candidate.is_urgent else candidate.priority
        if record is None or record.in_digest:
            if deferral := self._deferral(candidate):
                return self._defer(candidate, deferral)
            self._order_revision(candidate, priority)
            self._alerts_of_hour(candidate).append(candidate.match.item.seen)
            return Action.ALERT, f"a story this chat has not been told: {placement.why}"
        revision = self._order_revision(candidate, candidate.priority)
        if placement.is_changed and not placement.news:
            return Action.UPDATE, f"{outlet} changed its headline, or corrects what it said: the message follows"
        if placement.news and (deferral := by_preference(candidate)):
            return self._defer(candidate, deferral)
        if placement.news:
            item, news = candidate.match.item, "; ".join(placement.news)
            reply = ReplyPayload(news, one_line(item.title), one_line(outlet), item.url or None)
            self._orders.append(order_reply(candidate.chat, placement.story.id, revision, priority, reply))
            return Action.REPLY, f"the story develops ({placement.why}): {news}"
        return Action.UPDATE, f"{outlet} reports a story that is told already ({placement.why}): its message grows"

    def _order_revision(self, candidate: Candidate, priority: Priority) -> int:
        """Order the message of a story, or its edit; return its revision."""
        record, chat, story = candidate.delivery_record, candidate.chat, candidate.placement.story.id
        revision = 0 if record is None or record.in_digest else record.revision + 1
        self.memory.delivery_records.setdefault(chat, {})[story] = record_of(revision)
        order = order_edit(chat, story, revision, priority) if revision else order_alert(chat, story, priority)
        self._orders.append(order)
        return revision

    def _deferral(self, candidate: Candidate) -> Deferral | None:
        """Return when a story is sent, None for now."""
        if deferral := by_preference(candidate):
            return deferral
        is_over = not candidate.is_urgent and len(self._alerts_of_hour(candidate)) >= self._limits.per_hour
        return over_the_cap(candidate.match.item, self._limits.per_hour) if is_over else None

    def _alerts_of_hour(self, candidate: Candidate) -> deque[datetime]:
        times = self.memory.alert_times.setdefault(candidate.chat, deque())
        while times and candidate.match.item.seen - times[0] >= HOUR:
            times.popleft()
        return times

    def _defer(self, candidate: Candidate, deferral: Deferral) -> tuple[Action, str]:
        """Order a line of a digest for a story, or for what is new in it."""
        item, record, story = candidate.match.item, candidate.delivery_record, candidate.placement.story
        watches = (candidate.match.watch,) if deferral.is_preference else ()
        if record is None or record.in_digest:
            known = None if record is None else record.watches
            # a line for the whole chat stays one
            lines_of = tuple(sorted({*watches, *(known or ())})) if watches and known != () else ()
            self.memory.delivery_records.setdefault(candidate.chat, {})[story.id] = record_of(
                0, in_digest=True, watches=lines_of
            )
        line = DigestLine(
            one_line(item.title),
            one_line(item.outlet),
            item.url,
            deferral.remark,
            "" if record is None else "; ".join(candidate.placement.news),
            story.event_keys[0].kind if story.event_keys else "",
            watches,
        )
        self._orders.append(order_line(candidate.chat, story.id, line, deferral.due, candidate.priority))
        return Action.DIGEST, deferral.reason

    def batch(self, items: Sequence[Item]) -> Batch:
        """Return what was decided about these items."""
        return Batch(
            done=tuple(items),
            matches=tuple(self.matches),
            stories=tuple(self.stories.values()),
            decisions=tuple(self.decisions),
            orders=tuple(self._orders),
            near_misses=tuple(self.near_misses),
        )
