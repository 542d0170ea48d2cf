"""The sources of a story: outlets, whom they cite, and which of them print the text of another. Pure."""

from collections.abc import Iterable

from bot.core.model import EventKey, Item, Source, Story
from bot.events.outlets import Title


def source_of(item: Item, event_keys: Iterable[EventKey], story: Story | None) -> Source:
    """Return an item as a source of a story, None for the one that it opens: with whom it cites, and what it says."""
    inside = tuple(source.outlet for source in story.sources) if story is not None else ()
    cited = Title(item.title, item.outlet).credit(item.summary, inside)
    if cited is None and story is not None:
        cited = next((s.credit or s.outlet for s in story.sources if _is_copy(s, item)), None)
    named = any(event_key.is_named for event_key in event_keys)
    denies = any(event_key.certainty == "denied" for event_key in event_keys)
    return Source(item.id, item.outlet, item.owner, item.title, item.url, item.seen, cited, named, is_denial=denies)


def is_source_of(story: Story, item: Item) -> bool:
    """Say whether an item's outlet, or another outlet of its owner, is among the sources of a story."""
    return any(is_by(source, item) for source in story.sources)


def is_by(source: Source, item: Item) -> bool:
    """Say whether a source is of an item's outlet, or of its owner."""
    if source.item_id == item.id:
        return True
    return source.outlet == item.outlet or (source.owner is not None and source.owner == item.owner)


def _is_copy(source: Source, item: Item) -> bool:
    """Say whether two outlets print one text: an agency's, most often. Short headlines may well be equal by chance."""
    ours, theirs = Title(item.title, item.outlet).bare, Title(source.title, source.outlet).bare
    return len(ours) >= 40 and ours.casefold() == theirs.casefold()
