"""Stories that a person puts together or takes apart: the desk does as it is told, and the messages follow. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from bot.desk.cases import Case, Memory
from bot.desk.decide import Limits, Writer
from bot.desk.facts import kept
from bot.desk.match import match
from bot.desk.stories import MOST_FACTS
from bot.desk.watches import Watchlist
from bot.model import Fact, Hit, Item, Kind, Mark, Order, Priority, Regrouped, Regrouping, Source, Story, Wishes

_SPLIT = "made a story of its own by a person"


def regroup(asked: Regrouping, watchlist: Watchlist, memory: Memory, limits: Limits, wishes: Wishes) -> Regrouped:
    """Return what comes of what a person said of a story. `memory` is of no use afterwards: it is learnt anew.

    A story of one report cannot be taken apart, and nothing comes of it; nor when the report has left the story.
    """
    if asked.akin is not None:
        return _join(asked, asked.akin, watchlist, memory, wishes)
    apart = next((item for item in asked.items if item.id == asked.report), None)
    if apart is None or len(asked.items) < 2:
        return Regrouped(asked)
    return _split(asked, apart, watchlist, Writer(memory, limits), wishes)


def _join(asked: Regrouping, into: Story, watchlist: Watchlist, memory: Memory, wishes: Wishes) -> Regrouped:
    """Put all reports into the story that was there first."""
    gone = asked.story
    sources = tuple(sorted((*into.sources, *gone.sources), key=lambda source: (source.at, source.item_id)))
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
    rest = replace(asked.story, facts=_facts(others, watchlist, memory) or asked.story.facts, sources=left)
    memory.last_story += 1
    own = Story(memory.last_story, _facts([apart], watchlist, memory), (_alone(source),))
    matched = match(apart, watchlist, memory.stories.familiar)
    hits = [hit for hit in matched.hits if hit.background is None]
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
    """Return the changes of the messages that tell the first of some stories from now on, but where it is muted."""
    orders: dict[str, Order | None] = {}
    for number in stories:
        for (chat, story), told in sorted(asked.told.items()):
            if story == number and not told.in_digest and chat not in orders:
                order = Order(chat, stories[0], Kind.EDIT, told.revision + 1, Priority.NORMAL)
                orders[chat] = None if wishes.marks.get((chat, story)) is Mark.MUTED else order
    return tuple(order for _, order in sorted(orders.items()) if order is not None)


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
