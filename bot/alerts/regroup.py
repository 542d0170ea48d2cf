"""Regroups stories: a person joins two or splits off a report, and edits and alerts follow from it. Pure."""

from collections.abc import Sequence
from dataclasses import replace

from bot.alerts.batch import BatchWriter, Limits
from bot.alerts.candidates import StoryMemory
from bot.alerts.decide import candidates_of
from bot.core.model import (
    EventKey,
    Item,
    Mark,
    MessageOrder,
    Preferences,
    Priority,
    Regrouped,
    Regrouping,
    Story,
    mark_of_both,
)
from bot.core.model.outbox import order_touch
from bot.stories.event_keys import merged_event_keys
from bot.stories.placement import Placement
from bot.stories.sources import is_by
from bot.watches.match import match_item
from bot.watches.watchlist import Watchlist

_SPLIT = "made a story of its own by a person"


def regroup(
    regrouping: Regrouping, watchlist: Watchlist, memory: StoryMemory, limits: Limits, preferences: Preferences
) -> Regrouped:
    """Return what comes of a regrouping. `memory` is of no use afterwards: it is built anew from the store.

    A story of one report cannot be split, and nothing comes of it; nor when the report has left the story.
    """
    for story in (regrouping.story, regrouping.possible_duplicate):
        if story is not None:
            memory.stories.replace(story.id, story)  # an old one is live again: its people are known by surname
    if regrouping.possible_duplicate is not None:
        return _join(regrouping, regrouping.possible_duplicate, watchlist, memory, preferences)
    apart = next((item for item in regrouping.items if item.id == regrouping.report), None)
    if apart is None or len(regrouping.items) < 2:
        return Regrouped(regrouping)
    return _split(regrouping, apart, watchlist, BatchWriter(memory, limits), preferences)


def _join(
    regrouping: Regrouping, into: Story, watchlist: Watchlist, memory: StoryMemory, preferences: Preferences
) -> Regrouped:
    """Put all reports into the older story."""
    gone = regrouping.story
    # an outlet is listed once, as ever
    more = [
        source
        for source, item in zip(gone.sources, regrouping.items, strict=True)
        if not any(is_by(one, item) for one in into.sources)
    ]
    sources = tuple(sorted((*into.sources, *more), key=lambda source: (source.at, source.item_id)))
    items = (*regrouping.possible_duplicate_items, *regrouping.items)
    event_keys = _event_keys(items, watchlist, memory) or merged_event_keys(into.event_keys, gone.event_keys)
    joined = replace(into, event_keys=event_keys, sources=sources)
    moved = tuple((source.item_id, into.id) for source in gone.sources)
    orders = _edits(regrouping, (into.id, gone.id), preferences)
    return Regrouped(regrouping, (joined,), moved, (gone.id, into.id), orders)


def _split(
    regrouping: Regrouping, apart: Item, watchlist: Watchlist, writer: BatchWriter, preferences: Preferences
) -> Regrouped:
    """Make a story of a report; it is decided about as any news, for each watch that wants it."""
    memory = writer.memory
    others = [item for item in regrouping.items if item is not apart]
    left = tuple(source for source in regrouping.story.sources if source.item_id != apart.id)
    (source,) = (source for source in regrouping.story.sources if source.item_id == apart.id)
    matched = match_item(apart, watchlist, memory.stories.mentions_in)
    # caps and digests go by the time of now
    matches = [
        replace(match, item=replace(apart, seen=regrouping.at)) for match in matched.matches if match.background is None
    ]
    if not matches:
        return Regrouped(regrouping)  # no watch wants it any more: it stays where it is shown
    theirs, its = _event_keys(others, watchlist, memory), _event_keys([apart], watchlist, memory)
    rest = replace(regrouping.story, event_keys=theirs if theirs or its else regrouping.story.event_keys, sources=left)
    memory.last_story += 1
    own = Story(memory.last_story, its, (replace(source, credit=None),))  # the first source cites none in the story
    memory.reported_by.clear()
    for candidate in candidates_of(matches, Placement(own, _SPLIT), watchlist, memory, preferences):
        writer.decide(candidate)
    decided = writer.batch(())
    return Regrouped(
        regrouping,
        (rest, own),
        ((apart.id, own.id),),
        orders=(*_edits(regrouping, (rest.id,), preferences), *decided.orders),
        matches=tuple((match, own.id) for match in matches),
        decisions=decided.decisions,
    )


def _edits(regrouping: Regrouping, stories: Sequence[int], preferences: Preferences) -> tuple[MessageOrder, ...]:
    """Return orders that change the messages of some stories at once to the first of them; none where all is muted.

    They make no revision of the story: those count what outlets report.
    """
    marks_of: dict[str, list[Mark]] = {}
    for (chat, story), record in sorted(regrouping.delivery_records.items()):
        if story in stories and not record.in_digest:
            marks_of.setdefault(chat, []).append(preferences.marks.get((chat, story), Mark.NONE))
    return tuple(
        order_touch(chat, stories[0], f"regrouping {regrouping.id}", Priority.NORMAL)
        for chat, marks in marks_of.items()
        if mark_of_both(marks) is not Mark.MUTED
    )


def _event_keys(items: Sequence[Item], watchlist: Watchlist, memory: StoryMemory) -> tuple[EventKey, ...]:
    """Return the event keys of some reports together."""
    event_keys: tuple[EventKey, ...] = ()
    for item in items:
        events = match_item(item, watchlist, memory.stories.mentions_in).events
        event_keys = merged_event_keys(event_keys, memory.stories.report(item, events).event_keys)
    return event_keys
