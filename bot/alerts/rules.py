"""Why something stays silent: each reason is one function and one line in a table. Pure.

An item meets the tables in their order: before any watch is asked, after all were, for each match, and for each chat
of a match. In each, the first rule that gives a reason decides.
"""

from collections.abc import Callable, Iterable
from typing import TypeVar

from bot.alerts.candidates import Candidate
from bot.core.model import Item, Mark, Match
from bot.watches.match import Matched

FIRST_POLL = "first poll of this feed: what stood there before is no news"
LATE = "old news: it is dated from before this feed was read, and came in with other old items"
UNWANTED = "no watch matched"

T = TypeVar("T")
Rule = Callable[[T], str | None]


def first_reason(rules: Iterable[Rule[T]], value: T) -> str | None:
    """Return the reason of the first rule that has one, None to go on."""
    return next((reason for rule in rules if (reason := rule(value)) is not None), None)


def late_arrival(item: Item) -> str | None:
    """Silence an item that is older than its feed's first poll and came in later, with other old ones."""
    return LATE if item.is_backfill and item.is_late_arrival else None


def backfill(item: Item) -> str | None:
    """Silence what stood in a feed before its first poll."""
    return FIRST_POLL if item.is_backfill else None


def unwanted(matched: Matched) -> str | None:
    """Silence an item that no watch wants."""
    return None if matched.matches else UNWANTED


def background(match: Match) -> str | None:
    """Silence a match whose event is no news."""
    return match.background


def muted(candidate: Candidate) -> str | None:
    """Silence a story that the chat muted."""
    return "this chat muted the story" if candidate.mark is Mark.MUTED else None


def edited_after_match(candidate: Candidate) -> str | None:
    """Silence an item that was edited after the watch had matched it, unless its headline is another one."""
    before = candidate.memory.matched.get((candidate.match.item.id, candidate.match.watch))
    if before == candidate.placement.story.id and not candidate.placement.is_changed:
        return "the item was edited after this watch had matched it"
    return None


def reported_by_another_watch(candidate: Candidate) -> str | None:
    """Silence the second watch of one chat for one item."""
    other = candidate.memory.reported_by.get(candidate.chat)
    return f'told by the watch "{candidate.name_of(other)}"' if other is not None else None


def outlet_is_listed(candidate: Candidate) -> str | None:
    """Silence an outlet that repeats a story that the chat was sent with it, and adds nothing to it."""
    record, placement = candidate.delivery_record, candidate.placement
    if record is None or (record.in_digest and not _digest_is_enough(candidate)):
        return None
    if placement.is_listed and not placement.is_changed and not placement.news:
        return "the story is told already, and this outlet is among its sources"
    return None


def stands_in_a_digest(candidate: Candidate) -> str | None:
    """Silence what adds nothing to a story in a digest, unless this watch sends it at once."""
    record = candidate.delivery_record
    if record is None or not record.in_digest or candidate.placement.news or not _digest_is_enough(candidate):
        return None
    if record.watches:
        return "the story stands in a digest already"
    return "the story stands in a digest, for it went over the cap of this chat"


def _digest_is_enough(candidate: Candidate) -> bool:
    """Say whether the line in a digest is enough for a watch: it is the watch's own, or the watch is not urgent."""
    record = candidate.delivery_record
    assert record is not None
    if candidate.match.watch in record.watches or candidate.snoozed_until is not None or candidate.is_for_daily_digest:
        return True
    return not record.watches and not candidate.is_urgent


# Order matters: the first rule that gives a reason decides.
ITEM_RULES: tuple[Rule[Item], ...] = (late_arrival, backfill)
MATCHED_RULES: tuple[Rule[Matched], ...] = (unwanted,)
MATCH_RULES: tuple[Rule[Match], ...] = (background,)
RULES: tuple[Rule[Candidate], ...] = (
    muted,
    edited_after_match,
    reported_by_another_watch,
    outlet_is_listed,
    stands_in_a_digest,
)


def failed(bug: str) -> str:
    """Return the reason for an item that a bug kept from being decided about: no rule could be asked."""
    return f"Tipoff has a bug ({bug}): the owner was told of this item as it stands"
