"""Stories that a person puts together or takes apart: the desk does as it is told, and the messages follow. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from bot.alerts.candidates import Candidate, StoryMemory
from bot.alerts.decide import BatchWriter, Limits
from bot.core.model import (
    EventKey,
    Item,
    Mark,
    Match,
    MessageKind,
    MessageOrder,
    Preferences,
    Priority,
    Regrouped,
    Regrouping,
    Source,
    Story,
    mark_of_both,
)
from bot.stories.event_keys import kept
from bot.stories.grouping import MOST_EVENT_KEYS
from bot.stories.sources import is_by
from bot.watches.match import match_item
from bot.watches.watchlist import Watchlist

_SPLIT = "made a story of its own by a person"


def regroup(
    asked: Regrouping, watchlist: Watchlist, memory: StoryMemory, limits: Limits, preferences: Preferences
) -> Regrouped:
    """Return what comes of what a person said of a story. `memory` is of no use afterwards: it is learnt anew.

    A story of one report cannot be taken apart, and nothing comes of it; nor when the report has left the story.
    """
    for story in (asked.story, asked.possible_duplicate):
        if story is not None:
            memory.stories.replace(story.id, story)  # an old one is known again: its people go by their surnames
    if asked.possible_duplicate is not None:
        return _join(asked, asked.possible_duplicate, watchlist, memory, preferences)
    apart = next((item for item in asked.items if item.id == asked.report), None)
    if apart is None or len(asked.items) < 2:
        return Regrouped(asked)
    return _split(asked, apart, watchlist, BatchWriter(memory, limits), preferences)


def _join(
    asked: Regrouping, into: Story, watchlist: Watchlist, memory: StoryMemory, preferences: Preferences
) -> Regrouped:
    """Put all reports into the story that was there first."""
    gone = asked.story
    # an outlet is named once, as ever
    more = [
        source
        for source, item in zip(gone.sources, asked.items, strict=True)
        if not any(is_by(one, item) for one in into.sources)
    ]
    sources = tuple(sorted((*into.sources, *more), key=lambda source: (source.at, source.item_id)))
    event_keys = _event_keys((*asked.possible_duplicate_items, *asked.items), watchlist, memory) or kept(
        into.event_keys, gone.event_keys, MOST_EVENT_KEYS
    )
    whole = replace(into, event_keys=event_keys, sources=sources)
    moved = tuple((source.item_id, into.id) for source in gone.sources)
    orders = _edits(asked, (into.id, gone.id), preferences)
    return Regrouped(asked, (whole,), moved, (gone.id, into.id), orders)


def _split(
    asked: Regrouping, apart: Item, watchlist: Watchlist, writer: BatchWriter, preferences: Preferences
) -> Regrouped:
    """Make a story of its own of a report; whoever's watches want it is told of it as of any news."""
    memory = writer.memory
    others = [item for item in asked.items if item is not apart]
    left = tuple(source for source in asked.story.sources if source.item_id != apart.id)
    (source,) = (source for source in asked.story.sources if source.item_id == apart.id)
    matched = match_item(apart, watchlist, memory.stories.familiar)
    # what is told now is told by the clock of now
    matches = [
        replace(match, item=replace(apart, seen=asked.at)) for match in matched.matches if match.background is None
    ]
    if not matches:
        return Regrouped(asked)  # no watch wants it any more: it stays where it is shown
    theirs, its = _event_keys(others, watchlist, memory), _event_keys([apart], watchlist, memory)
    rest = replace(asked.story, event_keys=theirs if theirs or its else asked.story.event_keys, sources=left)
    memory.last_story += 1
    own = Story(memory.last_story, its, (_alone(source),))
    memory.decided.clear()
    for candidate in sorted(
        _candidates(matches, own, watchlist, memory, preferences), key=lambda candidate: candidate.turn
    ):
        writer.decide(candidate)
    told = writer.batch(())
    return Regrouped(
        asked,
        (rest, own),
        ((apart.id, own.id),),
        orders=(*_edits(asked, (rest.id,), preferences), *told.orders),
        matches=tuple((match, own.id) for match in matches),
        decisions=told.decisions,
    )


def _candidates(
    matches: Iterable[Match], story: Story, watchlist: Watchlist, memory: StoryMemory, preferences: Preferences
) -> Iterator[Candidate]:
    for match in matches:
        watch = watchlist.by_name[match.watch]
        for chat in watch.to:
            yield Candidate(match, chat, story, False, False, (), _SPLIT, memory, preferences, watch.priority)


def _edits(asked: Regrouping, stories: Sequence[int], preferences: Preferences) -> tuple[MessageOrder, ...]:
    """Return what shows in the messages, at once, that some stories are the first of them; not where all is muted.

    No revision of the story is made by it: those count what outlets report.
    """
    heard: dict[str, list[Mark]] = {}
    for (chat, story), told in sorted(asked.delivery_records.items()):
        if story in stories and not told.in_digest:
            heard.setdefault(chat, []).append(preferences.marks.get((chat, story), Mark.NONE))
    return tuple(
        MessageOrder(chat, stories[0], MessageKind.TOUCH, -asked.id, Priority.NORMAL)
        for chat, marks in heard.items()
        if mark_of_both(marks) is not Mark.MUTED
    )


def _alone(source: Source) -> Source:
    """Return a report that opens a story: it cites nobody in it."""
    return replace(source, credit=None)


def _event_keys(items: Sequence[Item], watchlist: Watchlist, memory: StoryMemory) -> tuple[EventKey, ...]:
    """Return what reports say has happened."""
    event_keys: tuple[EventKey, ...] = ()
    for report in _each(items, watchlist, memory):
        event_keys = kept(event_keys, report, MOST_EVENT_KEYS)
    return event_keys


def _each(items: Sequence[Item], watchlist: Watchlist, memory: StoryMemory) -> Iterator[tuple[EventKey, ...]]:
    for item in items:
        yield memory.stories.report(item, match_item(item, watchlist, memory.stories.familiar).events).event_keys
