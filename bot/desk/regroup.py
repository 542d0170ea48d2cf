"""Stories that a person puts together or takes apart: the desk does as it is told, and the messages follow. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from bot.desk.cases import Case, Memory
from bot.desk.decide import Limits, Writer
from bot.desk.facts import kept
from bot.desk.match import match
from bot.desk.sources import is_by
from bot.desk.stories import MOST_FACTS
from bot.desk.watches import Watchlist
from bot.model import (
    Fact,
    Hit,
    Item,
    Kind,
    Mark,
    Order,
    Priority,
    Regrouped,
    Regrouping,
    Source,
    Story,
    Wishes,
    mark_of_both,
)

_SPLIT = "made a story of its own by a person"


def regroup(asked: Regrouping, watchlist: Watchlist, memory: Memory, limits: Limits, wishes: Wishes) -> Regrouped:
    """Return what comes of what a person said of a story. `memory` is of no use afterwards: it is learnt anew.

    A story of one report cannot be taken apart, and nothing comes of it; nor when the report has left the story.
    """
    for story in (asked.story, asked.akin):
        if story is not None:
            memory.stories.replace(story.id, story)  # an old one is known again: its people go by their surnames
    if asked.akin is not None:
        return _join(asked, asked.akin, watchlist, memory, wishes)
    apart = next((item for item in asked.items if item.id == asked.report), None)
    if apart is None or len(asked.items) < 2:
        return Regrouped(asked)
    return _split(asked, apart, watchlist, Writer(memory, limits), wishes)


def _join(asked: Regrouping, into: Story, watchlist: Watchlist, memory: Memory, wishes: Wishes) -> Regrouped:
    """Put all reports into the story that was there first."""
    gone = asked.story
    # an outlet is named once, as ever
    more = [
        source
        for source, item in zip(gone.sources, asked.items, strict=True)
        if not any(is_by(one, item) for one in into.sources)
    ]
    sources = tuple(sorted((*into.sources, *more), key=lambda source: (source.at, source.item_id)))
    facts = _facts((*asked.akin_items, *asked.items), watchlist, memory) or kept(into.facts, gone.facts, MOST_FACTS)
    whole = replace(into, facts=facts, sources=sources)
    moved = tuple((source.item_id, into.id) for source in gone.sources)
    orders = _edits(asked, (into.id, gone.id), wishes)
    return Regrouped(asked, (whole,), moved, (gone.id, into.id), orders)


def _split(asked: Regrouping, apart: Item, watchlist: Watchlist, writer: Writer, wishes: Wishes) -> Regrouped:
    """Make a story of its own of a report; whoever's watches want it is told of it as of any news."""
    memory = writer.memory
    others = [item for item in asked.items if item is not apart]
    left = tuple(source for source in asked.story.sources if source.item_id != apart.id)
    (source,) = (source for source in asked.story.sources if source.item_id == apart.id)
    matched = match(apart, watchlist, memory.stories.familiar)
    # what is told now is told by the clock of now
    hits = [replace(hit, item=replace(apart, seen=asked.at)) for hit in matched.hits if hit.background is None]
    if not hits:
        return Regrouped(asked)  # no watch wants it any more: it stays where it is shown
    theirs, its = _facts(others, watchlist, memory), _facts([apart], watchlist, memory)
    rest = replace(asked.story, facts=theirs if theirs or its else asked.story.facts, sources=left)
    memory.last_story += 1
    own = Story(memory.last_story, its, (_alone(source),))
    memory.decided.clear()
    for case in sorted(_cases(hits, own, watchlist, memory, wishes), key=lambda case: case.turn):
        writer.decide(case)
    told = writer.batch(())
    return Regrouped(
        asked,
        (rest, own),
        ((apart.id, own.id),),
        orders=(*_edits(asked, (rest.id,), wishes), *told.orders),
        hits=tuple((hit, own.id) for hit in hits),
        decisions=told.decisions,
    )


def _cases(hits: Iterable[Hit], story: Story, watchlist: Watchlist, memory: Memory, wishes: Wishes) -> Iterator[Case]:
    for hit in hits:
        watch = watchlist.by_name[hit.watch]
        for chat in watch.to:
            yield Case(hit, chat, story, False, False, (), _SPLIT, memory, wishes, watch.priority)


def _edits(asked: Regrouping, stories: Sequence[int], wishes: Wishes) -> tuple[Order, ...]:
    """Return what shows in the messages, at once, that some stories are the first of them; not where all is muted.

    No revision of the story is made by it: those count what outlets report.
    """
    heard: dict[str, list[Mark]] = {}
    for (chat, story), told in sorted(asked.told.items()):
        if story in stories and not told.in_digest:
            heard.setdefault(chat, []).append(wishes.marks.get((chat, story), Mark.NONE))
    return tuple(
        Order(chat, stories[0], Kind.TOUCH, -asked.id, Priority.NORMAL)
        for chat, marks in heard.items()
        if mark_of_both(marks) is not Mark.MUTED
    )


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
