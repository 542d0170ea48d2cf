"""The place of an item among the stories: the one that it joins or opens, and what it adds to it. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.core.model import Event, Item, Story
from bot.events.outlets import Title
from bot.stories.developments import developments, developments_in_doubt
from bot.stories.grouping import LiveStories
from bot.stories.language import story_language
from bot.stories.report import Grouping
from bot.stories.sources import is_source_of


@dataclass(frozen=True, slots=True)
class Placement:
    """An item in its story, with the reason.

    `is_listed`: the story had its outlet before; `is_changed`: the headline of a source is another one now;
    `news`: what is new in the story by it.
    """

    story: Story
    why: str
    is_listed: bool = False
    is_changed: bool = False
    news: tuple[str, ...] = ()


def place(item: Item, events: Sequence[Event], stories: LiveStories, new: int, before: int | None = None) -> Placement:
    """Put an item into its story, or into a new one with the id `new`; `before` is the story it was in already."""
    language = story_language()
    report = stories.report(item, events)
    known = stories.get(before) if before is not None else None
    found = stories.group(report) if known is None else Grouping(known, "the item was in it before")
    said: tuple[str, ...] = ()
    if found.story is None and found.about is not None:
        said = developments_in_doubt(found.about, report, language)
    if said:
        # it is sent, so the doubt hides no news
        found = Grouping(found.about, "it says something new of what is told there")
    if found.story is None:
        return Placement(stories.open(new, report, found.possible_duplicate), found.why)
    is_listed = is_source_of(found.story, item)
    is_reworded = any(source.item_id == item.id and source.title != item.title for source in found.story.sources)
    is_changed = is_reworded or (is_listed and Title(item.title).is_correction)
    news = said or (developments(found.story, report, language) if known is None or is_changed else ())
    story = stories.change(found.story, report) if is_changed else stories.add(found.story, report)
    return Placement(story, found.why, is_listed, is_changed, news)
