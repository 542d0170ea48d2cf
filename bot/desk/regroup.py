"""Stories that a person puts together or takes apart: the desk does as it is told, and the messages follow. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from bot.desk.cases import Memory, telling
from bot.desk.facts import kept
from bot.desk.match import match
from bot.desk.stories import MOST_FACTS
from bot.desk.watches import Watchlist
from bot.model import Fact, Item, Kind, Order, Priority, Regrouped, Regrouping, Source, Story


def regroup(asked: Regrouping, watchlist: Watchlist, memory: Memory) -> Regrouped:
    """Return what comes of what a person said of a story, and know it from then on.

    A story of one report cannot be taken apart, and nothing comes of it.
    """
    if asked.akin is not None:
        return _join(asked, asked.akin, watchlist, memory)
    return _split(asked, watchlist, memory) if len(asked.story.sources) > 1 else Regrouped(asked)


def _join(asked: Regrouping, into: Story, watchlist: Watchlist, memory: Memory) -> Regrouped:
    """Put all reports into the story that was there first."""
    gone = asked.story
    sources = tuple(sorted((*into.sources, *gone.sources), key=lambda source: (source.at, source.item_id)))
    facts = _facts((*asked.akin_items, *asked.items), watchlist, memory) or kept(into.facts, gone.facts, MOST_FACTS)
    whole = replace(into, facts=facts, sources=sources)
    memory.stories.replace(gone.id, None)
    memory.stories.replace(into.id, whole)
    orders = []
    for chat, told in sorted(memory.told.items()):
        before = told.pop(gone.id, None)
        known = told.get(into.id, before)
        if known is not None and not known.in_digest:
            told[into.id] = telling(known.revision + 1)
            orders.append(Order(chat, into.id, Kind.EDIT, known.revision + 1, Priority.NORMAL))
    moved = tuple((source.item_id, into.id) for source in gone.sources)
    return Regrouped(asked, (whole,), moved, (gone.id, into.id), tuple(orders))


def _split(asked: Regrouping, watchlist: Watchlist, memory: Memory) -> Regrouped:
    """Make a story of its own of the newest report, and tell it to whoever was told of the story it was in."""
    *first, last = asked.story.sources
    rest = replace(
        asked.story, facts=_facts(asked.items[:-1], watchlist, memory) or asked.story.facts, sources=tuple(first)
    )
    memory.last_story += 1
    own = Story(memory.last_story, _facts(asked.items[-1:], watchlist, memory), (_alone(last),))
    memory.stories.replace(rest.id, rest)
    memory.stories.replace(own.id, own)
    orders = []
    for chat, told in sorted(memory.told.items()):
        known = told.get(rest.id)
        if known is not None and not known.in_digest:
            told[rest.id], told[own.id] = telling(known.revision + 1), telling(0)
            orders += [
                Order(chat, rest.id, Kind.EDIT, known.revision + 1, Priority.NORMAL),
                Order(chat, own.id, Kind.ALERT, 0, Priority.NORMAL),
            ]
    return Regrouped(asked, (rest, own), ((last.item_id, own.id),), None, tuple(orders))


def _alone(source: Source) -> Source:
    """Return a report that opens a story: it cites nobody in it."""
    return replace(source, credit=None)


def _facts(items: Sequence[Item], watchlist: Watchlist, memory: Memory) -> tuple[Fact, ...]:
    """Return what reports say has happened."""
    facts: tuple[Fact, ...] = ()
    for report in _each(items, watchlist, memory):
        facts = kept(facts, report, MOST_FACTS)
    return facts


def _each(items: Sequence[Item], watchlist: Watchlist, memory: Memory) -> Iterator[tuple[Fact, ...]]:
    for item in items:
        yield memory.stories.report(item, match(item, watchlist, memory.stories.familiar).events).facts
