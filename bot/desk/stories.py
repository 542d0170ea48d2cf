"""Which story a hit belongs to: one that is known, or a new one. Pure.

The same page, the same or nearly the same headline, or the same event of the same person within the window
is the same story. In doubt it is a new one: hidden news costs more than a second message.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta

from bot.links import canonical
from bot.model import Hit, Item, Source, Story
from bot.text import fold, words

_NEARLY = 0.8  # share of the words of two headlines that has to be common
_FEWEST = 5  # words; shorter headlines are the same only when they are equal
# "UPDATE 2-", "BREAKING:", "Exclusive |" in front, " - Reuters", " | TechCrunch" behind
_WIRE_PREFIX = re.compile(
    r"^(?:(?:update|wrapup|refile|rpt)\s*\d*\s*-+|(?:breaking|exclusive|updated?)\s*[:|–—-])\s*", re.I
)
_OUTLET_SUFFIX = re.compile(r"\s+[|–—-]\s+([^|–—]{2,40})$")
_NUMBER = re.compile(r"\d")


def find_story(item: Item, hits: Sequence[Hit], stories: Iterable[Story], window: timedelta) -> Story | None:
    """Return the story the item belongs to, the most recent first, or None for a new one."""
    live = [story for story in stories if item.seen - story.last <= window]
    for same in (_same_page, _same_headline, _same_event):
        for story in reversed(live):
            if same(item, hits, story):
                return story
    return None


def open_story(number: int, item: Item, hits: Sequence[Hit]) -> Story:
    """Return a new story that begins with this item."""
    told = next((hit for hit in hits if hit.event), None)
    event, people = (told.event, told.people) if told else (None, ())
    return Story(number, event, people, (_source(item),))


def add_source(story: Story, item: Item) -> Story:
    """Return the story with one more outlet, or the same story when that outlet, or its owner, is in it already."""
    if is_source_of(story, item):
        return story
    return replace(story, sources=(*story.sources, _source(item)))


def is_source_of(story: Story, item: Item) -> bool:
    """Say whether an item's outlet, or another of the same owner, reports the story already."""
    return any(
        source.outlet == item.outlet or (source.owner is not None and source.owner == item.owner)
        for source in story.sources
    )


def _source(item: Item) -> Source:
    return Source(item.id, item.outlet, item.owner, item.title, item.url, item.seen)


def _same_page(item: Item, hits: Sequence[Hit], story: Story) -> bool:
    """Say whether another outlet links the page of the story; one outlet may tell many things on one page."""
    page = canonical(item.url or "")
    if not page or is_source_of(story, item):
        return False
    return any(source.url and canonical(source.url) == page for source in story.sources)


def _same_headline(item: Item, hits: Sequence[Hit], story: Story) -> bool:
    headline = words(bare_headline(item.title, item.outlet))
    return any(_alike(headline, words(bare_headline(source.title, source.outlet))) for source in story.sources)


def _alike(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    if one == other:
        return bool(one)
    ours, theirs = set(one), set(other)
    if min(len(ours), len(theirs)) < _FEWEST or any(_NUMBER.search(word) for word in ours ^ theirs):
        # another number is another piece of news: GPT-4 and GPT-5, the 12th and the 13th package
        return False
    return len(ours & theirs) >= _NEARLY * len(ours | theirs)


def bare_headline(title: str, outlet: str) -> str:
    """Return a headline without what a wire or an outlet puts around it."""
    title = _WIRE_PREFIX.sub("", title)
    suffix = _OUTLET_SUFFIX.search(title)
    if suffix and (fold(suffix[1]) in fold(outlet) or fold(outlet) in fold(suffix[1])):
        title = title[: suffix.start()]
    return title


def _same_event(item: Item, hits: Sequence[Hit], story: Story) -> bool:
    """Say whether the item tells the story's event of the story's person; a denial is news of its own."""
    return any(
        hit.event is not None
        and hit.event == story.event
        and hit.certainty != "denied"
        and bool({fold(name) for name in hit.people} & {fold(name) for name in story.people})
        for hit in hits
    )
